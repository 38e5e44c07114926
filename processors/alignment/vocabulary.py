"""Vocabulary: how each word of a transcript may be pronounced, and which words no dictionary has."""

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from processors.alignment.dictionary import Dictionary
from processors.alignment.missing_words import MissingWord
from processors.alignment.passes.script import Passage, Script, ScriptWord, Token
from processors.alignment.transcripts import Utterance
from processors.alignment.words import Word, spoken_words

MOST_UNKNOWN = 0.25
"""Of the words: beyond it the text is of another language than the dictionary."""
LEAST_UNKNOWN = 4
"""So few words that no dictionary has may be names."""

NO_GUESSES: Mapping[str, str] = MappingProxyType({})


class Vocabulary:
    """Looks words up, guesses the others, and counts these.

    Args:
        dictionary: Of the language, with what the client corrected.
        language: BCP 47, by which numbers are read.
        guesses: Pronunciations by word that were guessed before: what a dictionary teaches may take seconds to learn.
    """

    def __init__(self, dictionary: Dictionary, language: str, guesses: Mapping[str, str] = NO_GUESSES) -> None:
        self._dictionary = dictionary
        self._language = language
        self._guesses = dict(guesses)
        self._missing: Counter[str] = Counter()

    @property
    def missing(self) -> list[MissingWord]:
        """The words that no dictionary has, the most frequent first."""
        ranked = sorted(self._missing.items(), key=lambda one: (-one[1], one[0]))
        return [MissingWord(word, count, self._guesses[word]) for word, count in ranked]

    def read(self, utterances: Sequence[Utterance]) -> Script:
        """The script of a transcript."""
        words = [
            self._read_word(word, passage)
            for passage, utterance in enumerate(utterances)
            for word in spoken_words(utterance.text, self._language)
        ]
        return Script(words, [Passage(one.start, one.end, one.speaker) for one in utterances])

    def seems_foreign(self, script: Script) -> float | None:
        """The share of words that are unknown, where it is too large for the language; None elsewhere."""
        first = [word.readings[0] if word.readings else () for word in script.words]
        unknown = sum(not reading or any(map(self._is_missing, reading)) for reading in first)
        share = unknown / len(first) if first else 0.0
        return share if unknown >= LEAST_UNKNOWN and share > MOST_UNKNOWN else None

    def _read_word(self, word: Word, passage: int) -> ScriptWord:
        known = word.known_readings(self._dictionary.__contains__)
        self._missing.update(one for one in known[0] if one not in self._dictionary)
        readings = (tuple(map(self._pronounce, reading)) for reading in known)
        can_be_said = (reading for reading in readings if all(token.pronunciations for token in reading))
        return ScriptWord(word.shown, tuple(can_be_said), passage)

    def _is_missing(self, token: Token) -> bool:
        return token.text not in self._dictionary

    def _pronounce(self, word: str) -> Token:
        if known := self._dictionary.look_up(word):
            return Token(word, known)
        if word not in self._guesses:
            self._guesses[word] = self._dictionary.guess(word)
        guessed = self._guesses[word]
        return Token(word, (guessed,) if guessed else ())
