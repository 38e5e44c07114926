"""leads.csv: UTF-8 with a mark, so that Excel reads it right, and lines that end in CR LF (RFC 4180)."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from processors.leads.sheets import FORMULA_STARTS, Values

BATCH = 500


class CsvExport:
    """Writes rows as they come; text that a spreadsheet would take for a formula gets a leading apostrophe."""

    def __init__(self, path: Path, headings: Sequence[str]) -> None:
        self.file = path.open("w", encoding="utf-8-sig", newline="")
        self.writer = csv.writer(self.file, lineterminator="\r\n")
        self.rows: list[Values] = [list(headings)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.flush()
        self.file.close()

    def add(self, values: Values) -> None:
        """The next row."""
        self.rows.append(values)
        if len(self.rows) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait."""
        self.writer.writerows(map(quote_row, self.rows))
        self.rows = []


def quote_row(values: Values) -> Values:
    """`values` with an apostrophe before all text that begins like a formula."""
    return ["'" + value if type(value) is str and value and value[0] in FORMULA_STARTS else value for value in values]
