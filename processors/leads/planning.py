"""Planning a file of leads: choosing its table, spooling its rows, and settling who is in it twice."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import FileRole, LogLevel, MadeFile, PlannedSlice, Source, Work
from processors.leads.columns import Layout, find_layout
from processors.leads.duplicates import KeyCollector, find_duplicates
from processors.leads.footers import CleanRow, FooterFilter
from processors.leads.judging import REACHING
from processors.leads.leads import Cells, LeadReader
from processors.leads.mapping import Mapping, describe_columns
from processors.leads.options import LeadsOptions
from processors.leads.spool import DUPLICATES, PLAN, ROWS, Plan, pack_duplicates
from processors.tables.delimited import read_delimited
from processors.tables.formats import TableKind, find_kind
from processors.tables.tables import Table
from processors.tables.text import clean_row
from processors.tables.workbooks import list_tables, open_workbook

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
    reader = LeadReader(mapping.identifying(), options.country)
    collector = KeyCollector(reader)
    watch = ColumnWatch(mapping)
    footers = FooterFilter(LeadReader(mapping, options.country))
    with (work.folder / ROWS).open("wb") as file:
        rows = footers.leads(chosen.rows)
        yield from spool_rows(work, options, rows, chosen.table.total_rows, (collector, watch), file)
    mapping = mapping.with_columns(sorted(watch.late))
    warnings = (*chosen.table.warnings, *footers.sentences())
    for warning in warnings:
        work.log(LogLevel.WARNING, warning)
    suspects = collector.suspects()
    duplicates = find_duplicates(reader, read_back(work.folder / ROWS, suspects), suspects)
    (work.folder / DUPLICATES).write_bytes(pack_duplicates(collector.count, duplicates))
    table = chosen.table
    plan = Plan(mapping, source.name, table.about, table.sheet, collector.count, warnings)
    (work.folder / PLAN).write_bytes(plan.to_bytes())
    work.log(LogLevel.INFO, f"{collector.count:,} leads, {len(duplicates):,} of them duplicates of others.")
    for name, content_type in ((ROWS, "application/x-ndjson"), (DUPLICATES, "application/octet-stream")):
        yield MadeFile(work.folder / name, name, content_type, FileRole.INTERMEDIATE)
    yield MadeFile(work.folder / PLAN, PLAN, "application/json", FileRole.INTERMEDIATE)


def spool_rows(
    work: Work,
    options: LeadsOptions,
    rows: Iterator[CleanRow],
    total: int | None,
    watchers: Sequence[Watcher],
    file: BinaryIO,
) -> Iterator[PlannedSlice]:
    """Write each row to `file`, show it to the watchers, and yield a slice for every `batchSize` of them.

    `total` is about how many rows there are, if that is known.
    """
    offset = 0
    while batch := list(islice(rows, options.batch_size)):
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
    """Log which table is read, where its header is, and which column is what."""
    mapping = chosen.layout.mapping
    header = f"the header is row {mapping.header_row}" if mapping.header_row else "it has no header row"
    work.log(LogLevel.INFO, f"Reading {chosen.table.about}; {header}.")
    work.log(LogLevel.INFO, describe_columns(mapping))
