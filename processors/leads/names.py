"""Names of people: casing with care, and first and last name out of one name and back."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from processors.leads.text import word_set

PARTICLES = word_set(
    """
    van von der den de del della di da do dos das du la le les ter ten te zu zum zur af av al bin ibn bint y e und
    vande vander vanden op het 't
    """
)
"""Words that stay in lower case inside a family name and belong to it."""
JOINING_APOSTROPHE = frozenset({"o", "d", "l", "m", "n", "dell", "dall", "sant", "t"})
MAC_NAMES = word_set(
    """
    macarthur macaulay macbeth maccallum macdonald macdougall macdowell macfarlane macgregor macgyver macintosh
    macintyre mackay mackenzie mackinnon mackintosh maclachlan maclaren maclean macleod macmahon macmillan macneil
    macpherson macquarie macqueen
    """
)
"""Names that take a capital after Mac; others that begin so (Macey, Machado) do not."""
NUMERALS = word_set("ii iii iv vi vii viii")
ENDINGS = {"jr": "Jr", "sr": "Sr", "phd": "PhD", "ph.d": "Ph.D", "md": "MD", "mba": "MBA", "esq": "Esq"}
TITLES = word_set(
    """
    mr mrs ms miss mx dr prof professor sir madam herr frau herrn dipl.-ing m mme mlle sig sig.ra dott dott.ssa sr
    sra srta don dhr mevr mevrouw ing dr.-ing
    """
)
INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
FIRST_LATIN_GAP = 0x250
LATIN_MORE = range(0x1E00, 0x1F00)
MIN_MC = 5
MIN_AFTER_APOSTROPHE = 3


@dataclass(frozen=True, slots=True)
class PersonName:
    """The name as a whole and in two parts; each None where it cannot be told."""

    full: str | None = None
    first: str | None = None
    last: str | None = None


def read_name(name: str | None, first: str | None, last: str | None) -> PersonName:
    """One name out of what the columns for it hold: cased, `Smith, Anna` turned round, what is missing derived."""
    first = case_name(first) if first else None
    last = case_name(last, is_last=True) if last else None
    if not name:
        return PersonName(" ".join(part for part in (first, last) if part) or None, first, last)
    full = case_name(turn_name(name))
    if first or last:
        return PersonName(full, first, last)
    return PersonName(full, *split_name(full))


def turn_name(name: str) -> str:
    """`Smith, Anna` as `Anna Smith`; any other name, and `Anna Smith, PhD`, as it is."""
    last, comma, first = name.partition(",")
    last, first = last.strip(), first.strip()
    if not comma or not last or not first or "," in first or is_ending(first.split()[0]):
        return name
    return f"{first} {last}"


def split_name(full: str) -> tuple[str | None, str | None]:
    """First and last name of a name in the order first, last; two Nones for one word or a script without such order."""
    words = full.replace(",", " ").split()
    while len(words) > 1 and words[0].strip(".").casefold() in TITLES:
        words = words[1:]
    while len(words) > 1 and is_ending(words[-1]):
        words = words[:-1]
    if len(words) < 2 or not words[0][0].isalpha() or not has_name_order(full):
        return None, None
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def is_ending(word: str) -> bool:
    """Whether `word` follows a name without being part of it: Jr, III, PhD."""
    plain = word.strip(".,").casefold()
    return plain in ENDINGS or plain in NUMERALS


def has_name_order(name: str) -> bool:
    """Whether the first name comes first in this script; Chinese, Japanese and Korean names begin with the family."""
    return name.isascii() or not any(
        unicodedata.name(one, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL")) for one in name
    )


@lru_cache(maxsize=20_000)
def case_name(name: str, *, is_last: bool = False) -> str:
    """`name` with capitals where they belong, if it is all in lower or all in upper case and in Latin script.

    Args:
        name: Clean text.
        is_last: It is a family name alone, so that a particle may begin it: `van der Berg`.
    """
    if not (name.islower() or name.isupper()) or not is_latin(name):
        return name
    words = name.split(" ")
    cased = [case_word(word, index, len(words), is_last=is_last) for index, word in enumerate(words)]
    return unicodedata.normalize("NFC", " ".join(cased))


def is_latin(name: str) -> bool:
    """Whether every letter of `name` is Latin."""
    if name.isascii():
        return True
    return all(ord(one) < FIRST_LATIN_GAP or ord(one) in LATIN_MORE for one in name if one.isalpha())


def case_word(word: str, index: int, count: int, *, is_last: bool) -> str:
    """The word at `index` of `count`, cased as a part of a name."""
    plain = lower(word).strip(".,")
    is_final = index == count - 1
    if index and is_final and plain in NUMERALS:
        return word.upper()
    if index and is_final and plain in ENDINGS:
        return lower(word).replace(plain, ENDINGS[plain])
    if INITIALS.fullmatch(word):
        return word.upper()
    if plain in PARTICLES and not is_final and (index or is_last):
        return lower(word)
    return "-".join(case_part(part) for part in word.split("-"))


def case_part(part: str) -> str:
    """One part between hyphens: Smith, O'Brien, McDonald."""
    for apostrophe in "'’":
        before, found, after = part.partition(apostrophe)
        if found and lower(before) in JOINING_APOSTROPHE and len(after) >= MIN_AFTER_APOSTROPHE:
            return capital(before) + found + case_part(after)
    plain = lower(part)
    if plain.startswith("mc") and len(plain) >= MIN_MC:
        return "Mc" + capital(part[2:])
    if plain in MAC_NAMES:
        return "Mac" + capital(part[3:])
    return capital(part)


def capital(part: str) -> str:
    """`part` in lower case with a capital for its first letter."""
    for place, one in enumerate(part):
        if one.isalpha():
            return part[:place] + one.title() + lower(part[place + 1 :])
    return part


def lower(text: str) -> str:
    """`text` in lower case; the Turkish capital İ becomes a plain i, not an i with one more dot."""
    return text.replace("İ", "i").lower()
