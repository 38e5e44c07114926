"""Planning a file of leads: choosing its table, spooling its rows, and settling who is in it twice."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import FileRole, LogLevel, MadeFile, PlannedSlice, Source, Work
from processors.leads.columns import REACHING, Layout, find_layout
from processors.leads.delimited import read_delimited
from processors.leads.duplicates import KeyCollector, find_duplicates
from processors.leads.fields import LABELS
from processors.leads.formats import TableKind, find_kind
from processors.leads.leads import Cells, LeadReader
from processors.leads.mapping import Column, Mapping
from processors.leads.options import LeadsOptions
from processors.leads.spool import DUPLICATES, PLAN, ROWS, Plan, pack_duplicates
from processors.leads.tables import Table, column_letter
from processors.leads.text import clean_row
from processors.leads.workbooks import list_tables, open_workbook

CleanRow = tuple[int, list[str | None]]

SAMPLE_ROWS = 250
"""Non-blank rows in which the header and the columns are looked for."""
PROGRESS_EVERY = 1_000


class Watcher(Protocol):
    """Looks at every row while it is spooled."""

    def add(self, cells: Cells) -> None:
        """The next row."""


class ColumnWatch:
    """Finds the columns that have no heading and get their first value below the rows that were looked at."""

    def __init__(self, mapping: Mapping) -> None:
        known = {column.index for column in mapping.columns}
        self.width = max(known) + 1
        self.gaps = [index for index in range(self.width) if index not in known]
        self.late: set[int] = set()

    def add(self, cells: Cells) -> None:
        """The next row."""
        if len(cells) > self.width:
            self.late.update(index for index in range(self.width, len(cells)) if cells[index])
        if self.gaps:
            self.late.update(index for index in self.gaps if index < len(cells) and cells[index])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The table to read: its layout, and its data rows (clean, without blank ones), to be read once."""

    table: Table
    layout: Layout
    rows: Iterator[CleanRow]


def plan_leads(work: Work, options: LeadsOptions, source: Source) -> Iterator[PlannedSlice | MadeFile]:
    """Yield the slices of `source` while its rows are spooled, then the files that the slices need.

    Raises Refusal for what cannot be read, as the modules for each format say, and BAD_INPUT for what has no leads.
    """
    chosen = choose_table(work, options, source)
    mapping = chosen.layout.mapping
    tell_layout(work, chosen)
    reader = LeadReader(mapping, options.country)
    collector = KeyCollector(reader)
    watch = ColumnWatch(mapping)
    with (work.folder / ROWS).open("wb") as file:
        yield from spool_rows(work, options, chosen, (collector, watch), file)
    mapping = mapping.with_columns(sorted(watch.late))
    for warning in chosen.table.warnings:
        work.log(LogLevel.WARNING, warning)
    suspects = collector.suspects()
    duplicates = find_duplicates(reader, read_back(work.folder / ROWS, suspects), suspects)
    (work.folder / DUPLICATES).write_bytes(pack_duplicates(collector.count, duplicates))
    table = chosen.table
    plan = Plan(mapping, source.name, table.about, table.sheet, collector.count, tuple(table.warnings))
    (work.folder / PLAN).write_bytes(plan.to_bytes())
    work.log(LogLevel.INFO, f"{collector.count:,} leads, {len(duplicates):,} of them duplicates of others.")
    for name, content_type in ((ROWS, "application/x-ndjson"), (DUPLICATES, "application/octet-stream")):
        yield MadeFile(work.folder / name, name, content_type, FileRole.INTERMEDIATE)
    yield MadeFile(work.folder / PLAN, PLAN, "application/json", FileRole.INTERMEDIATE)


def spool_rows(
    work: Work, options: LeadsOptions, chosen: Chosen, watchers: Sequence[Watcher], file: BinaryIO
) -> Iterator[PlannedSlice]:
    """Write each row to `file`, show it to the watchers, and yield a slice for every `batchSize` of them."""
    offset = 0
    total = chosen.table.total_rows
    while batch := list(islice(chosen.rows, options.batch_size)):
        lines = b"".join(orjson.dumps([number, *cells]) + b"\n" for number, cells in batch)
        file.write(lines)
        for watcher in watchers:
            for _, cells in batch:
                watcher.add(cells)
        last = batch[-1][0]
        if last // PROGRESS_EVERY != batch[0][0] // PROGRESS_EVERY:
            work.progress(last, max(total, last) if total is not None else None)
        yield PlannedSlice([f"Row {number}" for number, _ in batch], {"offset": offset, "bytes": len(lines)})
        offset += len(lines)


