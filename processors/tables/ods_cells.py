"""Cells of OpenDocument sheets: their text, their values."""

import re
from collections.abc import Mapping as Map
from contextlib import suppress
from datetime import datetime, time, timedelta

from processors.tables.text import LARGEST_EXACT, Cell

NAMESPACE_END = " "
"""What stands between a namespace and a name."""
NAMES = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0" + NAMESPACE_END
OFFICE, STYLE, TABLE, TEXT, DRAWING = map(NAMES.format, ("office", "style", "table", "text", "drawing"))
CALC_TYPE = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
VALUE_TYPE, VALUE, STRING = OFFICE + "value-type", OFFICE + "value", OFFICE + "string-value"
DATE, TIME, BOOLEAN = OFFICE + "date-value", OFFICE + "time-value", OFFICE + "boolean-value"
PARAGRAPHS = frozenset({TEXT + "p", TEXT + "h"})
SPACES, TAB, LINE_BREAK = TEXT + "s", TEXT + "tab", TEXT + "line-break"
NOT_SHOWN = frozenset({OFFICE + "annotation", TEXT + "note", TEXT + "ruby-text", TABLE + "shapes", OFFICE + "forms"})
"""Elements with text that is none of the cell."""
MAX_TEXT = 2**20
MAX_SPACES = 1_000
DAY = timedelta(days=1)
DURATION = re.compile(
    r"(-?)P(?:([0-9]{1,9})D)?(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:[.,][0-9]+)?)S)?)?"
)
PADDED = re.compile(r"0[0-9]|[^\W\d_]+\W?[0-9]|\+[0-9]|\(0")
"""How a number is shown that is rather a name: with zeros, a plus sign or letters before it."""


class CellText:
    """The text of one cell, piece by piece: a line for each paragraph; white space of the markup is single spaces."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.paragraphs = 0
        self.room = MAX_TEXT

    def start_paragraph(self) -> None:
        """The next paragraph begins."""
        if self.paragraphs:
            self.parts.append("\n")
        self.paragraphs += 1

    def add_markup(self, data: str) -> None:
        """Characters of the document, among which line ends are spaces."""
        if self.room > 0:
            self.room -= len(data)
            self.parts.append(data.replace("\n", " ") if "\n" in data else data)

    def add_element(self, name: str, attributes: Map[str, str]) -> None:
        """An element that stands for spaces, a tab or a line break."""
        if name == SPACES:
            count = attributes.get(TEXT + "c", "1")
            self.add_markup(" " * min(int(count[:9]) if count.isdecimal() else 1, MAX_SPACES))
        elif name == TAB:
            self.parts.append("\t")
        elif name == LINE_BREAK:
            self.parts.append("\n")

    def __str__(self) -> str:
        return "".join(self.parts)


def read_value(attributes: Map[str, str], text: CellText) -> Cell:
    """The value of a cell; its text where its value cannot be read, None where it has neither or is an error."""
    if attributes.get(CALC_TYPE) == "error":
        return None
    shown = str(text) if text.paragraphs else attributes.get(STRING)
    kind = attributes.get(VALUE_TYPE)
    with suppress(ValueError, OverflowError):
        if kind in {"float", "percentage", "currency"} and VALUE in attributes:
            return read_number(float(attributes[VALUE]), shown if kind == "float" else None)
        if kind == "date" and DATE in attributes:
            moment = datetime.fromisoformat(attributes[DATE])
            return moment if "T" in attributes[DATE] else moment.date()
        if kind == "time" and TIME in attributes:
            return read_time(attributes[TIME])
        if kind == "boolean" and BOOLEAN in attributes:
            return attributes[BOOLEAN] == "true"
    return shown


def read_number(value: float, shown: str | None) -> Cell:
    """A number, or as it is `shown` where that only puts zeros or letters before its digits: 01067, K-000042."""
    if shown and value.is_integer() and 0 <= value < LARGEST_EXACT and PADDED.match(shown.strip()):
        digits = "".join(one for one in shown if one.isdecimal())
        if digits and int(digits) == value:
            return shown
    return value


def read_time(value: str) -> time | timedelta:
    """An ISO 8601 duration as a time of the day, where it is one, else as a duration. Raises ValueError."""
    match = DURATION.fullmatch(value)
    if not match:
        raise ValueError
    days, hours, minutes = (int(one or 0) for one in match.group(2, 3, 4))
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=float((match[5] or "0").replace(",", ".")))
    if match[1]:
        return -span
    if span >= DAY:
        return span
    return time(span.seconds // 3600, span.seconds // 60 % 60, span.seconds % 60, span.microseconds)
