"""Cells to clean text: what every value of a table goes through before anything else looks at it."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | date | datetime | time | timedelta | None
"""What a reader hands out; error cells and cells without a value come as None or as empty text."""

MAX_CELL_CHARACTERS = 32_767
"""The most characters that Excel keeps in a cell; what is longer is cut."""
INVISIBLE = frozenset({"Cc", "Cf", "Cs"})
NOT_IN_XML = "\ufffe\uffff"
JOINERS = "\u200c\u200d"
ERROR_VALUES = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
LARGEST_EXACT = 2**53
TO_SPACES = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum()})
PLAIN_I = str.maketrans("İı", "ii")
"""The Turkish letters, whose case folding no other language shares."""
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
"""How Excel writes what XML cannot hold: `_x000D_` is a carriage return (ECMA-376-1, 22.9.2.19)."""


def clean_cell(value: Cell) -> str | None:
    """`value` as text of one line, or None where nothing is left of it.

    Numbers that are whole lose their `.0`, dates and times take ISO 8601 form, error values are nothing.
    """
    if isinstance(value, str):
        return clean_text(value)
    if value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    return str(value)


def number_text(value: float) -> str | None:
    """A number as a person would type it: 12345.0 is "12345"; infinities and NaN are nothing."""
    if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124  the test for NaN
        return None
    if value.is_integer() and abs(value) < LARGEST_EXACT:
        return str(int(value))
    return repr(value)


def clean_text(value: str) -> str | None:
    """`value` in Unicode form NFC, without control and zero-width characters, with single spaces, trimmed.

    Line breaks become spaces, `_x000D_` too. Zero-width joiners stay, but not at the ends: Persian, Indic scripts and emoji need them.
    """
    if "_x" in value:
        value = ESCAPED.sub(lambda match: chr(int(match[1], 16)), value)
    if not (value.isascii() and value.isprintable()):
        value = plain_characters(value)
    value = value.strip()
    if "  " in value:
        value = " ".join(value.split())
    if not value or value in ERROR_VALUES:
        return None
    return value[:MAX_CELL_CHARACTERS]


def plain_characters(value: str) -> str:
    """`value` in NFC with single spaces, and without the characters that nobody sees."""
    if not value.isprintable():
        value = "".join(seen(character) for character in value[: 4 * MAX_CELL_CHARACTERS])
    return " ".join(unicodedata.normalize("NFC", value).split()).strip(JOINERS + " ")


def seen(character: str) -> str:
    """`character`, a space for white space, or nothing where it cannot be seen."""
    if character.isspace():
        return " "
    if character in JOINERS:
        return character
    return "" if unicodedata.category(character) in INVISIBLE or character in NOT_IN_XML else character


def fold(value: str) -> str:
    """`value` for comparing: NFKC, case folded, punctuation and symbols as spaces, single spaces."""
    if value.isascii():
        return " ".join(value.lower().translate(TO_SPACES).split())
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value.translate(PLAIN_I)).casefold())
    return " ".join("".join(" " if unicodedata.category(one)[0] in "PSZ" else one for one in plain).split())


def clean_row(cells: Sequence[Cell]) -> list[str | None]:
    """All cells of a row, each as `clean_cell` makes it.

    Most rows need no cleaning, which one look at all their text tells.
    """
    text = "|".join([cell for cell in cells if type(cell) is str])
    if is_clean(text):
        return [(cell or None) if type(cell) is str else clean_cell(cell) for cell in cells]
    return [clean_cell(cell) for cell in cells]


def is_clean(text: str) -> bool:
    """Whether cells joined by `|` need no cleaning: nothing invisible or escaped, no spare spaces, no errors."""
    return (
        text.isprintable()
        and (text.isascii() or unicodedata.is_normalized("NFC", text))
        and len(text) <= MAX_CELL_CHARACTERS
        and not ("  " in text or " |" in text or "| " in text or "#" in text or "_x" in text)
        and text[:1] != " "
        and text[-1:] != " "
    )


def word_set(text: str) -> frozenset[str]:
    """The words of `text`: for tables of words in the code."""
    return frozenset(text.split())
