"""Names of people: what is a part of them, their casing with care, and first and last name out of one name and back."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from processors.leads.mapping import NameOrder
from processors.leads.name_casing import PARTICLES, case_name, is_one_case
from processors.leads.name_words import is_company_form, is_ending, is_title

BRACKETS = re.compile(
    r"\s*(?:\(([^()]*)\)|\[([^\[\]]*)\]|(?<!\S)[\"“”„«]([^\"“”„«»]+)[\"“”»](?!\S)|(?<!\S)'([^']+)'(?=\s))"
)
"""Nicknames and remarks in a name: (Kiki), [Acme], "Kiki"."""
BORN = re.compile(r"\s(?:geb\.?|geborene[rn]?|n[ée]e?|born|roz\.?|nata)\s(?=\S)", re.IGNORECASE)
"""What goes before the name that somebody had by birth."""
SEVERAL = re.compile(r"[&/+;@\d]")
"""What stands in no name of one person."""
MOST_GIVEN_NAMES = 5
FIRST_EASTERN = "\u1100"
"""The first letter of the Korean script; those of Chinese and Japanese come after it."""


class PersonName(NamedTuple):
    """The name as a whole and in two parts, and what stood with it and is no part of it; each None where there is none."""

    full: str | None = None
    first: str | None = None
    last: str | None = None
    aside: str | None = None


@dataclass(frozen=True, slots=True)
class NameParts:
    """A name, taken apart.

    Attributes:
        head: All of it, where nothing tells the first names from the family.
        given: The first names where a comma or a heading tells them from the family, with titles; else empty.
        family: The family name, told so; else empty.
        tail: What follows these two behind a comma: ", PhD"; else empty.
    """

    head: str
    given: str = ""
    family: str = ""
    tail: str = ""

    @property
    def full(self) -> str:
        """The whole, in the order first, last; with titles, degrees and the forms of companies."""
        return f"{self.given} {self.family}{self.tail}" if self.family else self.head

    def told(self) -> tuple[str, str]:
        """First and last name, where they are told, without titles and endings."""
        return without_titles(self.given), " ".join(without_endings(self.family.split()))

    def cased(self) -> "NameParts":
        """The same with capitals where they belong."""
        family = case_name(self.family, is_last=True)
        return NameParts(case_name(self.head), case_name(self.given), family, case_name(self.tail))


def read_name(name: str | None, first: str | None, last: str | None, order: NameOrder | None = None) -> PersonName:
    """One name out of what the columns for it hold: cased, `Smith, Anna` turned round, what is missing derived."""
    if name and not first and not last and (plain := plain_name(name, order)):
        return plain
    asides: list[str] = []
    name, first, last = (take_aside(part, asides) if part else None for part in (name, first, last))
    aside = "; ".join(asides) or None
    first = case_name(first) if first else None
    last = case_name(last, is_last=True) if last else None
    if not name:
        return PersonName(" ".join(part for part in (first, last) if part) or None, first, last, aside)
    parts = part_name(name, order)
    if is_one_case(name):
        parts = parts.cased()
    if not first and not last:
        first, last = parts.told() if parts.family else split_name(parts.full)
    return PersonName(parts.full, first, last, aside)


def plain_name(name: str, order: NameOrder | None) -> PersonName | None:
    """A short cut for the commonest name, two words of letters alone: as `read_name`, or None."""
    words = name.split(" ")
    if len(words) != 2 or order is NameOrder.LAST_FIRST or not all(map(str.isalpha, words)):
        return None
    full = case_name(name)
    first, last = full.split(" ")
    if is_title(first) or is_ending(last) or is_company_form(last) or not has_name_order(full):
        return None
    return PersonName(full, first, last)


def whole_name(name: str | None, first: str | None, last: str | None, order: NameOrder | None = None) -> str:
    """The full name of `read_name` apart from its casing; empty where there is none."""
    if name:
        is_bare = name.replace(" ", "").isalpha()
        name = take_aside(name, []) if not is_bare and BRACKETS.search(name) else name
        return part_name(name, order).full if order or "," in name else name
    return " ".join(take_aside(part, []) for part in (first, last) if part)


def take_aside(name: str, asides: list[str]) -> str:
    """`name` without what stands in brackets or quotation marks, which goes to `asides`; all of it if nothing is left."""
    if name.isalpha():
        return name
    found = [next(filter(None, groups), "").strip() for groups in BRACKETS.findall(name)]
    left = " ".join(BRACKETS.sub(" ", name).split()).replace(" ,", ",") if found else name
    if not found or not any(map(str.isalnum, left)):
        return name
    asides += filter(None, found)
    return left


def part_name(name: str, order: NameOrder | None) -> NameParts:
    """`name` with what its commas say: the family stands before one, degrees and forms of companies behind.

    Without a comma, `order` tells where the family name is, if a heading said so.
    """
    if "," not in name and order is not NameOrder.LAST_FIRST:
        return NameParts(name.strip())
    parts = [part for one in name.split(",") if (part := one.strip())]
    if len(parts) < 2 and order is not NameOrder.LAST_FIRST:
        return NameParts(parts[0] if parts else name)
    count = len(parts)
    while count > 1 and is_tail(parts[count - 1], parts[: count - 1]):
        count -= 1
    head, tail = parts[:count], "".join(f", {part}" for part in parts[count:])
    if len(head) == 2 and all(map(is_person, head)) and len(head[1].split()) <= MOST_GIVEN_NAMES:
        family, given = head
        return NameParts(name, given, family, tail)
    if len(head) == 1 and order is NameOrder.LAST_FIRST and is_person(head[0]) and has_name_order(head[0]):
        family, given = split_family_first(head[0].split())
        if given:
            return NameParts(name, given, family, tail)
    return NameParts(name)


def is_tail(part: str, before: Sequence[str]) -> bool:
    """Whether what stands behind the last comma follows a name without being one: PhD, Inc., Jr., Dr."""
    words = part.split()
    is_whole = len(before) > 1 or len(before[0].split()) > 1
    is_shouted = " ".join(before).isupper()
    return all(
        is_ending(word, is_behind_comma=True, is_free=is_whole and not is_shouted)
        or is_company_form(word, is_behind_comma=True)
        or (is_title(word) and len(words) == 1)
        or word == "&"
        for word in words
    )


def split_family_first(words: Sequence[str]) -> tuple[str, str]:
    """The family name, with its particles, and the first names of a name in the order last, first."""
    end = 0
    while end < len(words) - 1 and words[end].casefold() in PARTICLES:
        end += 1
    return " ".join(words[: end + 1]), " ".join(words[end + 1 :])


def split_name(full: str) -> tuple[str | None, str | None]:
    """First and last name of a name in the order first, last.

    Two Nones for one word, for what is no name of one person, and for a script without such an order.
    """
    words = BORN.split(full, maxsplit=1)[0].partition(",")[0].split()
    words = without_endings(words[count_titles(words) :])
    if len(words) < 2 or not words[0][0].isalpha() or not (is_person(full) and has_name_order(full)):
        return None, None
    start = len(words) - 1
    while start > 1 and words[start - 1].casefold() in PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:])


def without_titles(given: str) -> str:
    """First names without the titles before them."""
    words = given.split()
    return " ".join(words[count_titles(words) :])


def count_titles(words: Sequence[str]) -> int:
    """How many words before a name are titles; at least the last word is none."""
    count = 0
    while count < len(words) - 1 and is_title(words[count], is_behind_title=count > 0):
        count += 1
    return count


def without_endings(words: Sequence[str]) -> Sequence[str]:
    """`words` without the degrees and the like that follow a name."""
    while len(words) > 1 and is_ending(words[-1]):
        words = words[:-1]
    return words


def is_person(text: str) -> bool:
    """Whether `text` can be a name of one person: no digits and signs, no company."""
    words = text.split()
    is_company = len(words) > 1 and is_company_form(words[-1])
    return not is_company and SEVERAL.search(text) is None


def has_name_order(name: str) -> bool:
    """Whether the first name comes first in this script; Chinese, Japanese and Korean names begin with the family."""
    return name.isascii() or not any(
        one >= FIRST_EASTERN and unicodedata.name(one, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL"))
        for one in name
    )
