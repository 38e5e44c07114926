"""Guess how a word is spoken, as a dictionary teaches.

Each letter of a known word is aligned with the phones that it stands for, none, one or two (`x` is K S), by the alignment
that the whole dictionary makes likeliest. The model is one of runs of such pairs: an n-gram model with interpolated
Kneser-Ney smoothing. A guess is the likeliest run of pairs that spells the word. Source: M. Bisani, H. Ney,
"Joint-sequence models for grapheme-to-phoneme conversion", Speech Communication 50 (2008).
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

BEAM = 24
"""Hypotheses that are kept at each letter."""
MAX_LETTERS = 60
START, END = 0, 1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Level:
    """Runs of one length.

    Attributes:
        keys: Ascending: the place of the run without its last pair, in the level before, times the vocabulary, plus that pair.
        shares: The chance of that last pair by the run alone, without what is left for others.
        rests: By place of the run without its last pair, what is left for what the shorter run says; 0 to 1.
    """

    keys: Ints
    shares: Floats
    rests: Floats


class Guesser:
    """A model of the spellings of one language.

    Args:
        pairs: Letters and the phones that they stand for, numbered from 2 in the runs.
        levels: Runs of one pair, of two, …
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], levels: Sequence[Level]) -> None:
        self._pairs = pairs
        self._levels = levels
        self._size = len(pairs) + 2
        self._choices: dict[str, Ints] = {}
        for pair, (letter, _) in enumerate(pairs, 2):
            self._choices[letter] = np.append(self._choices.get(letter, np.empty(0, np.int64)), pair)

    @classmethod
    def load(cls, path: Path, digest: str) -> Self | None:
        """What `save` wrote to `path`; None where another dictionary than that of `digest` taught it."""
        with np.load(path) as stored:
            if str(stored["digest"]) != digest:
                return None
            pairs = list(zip(stored["letters"].tolist(), stored["phones"].tolist(), strict=True))
            levels = [
                Level(
                    np.cumsum(stored[f"keys{length}"], dtype=np.int64),
                    stored[f"shares{length}"].astype(np.float64),
                    stored[f"rests{length}"].astype(np.float64),
                )
                for length in range(int(stored["order"]))
            ]
        return cls(pairs, levels)

    def save(self, path: Path, digest: str) -> None:
        """Write the model, chances to three digits, and `digest`: of the dictionary that taught it."""
        arrays: dict[str, np.ndarray] = {
            "digest": np.array(digest),
            "order": np.array(len(self._levels)),
            "letters": np.array([letter for letter, _ in self._pairs]),
            "phones": np.array([phones for _, phones in self._pairs]),
        }
        for length, level in enumerate(self._levels):
            arrays[f"keys{length}"] = np.diff(level.keys, prepend=0).astype(np.uint32)
            arrays[f"shares{length}"] = level.shares.astype(np.float16)
            arrays[f"rests{length}"] = level.rests.astype(np.float16)
        np.savez_compressed(path, allow_pickle=False, **arrays)

    def guess(self, word: str) -> str:
        """The phones of `word`, with spaces between; empty where it has no letter of the language."""
        letters = [letter for letter in plain_letters(word, self._choices) if letter in self._choices][:MAX_LETTERS]
        if not letters:
            return ""
        runs = np.full((1, len(self._levels)), -1)
        runs[:, 0] = START
        scores = np.zeros(1)
        trail: list[tuple[Ints, Ints]] = []
        for letter in letters:
            choices = self._choices[letter]
            chances, grown = self._extend(runs, choices)
            all_scores = (scores[:, None] + np.log(chances)).ravel()
            best = np.argsort(-all_scores, kind="stable")[:BEAM]
            scores = all_scores[best]
            runs = grown.reshape(-1, len(self._levels))[best]
            trail.append((best // len(choices), choices[best % len(choices)]))
        chances, _ = self._extend(runs, np.array([END]))
        at = int(np.argmax(scores + np.log(chances[:, 0])))
        phones: list[str] = []
        for before, pairs in reversed(trail):
            phones.append(self._pairs[int(pairs[at]) - 2][1])
            at = int(before[at])
        return " ".join(chunk for chunk in reversed(phones) if chunk)

    def _extend(self, runs: Ints, choices: Ints) -> tuple[Floats, Ints]:
        """The chance of each of `choices` after each of `runs`, and the runs that they make.

        `runs` has for each hypothesis the numbers of its last 1, 2, … pairs among the runs of that length, -1 where they
        were never seen; so has what is returned, for each choice.
        """
        shape = (len(runs), len(choices))
        chances = np.full(shape, 1.0 / self._size)
        grown = np.full((*shape, len(self._levels)), -1)
        for length, level in enumerate(self._levels):
            context = np.zeros(len(runs), np.int64) if length == 0 else runs[:, length - 1]
            known = context[:, None] >= 0
            keys = context[:, None] * self._size + choices[None, :]
            places = np.minimum(np.searchsorted(level.keys, keys), len(level.keys) - 1)
            seen = (level.keys[places] == keys) & known
            mixed = np.where(seen, level.shares[places], 0.0) + level.rests[context][:, None] * chances
            chances = np.where(known, mixed, chances)
            grown[:, :, length] = np.where(seen, places, -1)
        return chances, grown


def plain_letters(word: str, known: Mapping[str, object]) -> Iterator[str]:
    """The letters of `word` in lower case, those that the language does not have without their accents."""
    for letter in unicodedata.normalize("NFC", word.lower()):
        if letter in known:
            yield letter
        else:
            yield from (one for one in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(one))
