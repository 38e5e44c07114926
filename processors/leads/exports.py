"""The files of a finished batch of leads: leads.csv, leads.xlsx and report.json."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson

from processors.contract import FileRole, ItemResult, ItemStatus, LogLevel, MadeFile, Work
from processors.leads.fields import LABELS
from processors.leads.report import Report
from processors.leads.spreadsheet import FORMULA_STARTS, RowSheet, new_workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROGRESS_EVERY = 1_000
_LEFT_OUT_HEADINGS = ("Row", "Status", "Reason", *LABELS.values())
_RISKY_STARTS = (*FORMULA_STARTS, "\t", "\r")


class Exports:
    """The two files of rows while they are being written: kept leads in both, the others on the second sheet."""

    def __init__(self, stack: ExitStack, folder: Path, extra: list[str]) -> None:
        self.csv_path, self.xlsx_path = folder / "leads.csv", folder / "leads.xlsx"
        self._extra = extra
        headings = (*LABELS.values(), "Score", "Reasons", "Row", *extra)
        # utf-8-sig: Excel takes a CSV without a byte order mark for the local code page.
        file = stack.enter_context(self.csv_path.open("w", encoding="utf-8-sig", newline="", errors="replace"))
        self._csv = csv.writer(file)
        self._csv.writerow([quoted(heading) for heading in headings])
        workbook, bold, quoted_format = new_workbook(str(self.xlsx_path))
        stack.callback(workbook.close)
        self._kept: RowSheet = workbook.add_worksheet("Leads", RowSheet)
        self._left_out: RowSheet = workbook.add_worksheet("Not kept", RowSheet)
        self._kept.begin(headings, bold, quoted_format)
        self._left_out.begin(_LEFT_OUT_HEADINGS, bold, quoted_format)
        stack.callback(self._kept.end)
        stack.callback(self._left_out.end)
        self.cut_rows = 0

    def add(self, item: ItemResult, lead: dict[str, Any]) -> None:
        """Write one lead where it belongs; what a sheet cannot hold any more is counted in `cut_rows`."""
        fields = [lead.get(field) for field in LABELS]
        if item.status is ItemStatus.COMPLETED:
            extra = lead.get("extra") or {}
            values = [*fields, lead["score"], "; ".join(lead["reasons"]), lead["row"], *(extra.get(name) for name in self._extra)]
            self._csv.writerow([quoted(value) for value in values])
            sheet = self._kept
        else:
            reason = item.skip_reason or (item.error.message if item.error else "")
            status = "duplicate" if item.status is ItemStatus.SKIPPED else "invalid"
            values = [lead.get("row"), status, reason, *fields]
            sheet = self._left_out
        if sheet.is_full:
            self.cut_rows += 1
        else:
            sheet.add(values)


def write_exports(work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
    """Write all three files and yield them; reads `results` once, and keeps none of them."""
    plan = orjson.loads(work.spool["plan.json"].read_bytes())
    report = Report(plan)
    with ExitStack() as stack:
        exports = Exports(stack, work.folder, plan["extra"])
        for number, item in enumerate(results, 1):
            lead = orjson.loads(item.result) if item.result else {}
            exports.add(item, lead)
            report.count(item, lead)
            if number % PROGRESS_EVERY == 0:
                work.progress(number, plan["rows"])
    if exports.cut_rows:
        message = f"leads.xlsx lacks {exports.cut_rows:,} rows that no sheet can hold; leads.csv has every kept lead."
        work.log(LogLevel.WARNING, message)
    report_path = work.folder / "report.json"
    options = work.options.model_dump(by_alias=True, mode="json")
    report_path.write_bytes(orjson.dumps(report.summary(options, exports.cut_rows), option=orjson.OPT_INDENT_2))
    yield MadeFile(exports.csv_path, "leads.csv", "text/csv; charset=utf-8")
    yield MadeFile(exports.xlsx_path, "leads.xlsx", XLSX)
    yield MadeFile(report_path, "report.json", "application/json", FileRole.REPORT)


def quoted(value: str | int | None) -> str | int | None:
    """`value` for a CSV cell: text that a spreadsheet would take for a formula gets an apostrophe in front.

    Source: OWASP, CSV Injection.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY_STARTS) else value
