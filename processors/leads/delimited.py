"""Reading .csv and other delimited text: its encoding, its delimiter, and its rows as a stream."""

import codecs
import csv
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from base.errors import ErrorCode, Refusal
from processors.leads.tables import MAX_COLUMNS, MAX_ROWS, Row, Table

CHUNK = 2**20
MAX_LINE_BYTES = 2**20
MAX_FIELD_CHARACTERS = 2**20
SAMPLE_BYTES = 2**17
SAMPLE_RECORDS = 200
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
LONG_RECORD_LINES = 100
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LEGACY = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "koi8_r", "mac_roman", "cp850",
    "cp932", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr",
]  # fmt: skip
"""Encodings that tables still come in when they are not UTF-8."""
MAX_BINARY_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Encoding:
    """How text is written. `lines` is about how many lines the file has."""

    name: str
    lines: int


@dataclass(slots=True)
class Survey:
    """What one pass over the bytes tells: whether they are UTF-8, how many lines they have, lines beyond ASCII."""

    is_utf8: bool = True
    lines: int = 0
    beyond_ascii: bytes = b""


def read_delimited(path: Path) -> Table:
    """The table in a text file.

    Raises Refusal CORRUPT_FILE where it is no text, or a line or cell is longer than 1 MiB; while its rows are read
    also FILE_TOO_LARGE for more rows than a spreadsheet has.
    """
    encoding = find_encoding(path)
    with path.open(encoding=encoding.name, errors="replace", newline="") as file:
        sample = file.read(SAMPLE_BYTES)
    stated = stated_delimiter(sample)
    delimiter = stated or find_delimiter(sample)
    about = f"text in {encoding.name.upper().removesuffix('-SIG')}, divided by {DELIMITERS.get(delimiter, delimiter)}"
    warnings: list[str] = []
    rows = read_rows(path, encoding, delimiter, skip_first=stated is not None, warnings=warnings)
    return Table(rows, about, None, encoding.lines, warnings)


def find_encoding(path: Path) -> Encoding:
    """The encoding: by its mark, by its NULs (UTF-16), UTF-8 if all of it is valid, else the likeliest older one."""
    with path.open("rb") as file:
        head = file.read(4096)
    for mark, name in BOMS:
        if head.startswith(mark):
            return Encoding(name, survey_bytes(path, is_wide=name != "utf-8-sig").lines)
    wide = find_wide(head)
    if wide:
        return Encoding(wide, survey_bytes(path, is_wide=True).lines)
    refuse_binary(head)
    survey = survey_bytes(path)
    name = "utf-8" if survey.is_utf8 else find_legacy(survey.beyond_ascii)
    return Encoding(name, survey.lines)


def find_wide(head: bytes) -> str | None:
    """UTF-16 without a mark shows as NULs in every second place of Latin text."""
    if len(head) < 4 or head.count(0) < len(head) // 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 4 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 4 * odd else None


def refuse_binary(head: bytes) -> None:
    """Refuse with CORRUPT_FILE what is full of control characters; single NULs are only dropped later."""
    controls = sum(1 for byte in head if byte < 32 and byte not in b"\t\n\r\f\x1a\x1b")
    if controls > max(1, len(head) * MAX_BINARY_SHARE):
        raise Refusal(
            ErrorCode.CORRUPT_FILE, "The file is neither a workbook nor text. Save the table as .xlsx or .csv."
        )


def survey_bytes(path: Path, *, is_wide: bool = False) -> Survey:
    """Read the file once in 1 MiB chunks. Raises Refusal CORRUPT_FILE for a line of more than 1 to 2 MiB."""
    survey = Survey(is_utf8=not is_wide)
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    since_break = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            breaks = max(chunk.count(b"\n"), chunk.count(b"\r"))
            survey.lines += breaks
            since_break = (
                len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) if breaks else since_break + len(chunk)
            )
            if since_break > MAX_LINE_BYTES and not breaks:
                message = (
                    "A line of the file is longer than 1 MiB, so it is no table of leads, or its line breaks are lost."
                )
                raise Refusal(ErrorCode.CORRUPT_FILE, message)
            if survey.is_utf8:
                survey.is_utf8 = is_valid(decoder, chunk)
            if not chunk.isascii() and len(survey.beyond_ascii) < SAMPLE_BYTES:
                survey.beyond_ascii += b"\n".join(line for line in chunk.splitlines() if not line.isascii())[
                    :SAMPLE_BYTES
                ]
    if survey.is_utf8 and not is_valid(decoder, b"", is_final=True):
        survey.is_utf8 = False
    survey.lines += 1
    return survey


