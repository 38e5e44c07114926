"""Reading .ods workbooks: those of LibreOffice and of others, odd cells, hostile ones."""

import tracemalloc
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from base.errors import ErrorCode
from processors.tables.opendocument import OdsWorkbook
from processors.tables.tables import column_letter
from processors.tables.text import Cell, clean_cell
from tests.processors.leads.conftest import RunLeads
from tests.processors.tables.workbooks_for_tests import Reader, ods_of, zipped

OFFICE = "urn:oasis:names:tc:opendocument:xmlns:"
__all__ = ["reader"]


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def text_cell(content: str, attributes: str = "") -> str:
    """A cell of text whose markup is `content`."""
    return f'<table:table-cell office:value-type="string" {attributes}>{content}</table:table-cell>'


def plain_cell(text: str) -> str:
    """A cell with one paragraph."""
    return text_cell(f"<text:p>{text}</text:p>")


def value_cell(kind: str, name: str, value: str, shown: str = "") -> str:
    """A cell with a value, shown as `shown`."""
    return f'<table:table-cell office:value-type="{kind}" office:{name}="{value}"><text:p>{shown}</text:p></table:table-cell>'


def row(*cells: str, attributes: str = "") -> str:
    """A row element."""
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def read_cell(reader: Reader, cell: str) -> Cell:
    """The value of a cell in a sheet of its own."""
    return reader.tables(ods_of(row(cell)), name="a.ods")["S"][0][0]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<text:p>Anna<text:tab/>Berg</text:p>", "Anna Berg"),
        ("<text:p>Anna<text:s/>Berg</text:p>", "Anna Berg"),
        ('<text:p>Anna<text:s text:c="4"/>Berg</text:p>', "Anna Berg"),
        ("<text:p>Hauptstr. 1<text:line-break/>80331 Ulm</text:p>", "Hauptstr. 1\n80331 Ulm"),
        ("<text:p>one</text:p><text:p/><text:p>two</text:p>", "one\ntwo"),
        ("<text:p>\n   Anna\n   <text:span>Maria</text:span>\n   Berg\n</text:p>", "Anna Maria Berg"),
        (
            '<text:p><text:a href="mailto:x">anna@<text:span>example</text:span>.com</text:a></text:p>',
            "anna@example.com",
        ),
        (
            "<office:annotation><dc:date>2024</dc:date><text:p>note</text:p></office:annotation><text:p>Anna</text:p>",
            "Anna",
        ),
        ("<text:p>Anna<draw:frame><draw:text-box><text:p>box</text:p></draw:text-box></draw:frame></text:p>", "Anna"),
        ("<text:p>Tom &amp; Jerry</text:p>", "Tom & Jerry"),
        ("<text:p>#N/A</text:p>", None),
    ],
)
def test_the_text_of_a_cell_is_what_a_spreadsheet_shows(reader: Reader, content: str, text: str | None) -> None:
    namespaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:draw="' + OFFICE + 'drawing:1.0"'
    assert clean_cell(read_cell(reader, text_cell(content, namespaces))) == text


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (value_cell("float", "value", "5", "5.00"), 5.0),
        (value_cell("percentage", "value", "0.42", "42 %"), 0.42),
        (value_cell("currency", "value", "9.5", "EUR 9.50"), 9.5),
        (value_cell("date", "date-value", "2024-05-01", "1. Mai"), date(2024, 5, 1)),
        (value_cell("date", "date-value", "2024-05-01T10:00:00", "x"), datetime.fromisoformat("2024-05-01T10:00:00")),
        (value_cell("date", "date-value", "0000-00-00", "never"), "never"),
        (value_cell("time", "time-value", "PT10H30M00S", "10:30"), time(10, 30)),
        (value_cell("time", "time-value", "PT36H00M00S", "36:00"), timedelta(hours=36)),
        (value_cell("time", "time-value", "-PT12H00M00S", "-12:00"), timedelta(hours=-12)),
        (value_cell("boolean", "boolean-value", "true", "WAHR"), True),
        (value_cell("float", "value", "many", "many"), "many"),
        ('<table:table-cell office:value-type="string" office:string-value="Anna"/>', "Anna"),
        ("<table:table-cell><text:p>Anna</text:p></table:table-cell>", "Anna"),
    ],
)
def test_values_are_read_by_their_type(reader: Reader, cell: str, value: Cell) -> None:
    assert read_cell(reader, cell) == value


@pytest.mark.parametrize(
    ("value", "shown", "read"),
    [
        ("1067", "01067", "01067"),
        ("1701234567", "0170 1234567", "0170 1234567"),
        ("301234567", "(030) 1234567", "(030) 1234567"),
        ("42", "K-000042", "K-000042"),
        ("4915112345", "+49 151 12345", "+49 151 12345"),
        ("80331", "80331", 80331.0),
        ("1234567", "1.234.567", 1234567.0),
        ("1234567", "1.23E+06", 1234567.0),
        ("0.5", "00.5", 0.5),
        ("12", "12 km", 12.0),
        ("-7", "-007", -7.0),
    ],
)
def test_a_number_with_zeros_or_letters_before_it_is_read_as_shown(
    reader: Reader, value: str, shown: str, read: Cell
) -> None:
    assert read_cell(reader, value_cell("float", "value", value, shown)) == read


def test_an_error_value_is_nothing(reader: Reader) -> None:
    calc = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    error = text_cell("<text:p>Err:502</text:p>", f'{calc} calcext:value-type="error"')
    assert reader.tables(ods_of(row(error, plain_cell("Anna"))), name="a.ods")["S"] == [[None, "Anna"]]