def read_back(path: Path, items: Container[int]) -> Iterator[tuple[int, int, list[str | None]]]:
    """The spooled rows of these items, in order."""
    with path.open("rb") as file:
        for item, line in enumerate(file):
            if item in items:
                number, *cells = orjson.loads(line)
                yield item, number, cells


def choose_table(work: Work, options: LeadsOptions, source: Source) -> Chosen:
    """The first table of `source` that holds leads. Raises Refusal, of the first sheet that is not empty, if none does."""
    problem: Refusal | None = None
    for table in list_source(work, options, source):
        try:
            chosen = look_at(table, options)
        except Refusal as refusal:
            if refusal.code is not ErrorCode.BAD_INPUT:
                raise
            problem = problem or refusal
            continue
        if chosen:
            return chosen
    raise problem or Refusal(ErrorCode.BAD_INPUT, "There is no table in the file: all of it is empty.")


def list_source(work: Work, options: LeadsOptions, source: Source) -> Iterator[Table]:
    """The tables of `source`, in the order in which they are considered."""
    kind = find_kind(source)
    if kind is not TableKind.TEXT:
        work.log(LogLevel.INFO, f"Reading a workbook ({kind.value}).")
        yield from list_tables(open_workbook(source.path, kind, work.folder), options.sheet)
    elif options.sheet is not None:
        message = f'There is no sheet "{options.sheet}": a text file has no sheets. Leave the option "sheet" out.'
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.sheet")
    else:
        yield read_delimited(source.path)


def look_at(table: Table, options: LeadsOptions) -> Chosen | None:
    """`table` with its layout, or None where it is empty.

    Raises Refusal BAD_INPUT where it has no rows below its header, or no column by which to reach anybody.
    """
    rows = filled_rows(table)
    sample = list(islice(rows, SAMPLE_ROWS))
    if not sample:
        return None
    cells = [row for _, row in sample]
    layout = find_layout(cells, [number for number, _ in sample], options)
    where = f'The sheet "{table.sheet}"' if table.sheet else "The file"
    if layout.header is not None and layout.data >= len(sample):
        raise Refusal(ErrorCode.BAD_INPUT, f"{where} has a header but no rows.")
    if not any(layout.mapping.sources(field) for field in REACHING):
        message = (
            f"{where} has no column in which e-mail addresses or phone numbers were found. Name it with the option "
            '"columns", for example {"email": "C"}.'
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.columns")
    return Chosen(table, layout, data_rows(sample, layout, rows))


def filled_rows(table: Table) -> Iterator[CleanRow]:
    """The rows of `table`, clean, without the blank ones."""
    for number, raw in table.rows:
        cells = clean_row(raw)
        if any(cells):
            yield number, cells


def data_rows(sample: list[CleanRow], layout: Layout, rest: Iterator[CleanRow]) -> Iterator[CleanRow]:
    """The rows below the header, without repetitions of the header, as files have that were put together."""
    header: Sequence[str | None] | None = sample[layout.header][1] if layout.header is not None else None
    return (row for row in chain(sample[layout.data :], rest) if row[1] != header)


def tell_layout(work: Work, chosen: Chosen) -> None:
    """Log which table is read, where its header is and which columns were recognised."""
    mapping = chosen.layout.mapping
    header = f"the header is row {mapping.header_row}" if mapping.header_row else "it has no header row"
    work.log(LogLevel.INFO, f"Reading {chosen.table.about}; {header}.")
    used = [column for column in mapping.columns if column.field and column.found_by != "fallback"]
    parts = [f"{LABELS[one.field]} from {heading_or_letter(mapping, one)}" for one in used if one.field]
    work.log(LogLevel.INFO, f"Columns: {', '.join(parts)}; {len(mapping.extras())} more are kept as they are.")


def heading_or_letter(mapping: Mapping, column: Column) -> str:
    """What people call a column."""
    return f'"{column.heading}"' if mapping.header_row else f"column {column_letter(column.index)}"
