"""TextGrids of Praat: reading every form of them, writing the one that all tools read.

Praat's reader ignores all but free-standing numbers, quoted strings and `<flags>`, so that the long form, the short form
and those in between are one format: the same values in the same order. The chronological form has the intervals of all
tiers in the order of their times. Source: Praat manual, "TextGrid file formats".
"""

import codecs
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from base.errors import ErrorCode, Refusal

MAX_BYTES = 64 * 2**20
MAX_DIGITS = 6
"""Of a time, after the point."""
BINARY_MAGIC = b"ooBinaryFile"
TEXT_TYPE = "ooTextFile"
CHRONOLOGICAL = "Praat chronological TextGrid text file"
INTERVALS, POINTS = "IntervalTier", "TextTier"
TOKEN = re.compile(r'"(?P<text>[^"]*(?:""[^"]*)*)"|<(?P<flag>\w+)>|![^\r\n]*|(?P<word>[^\s"]+)')
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?%?")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
"""Characters that no label may hold: each reader makes something else of them."""

Kind = TypeVar("Kind")
Token = str | float | bool
"""A quoted string, a free-standing number, or a flag (whether it is `<exists>`)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of time with its label; `start` and `end` in seconds, an empty `text` for silence."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """Intervals in the order of their times, under a name."""

    name: str
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class TextGrid:
    """Interval tiers over the time from `start` to `end`, in seconds."""

    start: float
    end: float
    tiers: tuple[Tier, ...]


def is_textgrid(data: bytes) -> bool:
    """Whether `data` begins like a TextGrid, text or binary, whatever its file is named."""
    head = data[:256]
    if head.startswith(BINARY_MAGIC):
        return True
    text = decode_text(head[: len(head) & ~1])
    return f'"{TEXT_TYPE}' in text[:80] or f'"{CHRONOLOGICAL}"' in text[:80]


def decode_text(data: bytes) -> str:
    """`data` as Praat would read it: by its mark, UTF-16 by its NULs, UTF-8 where it is valid, else Windows-1252."""
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace")
    if data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        return data.decode("utf-16", "replace")
    head = data[:512]
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 4:
        return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def read_textgrid(data: bytes) -> TextGrid:
    """The interval tiers of a TextGrid: long, short or chronological, in any encoding that Praat writes.

    Times are those of the file; intervals are sorted by their start. Tiers of points are left out, and of a collection
    the one TextGrid that is in it is read.

    Raises Refusal: UNSUPPORTED_TYPE for a binary one and for other things of Praat, CORRUPT_FILE for what breaks off or
    contradicts itself, FILE_TOO_LARGE.
    """
    if len(data) > MAX_BYTES:
        raise Refusal(ErrorCode.FILE_TOO_LARGE, f"A TextGrid has at most {MAX_BYTES // 2**20} MiB.")
    if data.startswith(BINARY_MAGIC):
        message = (
            "The TextGrid is saved in Praat's binary form, which only Praat reads: open it in Praat and choose "
            "“Save as text file…”."
        )
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message)
    values = Values(tokens(decode_text(data)))
    return read_values(values)


def tokens(text: str) -> Iterator[Token]:
    """All that Praat's reader looks at."""
    for found in TOKEN.finditer(text):
        if found["text"] is not None:
            yield found["text"].replace('""', '"')
        elif found["flag"] is not None:
            yield found["flag"] == "exists"
        elif found["word"] is not None and NUMBER.fullmatch(found["word"]):
            number = found["word"]
            yield float(number[:-1]) / 100 if number.endswith("%") else float(number)


class Values:
    """The values of a TextGrid, one after the other, each of the type that is due."""

    def __init__(self, found: Iterator[Token]) -> None:
        self._found = found

    def text(self) -> str:
        return self._next(str, "a text")

    def number(self) -> float:
        value = self._next(float, "a number")
        if not math.isfinite(value):
            raise broken("a number in it is too large")
        return value

    def count(self) -> int:
        value = self.number()
        if value < 0 or value != int(value):
            raise broken("a count in it is no whole number")
        return int(value)

    def flag(self) -> bool:
        return self._next(bool, "a flag")

    def next_tier(self) -> int | None:
        """The number of the tier whose interval or point comes next in the chronological form; None at its end."""
        value = next(self._found, None)
        if value is None:
            return None
        if not isinstance(value, float) or value != int(value):
            raise broken("the number of a tier is missing in it")
        return int(value)

    def _next(self, kind: type[Kind], name: str) -> Kind:
        value = next(self._found, None)
        if value is None:
            raise broken("it breaks off")
        if not isinstance(value, kind):
            raise broken(f"{name} is missing in it")
        return value


