"""Writing the results of a batch of sheets; items are read once."""

from collections.abc import Iterable, Iterator
from typing import Any, Self

import orjson
import xlsxwriter

from processors.contract import FileRole, ItemResult, LogLevel, MadeFile, Work
from processors.omr.results.annotated import AnnotatedSheets
from processors.omr.results.keys import AnswerKey, Score, score_sheet
from processors.omr.results.report import SheetTally
from processors.omr.roster import Roster
from processors.omr.template.layout import Template
from processors.tables.csv_export import CsvExport

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADINGS = ("sheet", "status", "student", "studentName", "page", "score", "maxScore", "needsReview")
REVIEW_HEADINGS = ("sheet", "field", "value", "status", "confidence", "why")


def finish_sheets(
    work: Work, template: Template, key: AnswerKey | None, roster: Roster | None, results: Iterable[ItemResult]
) -> Iterator[MadeFile]:
    """Write the files and yield them. Every page is a row of the answers, whatever became of it."""
    names = ("answers.csv", "answers.xlsx", "review.csv", "annotated.pdf", "report.json")
    answers, book, review, annotated, report = (work.folder / name for name in names)
    tally = SheetTally(roster)
    headings = [*HEADINGS, *(name for name in template.columns if name != template.student)]
    with (
        CsvExport(answers, headings) as table,
        TextSheet(book, headings) as sheet,
        CsvExport(review, REVIEW_HEADINGS) as doubts,
        AnnotatedSheets(annotated, template, key) as pictures,
    ):
        for item in results:
            result: dict[str, Any] = orjson.loads(item.result) if item.result else {}
            score = score_sheet(result["values"], key) if key is not None and "values" in result else None
            values = row_of(item, result, score, headings)
            table.add(values)
            sheet.add(values)
            for doubt in doubts_of(item, result):
                doubts.add(doubt)
            tally.add(item, result, score)
            if "fields" in result:
                pictures.add(item, result, score)
    report.write_bytes(orjson.dumps(tally.report(key), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    work.log(LogLevel.SUCCESS, tally.sentence())
    yield MadeFile(answers, "answers.csv", "text/csv; charset=utf-8")
    yield MadeFile(book, "answers.xlsx", XLSX_TYPE)
    yield MadeFile(review, "review.csv", "text/csv; charset=utf-8")
    if pictures.count:
        yield MadeFile(annotated, "annotated.pdf", "application/pdf")
    yield MadeFile(report, "report.json", "application/json", FileRole.REPORT)


def row_of(
    item: ItemResult, result: dict[str, Any], score: Score | None, headings: list[str]
) -> list[str | int | None]:
    """One page as a row; all of it is text, so that no 00123 becomes 123."""
    row: list[str | int | None] = [
        result.get("name"),
        str(item.status).lower(),
        result.get("student"),
        result.get("studentName"),
        text_of(result.get("page")),
        text_of(score.points if score else None),
        text_of(score.most if score else None),
        "yes" if item.needs_review else "no",
    ]
    values = result.get("values", {})
    return [*row, *(values.get(name, "") for name in headings[len(HEADINGS) :])]


def text_of(value: float | None) -> str:
    """A number as text; empty for none."""
    return "" if value is None else f"{value:g}"


def doubts_of(item: ItemResult, result: dict[str, Any]) -> Iterator[list[str | int | None]]:
    """Rows of the review list: what a person should look at on one page."""
    if not item.needs_review:
        return
    name = result.get("name")
    if item.error is not None:
        yield [name, "", "", "failed", "", item.error.message]
    if result.get("match") == "none":
        yield [name, "student", result["student"], "unknown", "", "The roster has no such student."]
    for field in result.get("fields", ()):
        if field["needsReview"]:
            why = {"multi": "Several marks.", "empty": "A trace of a mark."}.get(field["status"], "Faint or corrected.")
            yield [name, field["field"], field["value"], field["status"], f"{field['confidence']:.2f}", why]


class TextSheet:
    """A workbook of one sheet whose cells are all text; rows are written as they come."""

    def __init__(self, path: Any, headings: list[str]) -> None:
        self._book = xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False})
        self._sheet = self._book.add_worksheet("Answers")
        self._sheet.freeze_panes(1, 0)
        self._rows = 0
        self.add(headings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._book.close()

    def add(self, values: Iterable[str | int | None]) -> None:
        """The next row."""
        for column, value in enumerate(values):
            if value:
                self._sheet.write_string(self._rows, column, str(value))
        self._rows += 1
