"""Writing the results of a file of leads: leads.csv, leads.xlsx and report.json, in one pass over its items."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from processors.contract import FileRole, ItemResult, ItemStatus, LogLevel, MadeFile, Work
from processors.leads.options import EnrichStep, LeadsOptions
from processors.leads.report import Tally, make_report
from processors.leads.result_tables import CSV_NAME, XLSX_NAME, ResultTables, Sheets, TableProgram, TableWriter
from processors.leads.sheets import NOT_KEPT, REASONS_COLUMN, LeadSheet, not_kept_values
from processors.leads.spool import PLAN, Plan
from processors.tables.tables import MAX_COLUMNS, MAX_ROWS

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROGRESS_EVERY = 1_000
MANY_ITEMS = 20_000
"""From so many on, starting a program that writes their tables takes less than it saves."""


def finish_leads(
    work: Work, options: LeadsOptions, results: Iterable[ItemResult], many_items: int = MANY_ITEMS
) -> Iterator[MadeFile]:
    """Write the files and yield them.

    Leads that are kept are in leads.csv and the first sheet of leads.xlsx, also those that FAILED because they were not enriched.
    """
    plan = Plan.from_bytes(work.spool[PLAN].read_bytes())
    sheet = LeadSheet(plan.mapping, is_enriched=options.enrich is EnrichStep.HTTP)
    tally = Tally()
    writer: Callable[[Path, Sheets, int], ResultTables] = TableProgram if plan.items >= many_items else TableWriter
    with writer(work.folder, (("Leads", sheet.headings), ("Not kept", NOT_KEPT)), REASONS_COLUMN) as tables:
        for done, item in enumerate(results, 1):
            add_item(item, sheet, tally, tables)
            if done % PROGRESS_EVERY == 0:
                work.progress(done, plan.items)
    notes = list(find_limits(tally.kept, sheet))
    for note in notes:
        work.log(LogLevel.WARNING, note)
    report = make_report(plan, options, tally, sheet.headings, notes)
    report_path = work.folder / "report.json"
    report_path.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    tell_totals(work, report["totals"])
    if tally.not_enriched:
        work.log(LogLevel.WARNING, f"{tally.not_enriched.total():,} leads were not enriched; report.json says why.")
    yield MadeFile(work.folder / CSV_NAME, CSV_NAME, "text/csv; charset=utf-8")
    yield MadeFile(work.folder / XLSX_NAME, XLSX_NAME, XLSX_TYPE)
    yield MadeFile(report_path, "report.json", "application/json", FileRole.REPORT)


def add_item(item: ItemResult, sheet: LeadSheet, tally: Tally, tables: ResultTables) -> None:
    """Put one item where it belongs."""
    result: dict[str, Any] = orjson.loads(item.result) if item.result else {}
    if "score" in result:
        values = sheet.values(result)
        tally.add_kept(result, values)
        tables.add(values, is_kept=True)
    elif item.status in {ItemStatus.FAILED, ItemStatus.SKIPPED}:
        tally.add_left_out(item.status, result)
        tables.add(not_kept_values(item, result), is_kept=False)


def find_limits(kept: int, sheet: LeadSheet, max_rows: int = MAX_ROWS) -> Iterator[str]:
    """Sentences about what does not fit into leads.xlsx, which has the headings in its first row."""
    if kept >= max_rows:
        yield (
            f"leads.xlsx holds the first {max_rows - 1:,} leads; leads.csv has all of them, {kept - max_rows + 1:,} more."
        )
    if len(sheet.headings) > MAX_COLUMNS:
        yield f"leads.xlsx holds the first {MAX_COLUMNS:,} columns; leads.csv has all {len(sheet.headings):,}."


def tell_totals(work: Work, totals: dict[str, int]) -> None:
    """Log what came out."""
    message = (
        f"{totals['kept']:,} of {totals['leads']:,} leads kept, {totals['duplicates']:,} duplicates left out, "
        f"{totals['invalid']:,} that reach nobody."
    )
    work.log(LogLevel.SUCCESS, message)