def read_values(values: Values) -> TextGrid:
    kind = values.text()
    if kind == CHRONOLOGICAL:
        return read_chronological(values)
    if kind != TEXT_TYPE:
        raise not_a_textgrid()
    what = values.text()
    if what.startswith("Collection"):
        if values.count() != 1:
            message = "The file is a collection of several things of Praat: save the TextGrid alone."
            raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message)
        what = values.text()
        values.text()  # its name
    if what != "TextGrid":
        raise not_a_textgrid()
    start, end = values.number(), values.number()
    has_tiers = values.flag()
    tiers = [read_tier(values) for _ in range(values.count())] if has_tiers else []
    return finished(start, end, tiers)


def read_tier(values: Values) -> Tier | None:
    """The next tier; None where it is one of points."""
    kind, name = values.text(), values.text()
    values.number()  # the tier's own times, which Praat keeps equal to those of the whole
    values.number()
    count = values.count()
    if kind == POINTS:
        for _ in range(count):
            values.number()
            values.text()
        return None
    if kind != INTERVALS:
        raise broken("a tier in it is neither of intervals nor of points")
    return Tier(name, tuple(read_interval(values) for _ in range(count)))


def read_interval(values: Values) -> Interval:
    start, end, text = values.number(), values.number(), values.text()
    if end < start:
        raise broken(f"an interval in it ends before it begins, at {format_time(end)} s")
    return Interval(start, end, text)


def read_chronological(values: Values) -> TextGrid:
    start, end = values.number(), values.number()
    kinds: list[str] = []
    names: list[str] = []
    for _ in range(values.count()):
        kinds.append(values.text())
        names.append(values.text())
        values.number()
        values.number()
    found: list[list[Interval]] = [[] for _ in kinds]
    while (number := values.next_tier()) is not None:
        if not 1 <= number <= len(kinds):
            raise broken(f"it has no tier {number}")
        if kinds[number - 1] == POINTS:
            values.number()
            values.text()
        else:
            found[number - 1].append(read_interval(values))
    tiers = [
        None if kind == POINTS else Tier(name, tuple(intervals))
        for kind, name, intervals in zip(kinds, names, found, strict=True)
    ]
    return finished(start, end, tiers)


def finished(start: float, end: float, tiers: Sequence[Tier | None]) -> TextGrid:
    kept = [tier for tier in tiers if tier is not None]
    ordered = (Tier(tier.name, tuple(sorted(tier.intervals, key=lambda one: one.start))) for tier in kept)
    return TextGrid(start, end, tuple(ordered))


def broken(why: str) -> Refusal:
    """The refusal of a TextGrid that cannot be read."""
    return Refusal(ErrorCode.CORRUPT_FILE, f"The TextGrid is damaged: {why}.")


def not_a_textgrid() -> Refusal:
    return Refusal(ErrorCode.UNSUPPORTED_TYPE, "The file is something else of Praat, and no TextGrid.")


def format_time(seconds: float) -> str:
    """`seconds` with at most six digits after the point, never with an exponent: 0.1, 12, 0.000063."""
    text = f"{seconds:.{MAX_DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def write_textgrid(grid: TextGrid) -> bytes:
    """`grid` in the long form, in UTF-8 without a mark, with LF.

    Each tier covers the whole time: what its intervals leave out becomes intervals without text, and those that round
    to nothing are left out. Line breaks and control characters in labels become spaces.

    Raises ValueError: intervals overlap by more than 1 µs, or leave the time of the grid.
    """
    start, end = format_time(grid.start), format_time(grid.end)
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        f"xmin = {start} ",
        f"xmax = {end} ",
        "tiers? <exists> ",
        f"size = {len(grid.tiers)} ",
        "item []: ",
    ]
    for number, tier in enumerate(grid.tiers, 1):
        intervals = covered(tier, grid)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier" ',
            f"        name = {quoted(tier.name)} ",
            f"        xmin = {start} ",
            f"        xmax = {end} ",
            f"        intervals: size = {len(intervals)} ",
        ]
        for place, interval in enumerate(intervals, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {format_time(interval.start)} ",
                f"            xmax = {format_time(interval.end)} ",
                f"            text = {quoted(interval.text)} ",
            ]
    return ("\n".join(lines) + "\n").encode()


def covered(tier: Tier, grid: TextGrid) -> list[Interval]:
    """The intervals of `tier` without gaps, overlaps and zero lengths, their times as they are written."""
    at, end = round(grid.start, MAX_DIGITS), round(grid.end, MAX_DIGITS)
    whole: list[Interval] = []
    for interval in tier.intervals:
        first, last = round(interval.start, MAX_DIGITS), round(interval.end, MAX_DIGITS)
        if first < at - 1.5e-6 or last > end:
            message = f"the interval from {interval.start} to {interval.end} s of tier {tier.name!r} overlaps or leaves its grid"
            raise ValueError(message)
        first = max(first, at)
        if last <= first:
            continue
        if first > at:
            whole.append(Interval(at, first, ""))
        whole.append(Interval(first, last, interval.text))
        at = last
    if at < end:
        whole.append(Interval(at, end, ""))
    return whole


def quoted(text: str) -> str:
    """`text` as Praat quotes it: one line, quotation marks doubled."""
    return '"' + UNSEEN.sub(" ", text).replace('"', '""') + '"'
