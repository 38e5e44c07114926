"""Reading .csv and other delimited text: its delimiter, and its rows as a stream."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.tables.encodings import SAMPLE_BYTES, Encoding, MendedLine, find_encoding, read_lines
from processors.tables.records import Problem, RecordReader, UnreadableRecord, find_shape
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS, Row, Table, name_rows

SAMPLE_RECORDS = 200
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
LONG_RECORD_LINES = 100


def read_delimited(path: Path) -> Table:
    """The table in a text file.

    Raises Refusal CORRUPT_FILE where it is no text, or a line or cell is longer than 1 MiB; while its rows are read
    also FILE_TOO_LARGE for more rows than a spreadsheet has.
    """
    encoding = find_encoding(path)
    sample = read_sample(path, encoding)
    stated = stated_delimiter("".join(sample[:1]))
    delimiter = stated or find_delimiter(sample)
    about = f"text in {encoding.name.upper().removesuffix('-SIG')}, divided by {DELIMITERS.get(delimiter, delimiter)}"
    warnings: list[str] = []
    reader = RecordReader(
        read_lines(path, encoding),
        delimiter,
        find_shape(sample_records(sample, delimiter)),
        skip_spaces=has_spaced_quotes(sample, delimiter),
    )
    rows = read_rows(reader, encoding, skip_first=stated is not None, warnings=warnings)
    return Table(rows, about, None, encoding.lines, warnings)


def read_sample(path: Path, encoding: Encoding) -> list[str]:
    """The first lines of the file."""
    sample: list[str] = []
    room = SAMPLE_BYTES
    for line in read_lines(path, encoding):
        room -= len(line)
        if room < 0 and sample:
            break
        sample.append(line)
    return sample


def stated_delimiter(sample: str) -> str | None:
    """The delimiter that Excel's first line `sep=;` states, else None."""
    first = sample[:8].lstrip("\ufeff").splitlines()[:1]
    line = first[0].strip('"') if first else ""
    return line[4] if line[:4].lower() == "sep=" and len(line) == 5 else None


def find_delimiter(sample: list[str]) -> str:
    """The delimiter under which most records have the same number of columns, and the more columns the better."""
    scores = {delimiter: score_delimiter(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def score_delimiter(sample: list[str], delimiter: str) -> float:
    """0 where `delimiter` divides nothing; else the share of records of the commonest width, weighted by that width."""
    widths = Counter(len(record) for record in sample_records(sample, delimiter))
    divided = {width: count for width, count in widths.items() if width > 1}
    if not divided:
        return 0.0
    width = max(divided, key=lambda one: (divided[one], one))
    misplaced = misplaced_quote(delimiter)
    sound = sum(misplaced.search(line) is None for line in sample) / len(sample)
    return sound * divided[width] / widths.total() * math.sqrt(min(width, 64))


@cache
def misplaced_quote(delimiter: str) -> re.Pattern[str]:
    """A quotation mark that has neither a delimiter nor the end of a line nor another mark beside it."""
    beside = f'[{re.escape(delimiter)}"\\s]'
    return re.compile(f'(?<!{beside})(?<!^)"(?!{beside}|$)')


def sample_records(sample: list[str], delimiter: str) -> list[list[str]]:
    """The first records that are not blank."""
    reader = RecordReader(sample, delimiter, None, skip_spaces=has_spaced_quotes(sample, delimiter))
    return list(islice((record for record in reader if any(cell.strip() for cell in record)), SAMPLE_RECORDS))


def has_spaced_quotes(sample: list[str], delimiter: str) -> bool:
    """Whether spaces stand between delimiters and quotation marks, as in `Ann, "Acme, Inc."`."""
    spaced = sum(line.count(f'{delimiter} "') for line in sample)
    return spaced > sum(line.count(f'{delimiter}"') for line in sample)


def read_rows(reader: RecordReader, encoding: Encoding, *, skip_first: bool, warnings: list[str]) -> Iterator[Row]:
    """All records, numbered as a spreadsheet numbers them: a cell with line breaks (RFC 4180) is still one row."""
    number = -1 if skip_first else 0
    problems: dict[Problem, list[int]] = {}
    mended: list[int] = []
    may_be_mended = encoding.is_broken or not encoding.is_utf8
    try:
        for record in reader:
            number += 1
            if number <= 0:
                continue
            if number > MAX_ROWS or len(record) > MAX_COLUMNS:
                raise too_large(number, len(record))
            if reader.problem:
                problems.setdefault(reader.problem, []).append(number)
            if len(reader.held) > LONG_RECORD_LINES:
                warnings.append(f"Row {number} goes over {len(reader.held):,} lines.")
            if may_be_mended and any(type(line) is MendedLine for line in reader.held):
                mended.append(number)
            yield number, record
    except UnreadableRecord as error:
        message = (
            f"The text cannot be divided into cells after row {max(number, 0)}: a quotation mark may be opened and "
            "not closed, or a cell is longer than 1 MiB."
        )
        raise Refusal(ErrorCode.CORRUPT_FILE, message) from error
    warnings += [f"{problem.value}, in {name_rows(rows)}." for problem, rows in problems.items()]
    if mended:
        warnings.append(f"{say_mended(encoding)}, in {name_rows(mended)}.")


def say_mended(encoding: Encoding) -> str:
    """What became of characters that do not fit into the encoding."""
    if encoding.is_utf8:
        return "Some bytes are no UTF-8: they were read as Windows-1252, or as � where a character was cut"
    return f"Some bytes are no {encoding.name.upper()}: they were read as �"


def too_large(number: int, columns: int) -> Refusal:
    """The refusal of what no spreadsheet could hold."""
    if number > MAX_ROWS:
        message = (
            f"The file has more than {MAX_ROWS:,} rows, which is what a sheet can hold. Divide it into several files."
        )
        return Refusal(ErrorCode.FILE_TOO_LARGE, message)
    message = f"Row {number} has {columns:,} columns; a sheet has at most {MAX_COLUMNS:,}."
    return Refusal(ErrorCode.CORRUPT_FILE, message)
