"""Writing the results of a file of leads: leads.csv, leads.xlsx and report.json, in one pass over its items."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from processors.contract import FileRole, ItemResult, ItemStatus, LogLevel, MadeFile, Work
from processors.leads.options import EnrichStep, LeadsOptions
from processors.leads.report import Tally, make_report
from processors.leads.sheet_rows import SheetRows
from processors.leads.sheets import NOT_KEPT, REASONS_COLUMN, LeadSheet, not_kept_values
from processors.leads.spool import PLAN, Plan
from processors.leads.xlsx_export import XlsxExport
from processors.tables.cells import text_row
from processors.tables.csv_export import CsvExport
from processors.tables.tables import MAX_COLUMNS

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROGRESS_EVERY = 1_000


def finish_leads(work: Work, options: LeadsOptions, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
    """Write the files and yield them.

    Leads that are kept are in leads.csv and the first sheet of leads.xlsx, also those that FAILED because they were not enriched.
    """
    plan = Plan.from_bytes(work.spool[PLAN].read_bytes())
    sheet = LeadSheet(plan.mapping, is_enriched=options.enrich is EnrichStep.HTTP)
    csv_path, xlsx_path, report_path = (work.folder / name for name in ("leads.csv", "leads.xlsx", "report.json"))
    tally = Tally()
    sheets = (("Leads", sheet.headings), ("Not kept", NOT_KEPT))
    with (
        CsvExport(csv_path, sheet.headings) as table,
        XlsxExport(xlsx_path, work.folder / "not-kept.xml", sheets, REASONS_COLUMN) as book,
    ):
        for done, item in enumerate(results, 1):
            write_item(item, sheet, tally, table, book)
            if done % PROGRESS_EVERY == 0:
                work.progress(done, plan.items)
    notes = list(find_limits(book.rows[0], sheet))
    for note in notes:
        work.log(LogLevel.WARNING, note)
    report = make_report(plan, options, tally, sheet.headings, notes)
    report_path.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    tell_totals(work, report["totals"])
    if tally.not_enriched:
        work.log(LogLevel.WARNING, f"{tally.not_enriched.total():,} leads were not enriched; report.json says why.")
    yield MadeFile(csv_path, "leads.csv", "text/csv; charset=utf-8")
    yield MadeFile(xlsx_path, "leads.xlsx", XLSX_TYPE)
    yield MadeFile(report_path, "report.json", "application/json", FileRole.REPORT)


def write_item(item: ItemResult, sheet: LeadSheet, tally: Tally, table: CsvExport, book: XlsxExport) -> None:
    """Put one item where it belongs."""
    result: dict[str, Any] = orjson.loads(item.result) if item.result else {}
    if "score" in result:
        values = sheet.values(result)
        tally.add_kept(result, values)
        row = text_row(values)
        table.add_row(row)
        book.rows[0].add_row(row)
    elif item.status in {ItemStatus.FAILED, ItemStatus.SKIPPED}:
        tally.add_left_out(item.status, result)
        book.rows[1].add(not_kept_values(item, result))


def find_limits(rows: SheetRows, sheet: LeadSheet) -> Iterator[str]:
    """Sentences about what did not fit into leads.xlsx."""
    if rows.left_out:
        yield f"leads.xlsx holds the first {rows.count - 1:,} leads; leads.csv has all of them, {rows.left_out:,} more."
    if len(sheet.headings) > MAX_COLUMNS:
        yield f"leads.xlsx holds the first {MAX_COLUMNS:,} columns; leads.csv has all {len(sheet.headings):,}."


def tell_totals(work: Work, totals: dict[str, int]) -> None:
    """Log what came out."""
    message = (
        f"{totals['kept']:,} of {totals['leads']:,} leads kept, {totals['duplicates']:,} duplicates left out, "
        f"{totals['invalid']:,} that reach nobody."
    )
    work.log(LogLevel.SUCCESS, message)
