"""Words of a transcript, and the ways to speak each."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from processors.alignment.numerals import Reading, has_numeral, numeral_readings, symbol_words

MAX_READINGS = 8
MAX_WORD_CHARACTERS = 80
"""Nobody speaks longer words: they are kept as they are, and are found in no dictionary."""
APOSTROPHES = dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02bc\u02b9\u2032\uff07\u00b4`"), "'")
HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\ufe63\uff0d"), "-")
ANNOTATION = re.compile(r"\[[^\[\]\n]{0,80}\]|<[^<>\n]{0,80}>|\{[^{}\n]{0,80}\}")
"""What transcribers put in brackets: noises, laughter, tags of speakers. Nobody says it."""
BREAKS = re.compile(r"[\s\u2012-\u2015\u2026|_]+|--+|\.{2,}|(?<=[^\W\d])[/\\](?=[^\W\d])")
"""Between words: white space, dashes, dots, and the slash of "and/or"."""
EDGES = re.compile(r"^[^\w'&%@#+=°$€£¥-]+|[^\w'&%@#+=°$€£¥.]+$")
"""Punctuation around a word; apostrophes, full stops and signs are looked at more closely."""
UNFOLDED = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ı": "i", "ŋ": "ng"}
"""Letters that no Unicode decomposition makes plain."""
ELISION = re.compile(r"(?P<first>[^\W\d_]{1,6}')(?P<rest>[^\W\d_].*)")
ELIDING = frozenset({"fr", "it", "ca", "oc"})
"""Languages that join words by an apostrophe: l'homme, dell'arte."""
ACRONYM = re.compile(r"[A-Z]{2,5}")
MOSTLY = 0.5


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it stands in the text, and what to look up for it.

    Attributes:
        shown: As it is written, without the punctuation around it and without soft hyphens: `1984`, `naïve`, `don’t`.
        readings: One to eight ways to speak it, the likeliest first, each as the words to look up: lower case,
            plain apostrophes, not empty. `1984` is (nineteen, eighty, four), or (one, thousand, nine, …).
    """

    shown: str
    readings: tuple[Reading, ...]

    def known_readings(self, is_known: Callable[[str], bool]) -> tuple[Reading, ...]:
        """The readings of which every word `is_known`; where there is none, the one that lacks the fewest words."""
        known = tuple(reading for reading in self.readings if all(map(is_known, reading)))
        return known or (min(self.readings, key=lambda reading: rank_reading(reading, is_known)),)


def rank_reading(reading: Reading, is_known: Callable[[str], bool]) -> tuple[int, bool]:
    missing = sum(not is_known(word) for word in reading)
    return missing, missing > 0 and any(word != word.strip("'.") for word in reading)


def spoken_words(text: str, language: str) -> list[Word]:
    """The words of `text` in order; what is not spoken (punctuation, annotations in brackets) is left out.

    Args:
        text: Of any length and number of lines.
        language: A tag such as `en-US`: its numbers, signs and elisions.
    """
    tokens = list(split_text(text))
    language = language.replace("_", "-").split("-")[0].lower()
    is_shouted = len(tokens) > 2 and sum(token.isupper() for token in tokens) > MOSTLY * len(tokens)
    words = (make_word(token, language, may_spell=not is_shouted) for token in tokens)
    return [word for word in words if word is not None]


def split_text(text: str) -> Iterator[str]:
    """Words with what belongs to them, without annotations and the punctuation around them."""
    visible = "".join(visible_letter(one) for one in text)
    plain = unicodedata.normalize("NFC", visible).translate(APOSTROPHES | HYPHENS)
    for token in BREAKS.split(join_numbers(ANNOTATION.sub(" ", plain))):
        if token := EDGES.sub("", token):
            yield token


def visible_letter(letter: str) -> str:
    """`letter`, a space for a control character, or nothing for what nobody sees (soft hyphens, joiners)."""
    category = unicodedata.category(letter)
    return " " if category in {"Cc", "Cs"} else "" if category == "Cf" else letter


def join_numbers(text: str) -> str:
    """`text` without the narrow spaces and apostrophes that divide thousands."""
    return re.sub(r"(?<=\d)[\u00a0\u2009\u202f'](?=\d{3}(?!\d))", "", text)


def make_word(token: str, language: str, *, may_spell: bool) -> Word | None:
    """The word of `token`; None where nobody would say anything for it."""
    shown = token if re.search(r"\w\.\w", token) else token.rstrip(".")
    shown = strip_quotes(shown).rstrip("-")
    if not any(one.isalnum() or symbol_words(one, language) for one in shown):
        return None
    found: dict[Reading, None] = {}
    readings = islice(token_readings(token, language, may_spell=may_spell), 4 * MAX_READINGS)
    for reading in readings:
        if reading and all(reading):
            found.setdefault(reading)
    return Word(shown, tuple(found)[:MAX_READINGS]) if found else None


def strip_quotes(token: str) -> str:
    """`token` without the apostrophes that stand around it as quotation marks do."""
    return token[1:-1] if len(token) > 2 and token[0] == "'" == token[-1] else token


def token_readings(token: str, language: str, *, may_spell: bool) -> Iterator[Reading]:
    """All readings of `token`, the likeliest first, perhaps the same more than once."""
    plain = unicodedata.normalize("NFKC", token).translate(APOSTROPHES).strip()
    if len(plain) > MAX_WORD_CHARACTERS:
        yield (plain.lower(),)
    elif has_numeral(plain):
        yield from numeral_readings(plain, language, letters=lambda part: list(letter_readings(part, language)))
    elif not any(one.isalpha() for one in plain):
        yield tuple(word for one in plain for word in symbol_words(one, language))
    else:
        yield from letter_readings(plain, language)
        if may_spell and ACRONYM.fullmatch(plain):
            yield tuple(f"{letter.lower()}." for letter in plain)
            yield tuple(plain.lower())


def letter_readings(plain: str, language: str) -> Iterator[Reading]:
    """Readings of a word of letters: whole, without its marks, without accents, and in parts."""
    lower = strip_quotes(plain.lower())
    wholes = dict.fromkeys((lower, lower.rstrip("."), lower.strip("'-"), lower.strip("'-.")))
    for whole in wholes:
        if whole:
            yield (whole,)
    for whole in wholes:
        if whole:
            yield (fold_accents(whole),)
    parts = word_parts(lower.strip("'-."), language)
    if len(parts) > 1:
        yield tuple(parts)
        yield tuple(map(fold_accents, parts))
        yield ("".join(fold_accents(part) for part in parts),)


def word_parts(word: str, language: str) -> list[str]:
    """The parts of a word that are spoken as words of their own: at hyphens, signs and dots, and at elisions."""
    parts: list[str] = []
    for part in re.split(r"([&@+=%/]|\.(?=\w))|-+", word):
        if not part:
            continue
        if len(part) == 1 and not part.isalnum():
            parts.extend(symbol_words(part, language))
        elif language in ELIDING and (found := ELISION.fullmatch(part)):
            parts.extend([found["first"], found["rest"]])
        else:
            parts.append(part)
    return parts


def fold_accents(word: str) -> str:
    """`word` without accents, its ligatures in two letters: naïve is naive, straße strasse, cœur coeur."""
    decomposed = unicodedata.normalize("NFKD", "".join(UNFOLDED.get(one, one) for one in word))
    return "".join(one for one in decomposed if not unicodedata.combining(one))
