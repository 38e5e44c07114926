"""Records of delimited text, checked against the shape of the file.

The reader of the standard library is strict and fast. A text that it cannot read, and a record over several lines, are
looked at again: a quotation mark without an end must not swallow the rows after it, and a cell with line breaks must stay whole.
Lines that are records in their own right tell the one from the other.
"""

import csv
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from processors.tables.quoting import (
    ESCAPED_QUOTE,
    LINE_ENDS,
    QUOTE,
    closed_readings,
    split_escaped,
    split_lenient,
    split_plain,
    unescape_bare,
)

MAX_FIELD_CHARACTERS = 2**20
MAX_CELL_LINES = 50
"""Lines that a cell with marks that are not doubled may have."""
INNER_LINES = 20
"""Lines within a record that are tried as records of their own."""
MOST = 0.6
BLANK = ' \t"'
MIN_DIGITS = 5
DIGITS = frozenset("0123456789")


class UnreadableRecord(Exception):  # noqa: N818  the reader of the table refuses it with its row
    """A cell is longer than 1 MiB, or the file ends within it."""


class Problem(Enum):
    """What is wrong with the quotation marks of a record."""

    STRAY = "A quotation mark that opens a cell has no end: it was read as plain text"
    UNFINISHED = "The file ends within the quotation marks of a cell, as if its end were cut off"


class Fit(IntEnum):
    """How well cells fit the shape of a file: by width with a cell that does not, shorter, by width, by width and cells."""

    NONE = 0
    WIDTH = 1
    SHORT = 2
    UNPROVED = 3
    FULL = 4


@dataclass(frozen=True, slots=True)
class Shape:
    """What most records of a file are like: their width, and the characters of which each cell in a column has one."""

    width: int
    marks: tuple[tuple[int, frozenset[str]], ...] = ()

    def fit(self, cells: Sequence[str]) -> Fit:
        """How well `cells` fit."""
        evidence = 0
        for index, marks in self.marks:
            cell = cells[index] if index < len(cells) else ""
            if marks.isdisjoint(cell) and cell.strip(BLANK):
                return Fit.WIDTH if len(cells) == self.width else Fit.NONE
            evidence += not marks.isdisjoint(cell)
        if len(cells) == self.width:
            return Fit.FULL if evidence else Fit.UNPROVED
        return Fit.SHORT if evidence and 1 < len(cells) < self.width else Fit.NONE


@dataclass(frozen=True, slots=True)
class Reading:
    """A way to read the cells of a record, how many lines they take, and what is wrong with them then."""

    cells: list[str]
    lines: int
    problem: Problem | None = None


def find_shape(records: Sequence[Sequence[str]]) -> Shape | None:
    """The shape of most of `records`; None where there is none."""
    widths = Counter(len(record) for record in records if any(cell.strip() for cell in record))
    if not widths:
        return None
    width = max(widths, key=lambda one: (widths[one], one))
    marks: list[tuple[int, frozenset[str]]] = []
    for index in range(width):
        values = [record[index] for record in records if index < len(record)]
        if are_mostly(values, lambda one: "@" in one):
            marks.append((index, frozenset("@")))
        elif are_mostly(values, is_number):
            marks.append((index, DIGITS))
    return Shape(width, tuple(marks))


def are_mostly(values: Sequence[str], test: Callable[[str], bool]) -> bool:
    """Whether most of the values below the first one, which may be a heading, pass `test`, and two at least."""
    given = [value for value in values[1:] if value.strip()]
    passed = sum(map(test, given))
    return passed >= 2 and passed >= MOST * len(given)


def is_number(value: str) -> bool:
    """Whether `value` is a number of at least five digits, such as one of a phone."""
    digits = sum(map(str.isdecimal, value))
    return digits >= MIN_DIGITS and not any(map(str.isalpha, value))


