"""Transcripts in workbooks."""

import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from base.errors import ErrorCode, Refusal
from processors.alignment.transcripts import Utterance
from processors.alignment.workbooks import read_workbook
from processors.contract import ItemStatus, Source
from tests.processors.alignment.conftest import RunAlignment, wav
from tests.processors.alignment.espeak import say

ANN = Utterance(0.5, 2.25, "Ann", "Hello, there.")
BEN = Utterance(2.5, 4.0, "Ben", "Good morning.")
Read = Callable[[bytes], list[Utterance]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def read_bytes(data: bytes) -> list[Utterance]:
        path = tmp_path / "upload"
        path.write_bytes(data)
        return read_workbook(Source("talk.xlsx", path, len(data), "", "upload-1"), tmp_path)

    return read_bytes


def workbook(*sheets: Sequence[Sequence[Any]]) -> bytes:
    """An .xlsx with these sheets; durations are shown as minutes and seconds."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        clock = book.add_format({"num_format": "mm:ss.000"})
        for rows in sheets:
            sheet = book.add_worksheet()
            for number, row in enumerate(rows):
                for place, cell in enumerate(row):
                    sheet.write(number, place, cell, *([clock] if isinstance(cell, timedelta) else []))
    return file.getvalue()


HEADINGS = ["start (s)", "end (s)", "speaker", "text"]
TABLES: dict[str, Sequence[Sequence[Any]]] = {
    "headings": [HEADINGS, [0.5, 2.25, "Ann", "Hello,\nthere."], [2.5, 4, "Ben", "Good morning."]],
    "blank rows": [[], HEADINGS, [], [2.5, 4, "Ben", "Good morning."], [0.5, 2.25, "Ann", "Hello,  there."], [5, 6]],
    "no headings": [[0.5, 2.25, "Ann", "Hello, there."], [2.5, 4, "Ben", "Good morning."]],
    "text": [["Text", "Who", "From", "To"], [ANN.text, "Ann", "0,5", "0:02.25"], [BEN.text, "Ben", "2.5 s", "4.0"]],
    "clock": [
        HEADINGS,
        [timedelta(seconds=0.5), timedelta(seconds=2.25), "Ann", ANN.text],
        [timedelta(seconds=2.5), timedelta(seconds=4), "Ben", BEN.text],
    ],
}


@pytest.mark.parametrize("rows", TABLES.values(), ids=TABLES.keys())
def test_the_first_sheet_with_cells_is_read_as_a_table(read: Read, rows: Sequence[Sequence[Any]]) -> None:
    assert read(workbook([], rows, [["start", "end", "text"], [0, 1, "another sheet"]])) == [ANN, BEN]


def test_computed_times_and_numbers_that_are_spoken_are_read(read: Read) -> None:
    (utterance,) = read(workbook([["start", "end", "text"], [0.1 + 0.2, 1 / 3 + 1, 1984]]))
    assert utterance == Utterance(0.3, 1.333333, None, "1984")


def test_text_is_read_though_it_is_called_a_workbook(read: Read) -> None:
    assert read(b'start,end,speaker,text\n0.5,2.25,Ann,"Hello, there."\n2.5,4,Ben,Good morning.\n') == [ANN, BEN]


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (workbook([]), ErrorCode.BAD_INPUT, "no text"),
        (workbook([["one", "two"], ["three", "four"]]), ErrorCode.BAD_INPUT, "start, end and text"),
        (workbook([["start", "end", "text"], [], ["soon", "later", "hello"]]), ErrorCode.BAD_INPUT, "Row 3"),
        (workbook([["start", "end", "text"], [3, 2, "hello"]]), ErrorCode.BAD_INPUT, "row 2"),
        (workbook([["start", "end", "text"], [-1, 2, "hello"]]), ErrorCode.BAD_INPUT, "Row 2"),
        (workbook([[f"{row} {'x' * 30_000}"] for row in range(300)]), ErrorCode.FILE_TOO_LARGE, "8 MiB"),
        (workbook([["a"]])[:-200], ErrorCode.CORRUPT_FILE, "damaged"),
        (b"%PDF-1.7", ErrorCode.UNSUPPORTED_TYPE, "PDF"),
        (b"", ErrorCode.CORRUPT_FILE, "empty"),
    ],
)
def test_what_is_no_transcript_is_refused(read: Read, data: bytes, code: ErrorCode, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(data)
    assert caught.value.code is code
    assert words in caught.value.message


def test_utterances_of_a_workbook_are_aligned_within_their_times(run_alignment: RunAlignment) -> None:
    text = "Every Friday the farmers bring apples and cheese to the market."
    speech = say(text)
    rows: list[list[Any]] = [["start", "end", "speaker", "text"], [0.0, speech.seconds, "Ada", text]]
    run = run_alignment({"a.wav": wav(speech.samples), "a.xlsx": workbook(rows)}, transcripts="TABLE")

    assert (run.error, run.items[0].status) == ("", ItemStatus.COMPLETED)
    assert [word for word, _, _ in run.words()] == text.rstrip(".").split()
