"""Readers of workbooks, timed: each reads every row, in its own process.

    python -m benchmarks.workbooks.reading openpyxl PATH

It prints its `Reading` as JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import openpyxl
import python_calamine

READER_NAMES = ("openpyxl", "calamine")


@dataclass(frozen=True)
class Reading:
    """What one library took, from opening to the last row; `rows` with the headings."""

    rows: int
    seconds: float
    cpu_seconds: float


def main() -> None:
    """Read."""
    name, path = sys.argv[1:]
    began, cpu_began = time.perf_counter(), time.process_time()
    rows = READERS[name](path)
    reading = Reading(rows, time.perf_counter() - began, time.process_time() - cpu_began)
    print(json.dumps(asdict(reading)), flush=True)


def read_by_openpyxl(path: str) -> int:
    """The number of rows, each made a tuple of values, in the mode that openpyxl has for large workbooks."""
    workbook = openpyxl.load_workbook(path, read_only=True)
    return sum(count_rows(sheet.iter_rows(values_only=True)) for sheet in workbook.worksheets)


def read_by_calamine(path: str) -> int:
    """The number of rows, each made a list of values."""
    workbook = python_calamine.CalamineWorkbook.from_path(path)
    return sum(count_rows(workbook.get_sheet_by_name(name).iter_rows()) for name in workbook.sheet_names)


def count_rows(rows: Iterable[object]) -> int:
    """How many there are, keeping none."""
    return sum(1 for _ in rows)


READERS: dict[str, Callable[[str], int]] = dict(zip(READER_NAMES, (read_by_openpyxl, read_by_calamine), strict=True))


async def time_reader(name: str, path: Path) -> Reading:
    """What the library `name` takes for the workbook at `path`."""
    command = [sys.executable, "-m", __spec__.name, name, str(path)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=os.environ)
    printed, _ = await process.communicate()
    if process.returncode:
        sys.exit(f"{name} could not read the workbook.")
    return Reading(**json.loads(printed))


if __name__ == "__main__":
    main()
