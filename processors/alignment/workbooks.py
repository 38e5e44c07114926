"""Transcripts in workbooks: the first sheet that holds cells, with start, end, speaker and text."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from processors.alignment.transcripts import (
    NumberedRow,
    Utterance,
    cell_utterances,
    check_size,
    in_order,
    read_transcript,
)
from processors.contract import Source
from processors.tables.formats import TableKind, find_kind
from processors.tables.tables import Table
from processors.tables.text import Cell, clean_cell
from processors.tables.workbooks import list_tables, open_workbook


def read_workbook(source: Source, folder: Path) -> list[Utterance]:
    """The utterances of the workbook `source` in their order, or of text that is called one; `folder` is for its reader.

    Raises Refusal: as `read_transcript` does for tables, as `find_kind` and as `open_workbook`.
    """
    kind = find_kind(source)
    if kind is TableKind.TEXT:
        return read_transcript("text.csv", source.path.read_bytes())
    for table in list_tables(open_workbook(source.path, kind, folder), None):
        if rows := list(written_rows(table)):
            return in_order(cell_utterances(rows))
    return in_order([])


def written_rows(table: Table) -> Iterator[NumberedRow]:
    """The rows that are not blank. Raises Refusal FILE_TOO_LARGE."""
    count = 0
    for number, cells in table.rows:
        row = [cell_text(cell) for cell in cells]
        count += sum(map(len, row))
        check_size(count)
        if any(row):
            yield number, row


def cell_text(cell: Cell) -> str:
    """A cell as it would stand in a text file; numbers to the microsecond, durations in seconds."""
    if isinstance(cell, timedelta):
        cell = cell.total_seconds()
    if isinstance(cell, float):
        return f"{cell:.6f}".rstrip("0").rstrip(".")
    return clean_cell(cell) or ""
