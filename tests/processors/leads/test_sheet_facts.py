"""Facts of .xlsx sheets: hidden rows, formulas without a value, number formats."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from processors.tables.formats import TableKind
from processors.tables.number_formats import read_format
from processors.tables.sheet_facts import SheetFacts
from processors.tables.workbooks import list_tables, open_workbook
from processors.tables.xml_parts import whole_tags
from tests.processors.leads.conftest import RunLeads
from tests.processors.tables.workbooks_for_tests import (
    FRAME,
    NAMESPACE,
    SHEET,
    Reader,
    cell,
    workbook_of,
    written,
    zipped,
)

Write = Callable[[Any, Any], None]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def leads_workbook(write: Write) -> bytes:
    """A workbook with three leads behind another sheet, to which `write(book, sheet)` does something."""

    def fill(book: Any) -> None:
        book.add_worksheet("Start").set_row(1, None, None, {"hidden": True})
        sheet = book.add_worksheet("Kontakte & Ü")
        sheet.write_row(0, 0, ["Name", "E-mail", "PLZ"])
        for number, name in enumerate(("anna", "ben", "cara"), 1):
            sheet.write_row(number, 0, [name, f"{name}@example.com"])
        write(book, sheet)

    return written(fill)


def hide(book: Any, sheet: Any) -> None:
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.set_row(3, None, None, {"hidden": True})
    sheet.set_row(99, None, None, {"hidden": True})  # blank: nothing is read there


def test_hidden_rows_are_read_and_said(run_leads: RunLeads) -> None:
    run = run_leads("a.xlsx", leads_workbook(hide))
    assert [result["email"] for result in run.results] == ["anna@example.com", "ben@example.com", "cara@example.com"]
    note = "Rows that the sheet hides are read like the others: rows 2 and 4."
    assert run.report["notes"] == [note]
    assert note in run.lines


def test_a_workbook_that_hides_nothing_has_no_notes(run_leads: RunLeads) -> None:
    assert run_leads("a.xlsx", leads_workbook(lambda book, sheet: None)).report["notes"] == []


@pytest.mark.parametrize(
    ("formula", "is_saved"),
    [
        ('<c r="B1"><f>A1</f></c>', False),
        ('<c r="B1"><f>A1</f><v></v></c>', False),
        ('<c r="B1"><f>A1</f><v/></c>', False),
        ('<c r="B1" s="0"><f t="shared" si="0"/></c>', False),
        ('<c r="B1" t="str"><f>A1</f></c>', False),
        ("<c r='B1'><f>A1</f></c>", False),
        ('<c r="B1"><f>A1</f><v>5</v></c>', True),
        ('<c r="B1" t="str"><f>A1</f><v></v></c>', True),
        ('<c r="B1" t="e"><f>A1</f><v>#N/A</v></c>', True),
        ("<c r='B1'><f>A1</f><v>5</v></c>", True),
    ],
)
def test_formulas_without_a_saved_value_are_told_from_others(reader: Reader, formula: str, *, is_saved: bool) -> None:
    path = reader.save(workbook_of(f'<row r="1">{cell("A1")}{formula}</row>'))
    notes = read_warnings(path, reader.folder)
    sentence = (
        "Formulas without a saved value (1: B1) are read as empty. Open the workbook in a spreadsheet program and save it "
        "to have their values."
    )
    assert notes == ([] if is_saved else [sentence])


def read_warnings(path: Path, folder: Path) -> list[str]:
    """The warnings of the first sheet, once its rows have been read."""
    table = next(list_tables(open_workbook(path, TableKind.XLSX, folder), None))
    list(table.rows)
    return table.warnings


def test_many_formulas_are_counted() -> None:
    facts = SheetFacts({})
    xml = "".join(f'<c r="C{n}"><f>SUM(A{n}:B{n})</f><v></v></c>' for n in range(1, 50_001)).encode()
    for block in whole_tags(xml[place : place + 4096] for place in range(0, len(xml), 4096)):
        facts.add_block(block)
    assert next(facts.notes.sentences()).startswith(
        "Formulas without a saved value (50,000: C1, C2, C3, C4, C5, C6, C7, C8, C9, C10 and more) are read as empty."
    )


@pytest.mark.parametrize(
    ("code", "value", "shown"),
    [
        ("00000", 1067, "01067"),
        ("00000", 123456, "123456"),
        ("00000;-00000;;@", 7, "00007"),
        ('"K-"000000', 42, "K-000042"),
        ('"K-"0', 42, "K-42"),
        ("0000 0000000", 1701234567, "0170 1234567"),
        (r"000\-00\-0000", 12345678, "012-34-5678"),
        ("+0", 4915112345678, "+4915112345678"),
        (r"\D\-00000", 1067, "D-01067"),
        ("(000) 000-0000", 2025550123, "(202) 555-0123"),
        ("[$-407]00000", 1067, "01067"),
        ("[Red]00000", 1067, "01067"),
        ("00#", 5, "005"),
        ("0000", 0, "0000"),
    ],
)
def test_a_format_that_names_numbers_shows_them(code: str, value: int, shown: str) -> None:
    found = read_format(code)
    assert found is not None
    assert found.show(float(value)) == shown


@pytest.mark.parametrize(
    "code",
    ["General", "0", "0.00", "#,##0", "00.0", "0%", "0.00E+00", "yyyy-mm-dd", "[hh]:mm", "@", '0 "km"', "$#,##0", "[$€-407] 0",
     "[<=9999999]###-####;(###) ###-####", "# ??/??", "", ";", '"', '"nur Text"', "hh:mm"],
)  # fmt: skip
def test_other_formats_are_left_to_the_value(code: str) -> None:
    assert read_format(code) is None


@pytest.mark.parametrize("value", [-5.0, 1.5, "x", None, True, 1e300, float("inf"), float("nan")])
def test_only_whole_numbers_are_shown(value: Any) -> None:
    found = read_format("00000")
    assert found is not None
    assert found.show(value) is value


def write_formats(book: Any, sheet: Any) -> None:
    postal, date = book.add_format({"num_format": "00000"}), book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_number(1, 2, 1067, postal)
    sheet.write_number(2, 2, 80331, postal)
    sheet.write_number(3, 2, 1067)
    sheet.write_number(3, 5, 45_413, date)


def test_numbers_are_read_as_their_formats_show_them(run_leads: RunLeads) -> None:
    results = run_leads("a.xlsx", leads_workbook(write_formats)).results
    assert [result["extra"]["PLZ"] for result in results] == ["01067", "80331", "1067"]
    assert results[2]["extra"]["Column F"] == "2024-05-01"


def test_a_phone_number_with_zeros_of_its_format_is_valid(run_leads: RunLeads) -> None:
    def write(book: Any, sheet: Any) -> None:
        sheet.write(0, 3, "Telefon")
        sheet.write_number(1, 3, 3023125001, book.add_format({"num_format": "00000000000"}))

    assert run_leads("a.xlsx", leads_workbook(write), country="DE").results[0]["phone"] == "+493023125001"


STYLES = f'<styleSheet xmlns="{NAMESPACE}"><numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts><cellXfs>'


@pytest.mark.parametrize(
    ("styles", "number"),
    [
        (f'{STYLES}<xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>', "<c r='B1' s='1'><v>7</v></c>"),
        (
            f'{STYLES}<xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>',
            '<c r="B1" s="1" t="n"><v>7</v></c>',
        ),
    ],
)
def test_formats_are_found_however_the_xml_is_written(reader: Reader, styles: str, number: str) -> None:
    sheet = f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="1">{cell("A1")}{number}</row></sheetData></worksheet>'
    data = zipped({**FRAME, SHEET: sheet, "xl/styles.xml": styles})
    assert reader.tables(data)["S"] == [["x", "00007"]]


def test_styles_that_only_the_facts_need_hold_up_nobody(reader: Reader) -> None:
    sheet = f'<worksheet xmlns="{NAMESPACE}"><sheetData><row r="1">{cell("A1")}</row></sheetData></worksheet>'
    assert reader.tables(zipped({**FRAME, SHEET: sheet, "xl/other/styles.xml": "<styleSheet"}))["S"] == [["x"]]
