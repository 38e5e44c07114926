"""Transcripts: plain text, a TextGrid of utterances, a table of start, end, speaker and text."""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from base.errors import ErrorCode, Refusal
from processors.alignment.endings import TABLE_ENDINGS
from processors.alignment.pairing import Pair, Pairing, Unpaired, ending_of, pair_files
from processors.alignment.textgrid import TextGrid, decode_text, is_textgrid, read_textgrid
from processors.tables.delimited import find_delimiter

__all__ = ["Pair", "Pairing", "Unpaired", "Utterance", "pair_files", "read_transcript"]

MAX_BYTES = 8 * 2**20
MAX_LINE_CHARACTERS = 2**17
MAX_CONTROLS = 0.02
"""Of the characters of a text: what has more of them is no text."""
SAMPLE_LINES = 200
HEADINGS = {
    "start": ("start", "begin", "begin time", "start time", "tmin", "xmin", "from", "onset", "beginning"),
    "end": ("end", "end time", "tmax", "xmax", "to", "offset", "stop"),
    "speaker": ("speaker", "tier", "who", "name", "participant"),
    "text": ("text", "transcript", "transcription", "utterance", "sentence", "words", "annotation", "label", "value"),
}
"""What the columns of a table are called in the exports of ELAN, Praat and others, in lower case."""
BARE_COLUMNS = {3: {"start": 0, "end": 1, "text": 2}, 4: {"start": 0, "end": 1, "speaker": 2, "text": 3}}
"""Of tables without headings, by how many there are."""
CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,6})?)")
SECONDS = re.compile(r"(\d{1,9}(?:[.,]\d{1,9})?)(?: ?s)?")
HTK_LINE = re.compile(r"\d{1,12} \d{1,12} \S{1,100}(?: -?\d{1,9}(?:\.\d{1,9})?)?")
"""Of a `.lab` that HTK wrote: times in steps of 100 ns, a label, perhaps a score."""
NumberedRow = tuple[int, Sequence[str]]
ALIGNED_TIERS = ("words", "phones")
NOTES_TIER = "notes"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says: `start` and `end` in seconds, both None where the transcript has no times.

    Attributes:
        speaker: As the transcript names them; None where it does not.
        text: As it is written, one line, not empty.
    """

    start: float | None
    end: float | None
    speaker: str | None
    text: str


def read_transcript(filename: str, data: bytes) -> list[Utterance]:
    """The utterances of a transcript, those with times in their order.

    A TextGrid is told by its content, a table by its ending (.csv, .tsv) or by two columns of times at the beginning of
    every line (label tracks of Audacity); all else is plain text, of which each line with text becomes an utterance
    without times.

    Args:
        filename: For its ending.
        data: At most 8 MiB of text in UTF-8, UTF-16 with a mark, or Windows-1252; a TextGrid may have 64 MiB.

    Raises Refusal: BAD_INPUT for what holds no text, or a table without its columns; CORRUPT_FILE for what is no text, or
    contradicts itself; UNSUPPORTED_TYPE; FILE_TOO_LARGE.
    """
    if is_textgrid(data):
        utterances = list(grid_utterances(read_textgrid(data)))
    else:
        lines = text_lines(data)
        if ending_of(filename) in TABLE_ENDINGS:
            utterances = list(table_utterances(lines))
        elif is_label_track(lines):
            utterances = list(row_utterances(numbered(line.split("\t") for line in lines), BARE_COLUMNS[3]))
        elif len(lines) > 1 and all(map(HTK_LINE.fullmatch, lines)):
            message = "The transcript holds labels of HTK, which are an alignment: upload the text that is spoken."
            raise Refusal(ErrorCode.BAD_INPUT, message)
        else:
            utterances = [Utterance(None, None, None, " ".join(line.split())) for line in lines]
    return in_order(utterances)


def in_order(utterances: Iterable[Utterance]) -> list[Utterance]:
    """The utterances by their times. Raises Refusal BAD_INPUT where there is none."""
    ordered = sorted(utterances, key=lambda one: one.start or 0.0)
    if not ordered:
        raise Refusal(ErrorCode.BAD_INPUT, "The transcript holds no text.")
    return ordered


def text_lines(data: bytes) -> list[str]:
    """The lines with text, trimmed. Raises Refusal."""
    check_size(len(data))
    text = decode_text(data)
    controls = sum(1 for one in text if one < " " and one not in "\t\n\r\f\v")
    if controls > MAX_CONTROLS * len(text):
        message = "The transcript is no text. Save it as plain text, in UTF-8."
        raise Refusal(ErrorCode.CORRUPT_FILE, message)
    lines = [line.replace("\0", "").strip(" \r\ufeff") for line in text.splitlines()]
    if any(len(line) > MAX_LINE_CHARACTERS for line in lines):
        message = (
            f"A line of the transcript has more than {MAX_LINE_CHARACTERS:,} characters: divide it into sentences."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)
    return [line for line in lines if line.strip()]


def check_size(count: int) -> None:
    """Raise Refusal FILE_TOO_LARGE for more text than a transcript has."""
    if count > MAX_BYTES:
        raise Refusal(ErrorCode.FILE_TOO_LARGE, f"A transcript has at most {MAX_BYTES // 2**20} MiB.")


def grid_utterances(grid: TextGrid) -> Iterator[Utterance]:
    """The labelled intervals of all tiers of utterances, whose names are those of the speakers.

    Tiers that end in `words` or `phones` are an alignment, and one named `notes` is none of the recording's.
    """
    tiers = [tier for tier in grid.tiers if not tier.name.strip().lower().endswith((*ALIGNED_TIERS, NOTES_TIER))]
    if grid.tiers and not tiers:
        message = (
            "The TextGrid has no tier of utterances: tiers that end in “words” or “phones” hold an alignment. Name the "
            "tier with the text after its speaker."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)
    for tier in tiers:
        for interval in tier.intervals:
            text = " ".join(interval.text.split())
            if text:
                check_times(interval.start, interval.end, f"the interval “{text[:40]}”")
                yield Utterance(interval.start, interval.end, tier.name.strip() or None, text)


def is_label_track(lines: Sequence[str]) -> bool:
    """Whether every line is start, end and text with tabs between, as Audacity exports labels."""
    return bool(lines) and all(
        len(cells) >= 3 and None not in (read_time(cells[0]), read_time(cells[1]))
        for cells in (line.split("\t") for line in lines[:SAMPLE_LINES])
    )


def table_utterances(lines: list[str]) -> Iterator[Utterance]:
    """The utterances of the table in `lines`. Raises Refusal."""
    delimiter = find_delimiter([line + "\n" for line in lines[:SAMPLE_LINES]])
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error as error:
        raise Refusal(ErrorCode.CORRUPT_FILE, "The table cannot be divided into cells.") from error
    yield from cell_utterances(list(numbered(rows)))


def numbered(rows: Iterable[Sequence[str]]) -> Iterator[NumberedRow]:
    """The rows as people count them."""
    yield from enumerate(rows, 1)


def cell_utterances(rows: Sequence[NumberedRow]) -> Iterator[Utterance]:
    """The utterances of a table: under headings, or of the columns start, end, speaker and text, or start, end and text.

    Raises Refusal BAD_INPUT.
    """
    if not rows:
        return
    (_, first), *others = rows
    columns = find_columns(first)
    if columns is not None:
        yield from row_utterances(others, columns)
        return
    width = max(len(row) for _, row in rows)
    if width < 3 or None in {read_time(cell) for cell in first[:2]}:
        raise no_columns()
    yield from row_utterances(rows, BARE_COLUMNS[min(width, 4)])


def find_columns(header: Sequence[str]) -> dict[str, int] | None:
    """The places of the columns that `header` names; None where it does not name start, end and text."""
    names = [
        re.sub(r"[\s_-]+", " ", re.sub(r"\(.*?\)|\[.*?\]|- (?:ss|hh).*", "", cell.lower())).strip() for cell in header
    ]
    columns = {
        column: names.index(heading)
        for column, headings in HEADINGS.items()
        for heading in [next((one for one in headings if one in names), None)]
        if heading is not None
    }
    return columns if columns.keys() >= {"start", "end", "text"} else None


def row_utterances(rows: Iterable[NumberedRow], columns: dict[str, int]) -> Iterator[Utterance]:
    """The utterances of `rows`. Raises Refusal BAD_INPUT."""
    for number, row in rows:
        cells = {name: row[place] if place < len(row) else "" for name, place in columns.items()}
        text = " ".join(cells["text"].split())
        if not text:
            continue
        start, end = read_time(cells["start"]), read_time(cells["end"])
        if start is None or end is None:
            message = f"Row {number} of the table has no times that can be read: write seconds (12.5) or 0:00:12.500."
            raise Refusal(ErrorCode.BAD_INPUT, message)
        check_times(start, end, f"row {number}")
        yield Utterance(start, end, cells.get("speaker") or None, text)


def read_time(cell: str) -> float | None:
    """Seconds (`12.5`, `12,5`, `12.5 s`) or hours, minutes and seconds (`0:12.5`, `1:00:12.500`); None for all else."""
    cell = cell.strip()
    if found := SECONDS.fullmatch(cell):
        return float(found[1].replace(",", "."))
    if found := CLOCK.fullmatch(cell):
        return int(found[1] or 0) * 3600 + int(found[2]) * 60 + float(found[3].replace(",", "."))
    return None


def check_times(start: float, end: float, where: str) -> None:
    """Raise Refusal BAD_INPUT for what begins before the recording or has no length."""
    if start < 0 or end <= start or not math.isfinite(end):
        message = f"The times of {where} make no sense: it goes from {start:g} to {end:g} s."
        raise Refusal(ErrorCode.BAD_INPUT, message)


def no_columns() -> Refusal:
    return Refusal(
        ErrorCode.BAD_INPUT, "The table has no columns start, end and text: name them in its first row, in seconds."
    )