def test_an_indented_document_is_read(reader: Reader) -> None:
    rows = f"\n  <table:table-row>\n    {plain_cell('Name')}\n    {plain_cell('E-mail')}\n  </table:table-row>\n"
    assert reader.tables(ods_of(rows), name="a.ods")["S"] == [["Name", "E-mail"]]


def test_blank_cells_and_rows_are_counted_and_not_made(reader: Reader) -> None:
    blanks = '<table:table-cell table:number-columns-repeated="16000"/>'
    many = 'table:number-rows-repeated="1048000"'
    rows = row(blanks, attributes='table:number-rows-repeated="4"') + row(blanks, plain_cell("a"), blanks)
    workbook = OdsWorkbook(reader.save(ods_of(rows + row(blanks, attributes=many))))
    table = workbook.read_sheet("S")
    assert [(number, len(cells), cells[-1]) for number, cells in table.rows] == [(5, 16_001, "a")]
    assert (table.total_rows, column_letter(16_000)) == (5, "WQK")


def test_repeated_cells_and_rows_are_read_as_often(reader: Reader) -> None:
    repeated = text_cell("<text:p>x</text:p>", 'table:number-columns-repeated="2"')
    rows = row(repeated, plain_cell("y"), attributes='table:number-rows-repeated="3"')
    assert reader.tables(ods_of(rows), name="a.ods")["S"] == [["x", "x", "y"]] * 3


def test_a_table_within_a_cell_and_those_after_the_sheet_are_not_its_rows(reader: Reader) -> None:
    inner = f'<table:table table:is-sub-table="true">{row(plain_cell("inner"))}</table:table>'
    sheets = f'{row(plain_cell("a"), text_cell(inner))}</table:table><table:table table:name="T">{row(plain_cell("b"))}'
    assert reader.tables(ods_of(sheets), name="a.ods") == {"S": [["a"]], "T": [["b"]]}


def test_hidden_sheets_come_last(reader: Reader) -> None:
    styles = (
        f'<style:style xmlns:style="{OFFICE}style:1.0" style:name="h"><style:table-properties table:display="false"/>'
        "</style:style>"
    )
    sheets = f'{styles}</table:table><table:table table:name="T" table:style-name="h">{row(plain_cell("b"))}'
    hidden_first = sheets + f'</table:table><table:table table:name="U">{row(plain_cell("c"))}'
    assert list(reader.tables(ods_of(hidden_first), name="a.ods")) == ["S", "U", "T"]


HEADER = row(*map(plain_cell, ("Name", "E-mail", "Deals")))


def lead(name: str, deals: str = "", attributes: str = "") -> str:
    """A row of a lead."""
    return row(plain_cell(name), plain_cell(f"{name}@example.com"), deals, attributes=attributes)


def test_hidden_rows_are_read_and_said(run_leads: RunLeads) -> None:
    filtered = lead("ben", attributes='table:visibility="filter"')
    collapsed = lead("cara", attributes='table:visibility="collapse"')
    run = run_leads("a.ods", ods_of(HEADER + lead("anna") + filtered + collapsed))
    assert [result["email"] for result in run.results] == ["anna@example.com", "ben@example.com", "cara@example.com"]
    assert run.report["notes"] == ["Rows that the sheet hides are read like the others: rows 3 and 4."]


def test_formulas_without_a_value_are_counted_and_said(run_leads: RunLeads) -> None:
    formula = '<table:table-cell table:formula="of:=1+1"/>'
    run = run_leads("a.ods", ods_of(HEADER + lead("anna", formula) + lead("ben", formula)))
    assert run.report["notes"] == [
        (
            "Formulas without a saved value (2: C2, C3) are read as empty. Open the workbook in a spreadsheet program "
            "and save it to have their values."
        )
    ]


@pytest.mark.parametrize(("rows", "columns"), [(1_048_576, 16_384), (100_000, 20), (2, 16_385)])
def test_a_sheet_that_repeats_cells_too_often_is_refused_in_little_memory(
    reader: Reader, rows: int, columns: int
) -> None:
    cell = text_cell("<text:p>x</text:p>", f'table:number-columns-repeated="{columns}"')
    data = ods_of(row(cell, attributes=f'table:number-rows-repeated="{rows}"'))
    tracemalloc.start()
    refusal = reader.refusal(data, name="a.ods")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.code is (ErrorCode.UNSAFE_ARCHIVE if rows > 2 else ErrorCode.CORRUPT_FILE)
    assert peak < 8_000_000


@pytest.mark.parametrize(
    "content",
    [
        "<a>",
        '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        "<a>" * 300 + "</a>" * 300,
        f'<a b="{"x" * 200_000}"/>',
        "nothing",
    ],
)
def test_what_is_no_document_is_refused(reader: Reader, content: str) -> None:
    refusal = reader.refusal(zipped({"content.xml": content}), name="a.ods")
    assert refusal.code is ErrorCode.CORRUPT_FILE


def test_a_document_with_a_password_is_refused_and_says_so(reader: Reader) -> None:
    manifest = f'<m:manifest xmlns:m="{OFFICE}manifest:1.0"><m:encryption-data/></m:manifest>'
    refusal = reader.refusal(zipped({"content.xml": b"\x00", "META-INF/manifest.xml": manifest}), name="a.ods")
    assert "encrypted with a password" in refusal.message


def test_a_large_sheet_takes_little_memory(reader: Reader) -> None:
    workbook = OdsWorkbook(reader.save(ods_of("".join(row(*map(plain_cell, "abcd")) for _ in range(20_000)))))
    tracemalloc.start()
    assert sum(1 for _ in workbook.read_sheet("S").rows) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16_000_000