def is_valid(decoder: codecs.IncrementalDecoder, chunk: bytes, *, is_final: bool = False) -> bool:
    """Whether `chunk` goes on as valid text."""
    try:
        decoder.decode(chunk, is_final)
    except UnicodeDecodeError:
        return False
    return True


def find_legacy(sample: bytes) -> str:
    """The likeliest of the older encodings of `sample`, which has only lines with bytes beyond ASCII.

    Western text in short samples passes for many encodings, so Windows-1252 wins wherever it reads as text.
    """
    matches = charset_normalizer.from_bytes(sample[: SAMPLE_BYTES // 4], cp_isolation=LEGACY, threshold=0.3)
    best = matches.best()
    if best is None:
        return "cp1252"
    western = next((match for match in matches if "cp1252" in (match.encoding, *match.could_be_from_charset)), None)
    if western is not None and western.chaos <= best.chaos + 0.05 and is_western(str(western)):
        return "cp1252"
    return str(best.encoding)


def is_western(text: str) -> bool:
    """Whether what is beyond ASCII in `text` are mostly the letters that western languages use."""
    beyond = [one for one in text if not one.isascii()]
    usual = sum(one in "äöüßÄÖÜàâæçéèêëîïôœùûÿÀÂÆÇÉÈÊËÎÏÔŒÙÛŸñáíóúÑÁÍÓÚ¿¡ãõÃÕåøÅØìòÌÒ€–—’‘“”„…«»°·" for one in beyond)
    return usual >= len(beyond) * 0.7


def stated_delimiter(sample: str) -> str | None:
    """The delimiter that Excel's first line `sep=;` states, else None."""
    first = sample[:8].lstrip("\ufeff").splitlines()[:1]
    line = first[0].strip('"') if first else ""
    return line[4] if line[:4].lower() == "sep=" and len(line) == 5 else None


def find_delimiter(sample: str) -> str:
    """The delimiter under which most records have the same number of columns, and the more columns the better."""
    scores = {delimiter: score_delimiter(sample, delimiter) for delimiter in DELIMITERS}
    best = max(scores, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > 0 else ","


def score_delimiter(sample: str, delimiter: str) -> float:
    """0 where `delimiter` divides nothing; else the share of records of the commonest width, weighted by that width."""
    lines = sample.splitlines(keepends=True)
    if len(lines) > 1 and len(sample) >= SAMPLE_BYTES:
        lines = lines[:-1]
    widths: Counter[int] = Counter()
    try:
        for record in csv.reader(lines, delimiter=delimiter):
            if any(cell.strip() for cell in record):
                widths[len(record)] += 1
            if widths.total() >= SAMPLE_RECORDS:
                break
    except csv.Error:
        return 0.0
    divided = {width: count for width, count in widths.items() if width > 1}
    if not divided:
        return 0.0
    width = max(divided, key=lambda one: (divided[one], one))
    return divided[width] / widths.total() * math.sqrt(min(width, 64))


def read_rows(
    path: Path, encoding: Encoding, delimiter: str, *, skip_first: bool, warnings: list[str]
) -> Iterator[Row]:
    """All records, numbered as a spreadsheet numbers them: a cell with line breaks (RFC 4180) is still one row."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    with path.open(encoding=encoding.name, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        number = -1 if skip_first else 0
        line = 0
        try:
            for record in reader:
                number += 1
                if number > 0:
                    check_record(number, record, reader.line_num - line, warnings)
                    yield number, record
                line = reader.line_num
        except csv.Error as error:
            message = (
                f"The text cannot be divided into cells after row {max(number, 0)}: a quotation mark may be opened and "
                "not closed, or a cell is longer than 1 MiB."
            )
            raise Refusal(ErrorCode.CORRUPT_FILE, message) from error


def check_record(number: int, record: list[str], lines: int, warnings: list[str]) -> None:
    """Refuse what no spreadsheet could hold, and note a record over so many lines that it looks like a mistake."""
    if number > MAX_ROWS:
        message = (
            f"The file has more than {MAX_ROWS:,} rows, which is what a sheet can hold. Divide it into several files."
        )
        raise Refusal(ErrorCode.FILE_TOO_LARGE, message)
    if len(record) > MAX_COLUMNS:
        message = f"Row {number} has {len(record):,} columns; a sheet has at most {MAX_COLUMNS:,}."
        raise Refusal(ErrorCode.CORRUPT_FILE, message)
    if lines > LONG_RECORD_LINES:
        warnings.append(f"Row {number} goes over {lines:,} lines: a quotation mark in it may not be closed.")
