"""CSV for people.

UTF-8 with a mark, so that Excel reads it right, and lines that end in CR LF (RFC 4180).
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from processors.tables.cells import TextRow, Values, text_row

BATCH = 500
MARK = "\ufeff"
LINE_END = "\r\n"


class Lines(list[str]):
    """Lines of text that wait to be written; to a writer of the standard library it is a file."""

    write = list.append


class CsvExport:
    """Writes rows as they come; text that a spreadsheet would take for a formula gets a leading apostrophe."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        self.file = path.open("wb")
        self.waiting = Lines([MARK])
        self.quoting_writer = csv.writer(self.waiting, lineterminator=LINE_END)
        self.add(list(headings))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        self.file.close()

    def add(self, values: Values) -> None:
        """The next row."""
        self.add_row(text_row(values))

    def add_row(self, row: TextRow) -> None:
        """The next row, whose text was looked at already."""
        values = quote_cells(row) if row.formulas else row.values
        if "," in row.text or '"' in row.text or not row.is_printable:
            self.quoting_writer.writerow(values)
        else:
            cells = [value if type(value) is str else "" if value is None else str(value) for value in values]
            self.waiting.append(",".join(cells) + LINE_END)
        if len(self.waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        self.file.write("".join(self.waiting).encode())
        self.waiting.clear()


def quote_cells(row: TextRow) -> Values:
    """The cells of `row`, with an apostrophe before all text that begins like a formula."""
    values = row.values.copy()
    for place in row.formulas:
        values[place] = f"'{values[place]}"
    return values
