"""Writers of leads.csv and leads.xlsx: in this process, or in one beside it, which starts sooner for how little is imported here."""

import os
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self

import orjson

from processors.leads.xlsx_export import XlsxExport
from processors.tables.cells import Values, text_row
from processors.tables.csv_export import CsvExport

Sheets = Sequence[tuple[str, Sequence[str]]]
"""The name and the headings of each of the two sheets: of the leads that are kept, which are in leads.csv, too, and of the others."""
CSV_NAME, XLSX_NAME = "leads.csv", "leads.xlsx"
BOOT = """import sys
sys.path[:] = sys.argv[2:]
from processors.leads.result_tables import main
main(sys.argv[1])"""
BUFFER_BYTES, PIPE_BYTES = 2**16, 2**20
END = b"null\n"
"""What the program reads where it has been told all."""


class ResultTables(Protocol):
    """The tables of a job while its rows come; they are whole when the context is left without an error."""

    def __enter__(self) -> Self:
        """Itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, and close the files."""

    def add(self, values: Values, *, is_kept: bool) -> None:
        """The next row: a lead that is kept, or one for the sheet of those that are not."""


class TableWriter:
    """Writes the tables into `folder`; the texts of `shared_column` repeat often among the leads that are kept."""

    def __init__(self, folder: Path, sheets: Sheets, shared_column: int) -> None:
        self.exits = ExitStack()
        self.table = self.exits.enter_context(CsvExport(folder / CSV_NAME, sheets[0][1]))
        book = XlsxExport(folder / XLSX_NAME, folder / "not-kept.xml", sheets, shared_column)
        self.kept, self.others = self.exits.enter_context(book).rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.exits.__exit__(kind, error, trace)

    def add(self, values: Values, *, is_kept: bool) -> None:
        """See `ResultTables`."""
        if is_kept:
            row = text_row(values)
            self.table.add_row(row)
            self.kept.add_row(row)
        else:
            self.others.add(values)


class TableProgram:
    """As `TableWriter`, in a process of its own, so that what is written is made beside what is counted.

    It is told the sheets and then each row in lines of JSON, and ends by itself, with nothing written to the end, where
    this process does.
    """

    def __init__(self, folder: Path, sheets: Sheets, shared_column: int) -> None:
        command = [sys.executable, "-c", BOOT, str(folder), *sys.path]
        self.process = subprocess.Popen(command, BUFFER_BYTES, stdin=subprocess.PIPE, pipesize=PIPE_BYTES)
        assert self.process.stdin is not None  # noqa: S101  it was started with a pipe
        self.pipe = self.process.stdin
        self.pipe.write(orjson.dumps((sheets, shared_column)) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(BrokenPipeError):
            if kind is None:
                self.pipe.write(END)
            self.pipe.close()
        code = self.process.wait()
        if code and kind in {None, BrokenPipeError}:
            raise _failure(code)

    def add(self, values: Values, *, is_kept: bool) -> None:
        """See `ResultTables`."""
        self.pipe.write(orjson.dumps((is_kept, values)) + b"\n")


def main(folder: str) -> None:
    """The program: write into `folder` what comes through standard input; what the system refuses is told by its number."""
    try:
        _write_tables(Path(folder), sys.stdin.buffer)
    except OSError as error:
        traceback.print_exc()
        sys.exit(error.errno)


def _write_tables(folder: Path, lines: IO[bytes]) -> None:
    with TableWriter(folder, *orjson.loads(lines.readline())) as tables:
        for line in lines:
            if line == END:
                return
            is_kept, values = orjson.loads(line)
            tables.add(values, is_kept=is_kept)
        sys.exit("who tells the rows has gone")


def _failure(code: int) -> OSError:
    """Why the program ended with `code`: 1 is an error in it, a number below 0 a signal."""
    if code > 1:
        return OSError(code, os.strerror(code))
    return ChildProcessError(f"the program that writes the tables ended with {code}")