class RecordReader:
    """Divides lines into records.

    Of the record that was yielded last, `held` are the lines, and `problem` is what is wrong with its marks, if anything.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, shape: Shape | None, *, skip_spaces: bool = False) -> None:
        self.file = iter(lines)
        self.delimiter = delimiter
        self.shape = shape
        self.width = shape.width if shape else 0
        self.skip_spaces = skip_spaces
        self.held: list[str] = []
        self.waiting: deque[str] = deque()
        self.problem: Problem | None = None

    def source(self) -> Iterator[str]:
        """The lines that were put back, then those of the file; each is held until its record is done."""
        waiting, held = self.waiting, self.held
        while waiting:
            held.append(waiting.popleft())
            yield held[-1]
        for line in self.file:
            held.append(line)
            yield line
            while waiting:
                held.append(waiting.popleft())
                yield held[-1]

    def __iter__(self) -> Iterator[list[str]]:
        """The cells of all records in order. Raises UnreadableRecord."""
        csv.field_size_limit(MAX_FIELD_CHARACTERS)
        held = self.held
        width = self.width
        is_done = False
        while not is_done:
            source = self.source()
            reader = csv.reader(source, delimiter=self.delimiter, strict=True, skipinitialspace=self.skip_spaces)
            try:
                for cells in reader:
                    if (len(held) > 1 and not self.is_pair(cells)) or (
                        len(cells) != width and held and ESCAPED_QUOTE in held[0]
                    ):
                        yield self.read_again(source, cells)
                        self.problem = None
                    elif held and ESCAPED_QUOTE in held[0]:
                        yield unescape_bare(cells, "".join(held), self.delimiter)
                    else:
                        yield cells
                    held.clear()
                is_done = True
            except csv.Error:
                yield self.read_again(source, None)
                self.problem = None
                held.clear()

    def read_again(self, source: Iterator[str], cells: list[str] | None) -> list[str]:
        """The likeliest reading of the lines held, whose cells by the standard are `cells`; lines after it are put back."""
        reading = self.judge(source, cells)
        self.problem = reading.problem
        self.waiting.extendleft(reversed(self.held[reading.lines :]))
        del self.held[reading.lines :]
        return unescape_bare(reading.cells, "".join(self.held), self.delimiter)

    def judge(self, source: Iterator[str], cells: list[str] | None) -> Reading:
        """The likeliest reading of the record that begins with the lines held."""
        held = self.held
        standard = Reading(cells, len(held)) if cells is not None else None
        if standard and self.is_sound(standard):
            return standard
        readings = [standard] if standard and standard.lines == 1 else []
        readings += [Reading(one, 1) for one in closed_readings(held[0], self.delimiter)]
        if readings and max(map(self.fit, readings)) >= Fit.UNPROVED:
            return max(readings, key=self.fit)
        plain = Reading(split_plain(held[0], self.delimiter, self.width), 1, Problem.STRAY)
        if (
            self.fit(plain) >= Fit.UNPROVED
            and self.fit_of_line(next_line(held, source), marks_count=True) is self.proof
        ):
            return plain
        whole = standard if standard and standard.lines > 1 else self.read_over_lines(source)
        is_closed = whole is not None and whole.problem is None
        is_swallowing = self.swallows(held[: whole.lines] if whole else held, is_closed=is_closed)
        if whole and not is_swallowing and (self.shape or standard) and not self.is_doubtful(whole, plain):
            readings.append(whole)
        is_endless = not readings and not is_swallowing and len(held) > MAX_CELL_LINES
        if is_endless and self.shape and self.fit(plain) < Fit.SHORT:
            raise UnreadableRecord
        return max([*readings, plain], key=self.fit)

    def is_pair(self, cells: list[str]) -> bool:
        """Whether the lines held are two that make one record by the standard, which has these cells and the shape.

        They are none if each is proved to be a record by itself: then a stray mark joined them.
        """
        if len(self.held) != 2 or self.shape is None or self.shape.fit(cells) < Fit.UNPROVED:
            return False
        return not (self.shape.marks and self.swallows(self.held))

    def is_sound(self, standard: Reading) -> bool:
        """Whether a record over several lines is one: if it fits in full and not every line of it is a record itself."""
        if self.fit(standard) is Fit.FULL:
            return any(self.fit_of_line(line) < Fit.UNPROVED for line in self.held[: INNER_LINES + 1])
        return standard.lines > 1 and not self.swallows(self.held)

    def is_doubtful(self, whole: Reading, plain: Reading) -> bool:
        """Whether the first line is a record by itself, and what `whole` adds to it has the beginning of another cell."""
        starts = [start + QUOTE for start in (self.delimiter, *LINE_ENDS)]
        is_opened = any("\n" in cell and any(start in cell for start in starts) for cell in whole.cells)
        return is_opened and self.fit(plain) >= Fit.UNPROVED

    def fit(self, reading: Reading) -> Fit:
        """How well a reading fits the shape."""
        return self.shape.fit(reading.cells) if self.shape else Fit.NONE

    def read_over_lines(self, source: Iterator[str]) -> Reading | None:
        """A reading over several lines in which every mark has an end, or the file ends; None if there is none."""
        held = self.held
        is_end = False
        while len(held) < MAX_CELL_LINES and not is_end:
            is_end = next(source, None) is None
        lines = held[:MAX_CELL_LINES]
        escaped = split_escaped(lines, self.delimiter)
        if escaped and self.shape and self.shape.fit(escaped[0]):
            return Reading(*escaped)
        text = "".join(lines)
        lenient = split_lenient(text, self.delimiter)
        if lenient:
            return Reading(lenient[0], count_lines(lines, lenient[1]))
        unfinished = split_lenient(text.rstrip(LINE_ENDS) + QUOTE, self.delimiter) if is_end else None
        return Reading(unfinished[0], len(lines), Problem.UNFINISHED) if unfinished else None

    def swallows(self, lines: Sequence[str], *, is_closed: bool = True) -> bool:
        """Whether `lines`, which are one record at first sight, are records in their own right.

        If it `is_closed`, the last of them has the mark that ends it, and tells only where there are but two.
        """
        if len(lines) == 2 and is_closed:
            return all(self.fit_of_line(line) is self.proof for line in lines)
        inner = lines[1 : len(lines) - is_closed][:INNER_LINES]
        fits = [self.fit_of_line(line, marks_count=True) for line in inner]
        return self.proof in fits and 2 * sum(fit >= Fit.UNPROVED for fit in fits) >= len(fits)

    @property
    def proof(self) -> Fit:
        """How well a line must fit to prove that it is a record."""
        return Fit.FULL if self.shape and self.shape.marks else Fit.UNPROVED

    def fit_of_line(self, line: str, *, marks_count: bool = False) -> Fit:
        """How well `line` fits by itself; not at all if `marks_count` and a mark in it ends what began before."""
        if self.shape is None or line.count(self.delimiter) < self.width - 1:
            return Fit.NONE
        cells = split_plain(line, self.delimiter, 0)
        if marks_count and any(cell.count(QUOTE) % 2 and cell[0] != QUOTE for cell in cells):
            return Fit.NONE
        return self.shape.fit(cells)


def next_line(held: Sequence[str], source: Iterator[str]) -> str:
    """The line after the first of those held, which is held then, too; empty at the end of the file."""
    return held[1] if len(held) > 1 else next(source, "")


def count_lines(lines: Sequence[str], characters: int) -> int:
    """How many of `lines` the first `characters` of their text take."""
    for count, line in enumerate(lines, 1):
        characters -= len(line.rstrip(LINE_ENDS))
        if characters <= 0:
            return count
        characters -= len(line) - len(line.rstrip(LINE_ENDS))
    return len(lines)
