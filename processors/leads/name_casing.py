"""Casing of names with care."""

import re
import unicodedata
from functools import lru_cache

from processors.leads.name_words import COMPANY_FORMS, ENDINGS, FACULTIES, NUMERALS
from processors.tables.text import word_set

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
INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?\.?")
FIRST_LATIN_GAP = 0x250
LATIN_MORE = range(0x1E00, 0x1F00)
MIN_MC = 5
MIN_AFTER_APOSTROPHE = 3


@lru_cache(maxsize=20_000)
def case_name(name: str, *, is_last: bool = False) -> str:
    """`name` with capitals where they belong, if it is all in lower or all in upper case and in Latin script.

    Args:
        name: Clean text.
        is_last: It is a family name alone, so that a particle may begin it: `van der Berg`.
    """
    if not is_one_case(name):
        return name
    words = name.split(" ")
    cased = [case_word(word, index, len(words), is_last=is_last) for index, word in enumerate(words)]
    return unicodedata.normalize("NFC", " ".join(cased))


def is_one_case(name: str) -> bool:
    """Whether `name` is all in lower or all in upper case, and in Latin script; what is not is somebody's choice."""
    return (name.islower() or name.isupper()) and is_latin(name)


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
    if index and plain in FACULTIES and word.endswith("."):
        return lower(word)
    if index and (cased := ENDINGS.get(plain) or COMPANY_FORMS.get(plain)):
        return lower(word).replace(plain, cased)
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
