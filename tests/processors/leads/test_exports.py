"""leads.csv and leads.xlsx: given values, no formulas."""

import csv
import io
import itertools
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from processors.leads.sheet_rows import LIMITS, SheetLimits, escape
from processors.leads.sheets import unique_headings
from processors.leads.xlsx_export import XlsxExport
from processors.tables.cells import Values
from processors.tables.csv_export import CsvExport
from processors.tables.text import clean_text

HEADINGS = ("Name", "Phone", "Score", "Reasons")


def write_csv(folder: Path, rows: Sequence[Values], headings: Sequence[str] = HEADINGS) -> bytes:
    """The bytes of a CSV file with these rows."""
    path = folder / "leads.csv"
    with CsvExport(path, headings) as export:
        for row in rows:
            export.add(row)
    return path.read_bytes()


def write_xlsx(
    folder: Path,
    rows: Sequence[Values],
    others: Sequence[Values] = (),
    headings: Sequence[str] = HEADINGS,
    limits: SheetLimits = LIMITS,
) -> Path:
    """A workbook whose two sheets have these rows."""
    path = folder / "leads.xlsx"
    sheets = (("Leads", headings), ("Not kept", ("Row", "Reason")))
    with XlsxExport(path, folder / "scratch", sheets, 3, limits) as export:
        for row in rows:
            export.rows[0].add(row)
        for row in others:
            export.rows[1].add(row)
    return path


def read_xlsx(path: Path, sheet: int = 0) -> list[list[object]]:
    """The cells of a sheet."""
    return [list(row) for row in CalamineWorkbook.from_path(path).get_sheet_by_index(sheet).to_python()]


def part_of(path: Path, name: str = "xl/worksheets/sheet1.xml") -> str:
    """A part of a workbook as text."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return archive.read(name).decode()


def test_csv_has_a_mark_and_lines_that_end_in_cr_lf(tmp_path: Path) -> None:
    data = write_csv(tmp_path, [["Jürgen", None, 7, 'a "b", c']])
    assert data == '\ufeffName,Phone,Score,Reasons\r\nJürgen,,7,"a ""b"", c"\r\n'.encode()


@pytest.mark.parametrize("text", ["=1+1", "+44 20", "-1", "@x", "\tx", "\rx"])
def test_csv_cells_that_begin_like_formulas_are_quoted(tmp_path: Path, text: str) -> None:
    rows = list(csv.reader(io.StringIO(write_csv(tmp_path, [[text, None, 0, "x"]]).decode("utf-8-sig"), newline="")))
    assert rows[1] == ["'" + text, "", "0", "x"]


def test_csv_headings_that_begin_like_formulas_are_quoted(tmp_path: Path) -> None:
    assert write_csv(tmp_path, [], ["=cmd"]) == b"\xef\xbb\xbf'=cmd\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+442079460123", "-1", "@x"])
def test_xlsx_cells_that_begin_like_formulas_are_text_with_a_quote_prefix(tmp_path: Path, text: str) -> None:
    path = write_xlsx(tmp_path, [[text, "plain", 1, None]])
    assert read_xlsx(path)[1][:2] == [text, "plain"]
    sheet = part_of(path)
    assert f'<c r="A2" s="2" t="inlineStr"><is><t>{text}</t></is></c><c r="B2" t="inlineStr">' in sheet
    assert "<f>" not in sheet
    formats = part_of(path, "xl/styles.xml").partition("<cellXfs")[2].partition("</cellXfs>")[0].split("<xf ")[1:]
    assert ["quotePrefix" in one for one in formats] == [
        False,
        False,
        True,
        *["quotePrefix" in one for one in formats[3:]],
    ]


def test_xlsx_headings_that_begin_like_formulas_have_a_quote_prefix(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [], headings=("=cmd", "b", "c", "d"))
    assert read_xlsx(path)[0] == ["=cmd", "b", "c", "d"]
    number = int(part_of(path).partition('<c r="A1" s="')[2].partition('"')[0])
    formats = part_of(path, "xl/styles.xml").partition("<cellXfs")[2].partition("</cellXfs>")[0].split("<xf ")[1:]
    assert 'quotePrefix="1"' in formats[number]


def test_xlsx_has_numbers_as_numbers_and_empty_cells_empty(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["Anna", None, 0, "why"], ["Ben", "", 100, "why"], ["Cara", None, 5, "else"]])
    assert read_xlsx(path)[1:] == [["Anna", "", 0.0, "why"], ["Ben", "", 100.0, "why"], ["Cara", "", 5.0, "else"]]
    assert part_of(path, "xl/sharedStrings.xml").count(">why<") == 1


def test_xlsx_has_a_second_sheet_a_filter_and_a_first_row_that_stays(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["a", None, 1, None]] * 3, [[17, "Row 17 <&> is no lead"]])
    assert read_xlsx(path, 1) == [["Row", "Reason"], [17.0, "Row 17 <&> is no lead"]]
    assert CalamineWorkbook.from_path(path).sheet_names == ["Leads", "Not kept"]
    assert '<autoFilter ref="A1:D4"/>' in part_of(path)
    assert 'state="frozen"' in part_of(path)


def test_xlsx_without_rows_is_a_workbook_with_headings(tmp_path: Path) -> None:
    assert read_xlsx(write_xlsx(tmp_path, [])) == [list(HEADINGS)]


def test_the_same_rows_make_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Values] = [["Anna", "+44", 1, "x"]] * 1200
    first = write_xlsx(tmp_path, rows).read_bytes()
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(1_000_000_000))
    assert write_xlsx(tmp_path, rows).read_bytes() == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert archive.namelist()[0] == "[Content_Types].xml"
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_sheet_takes_as_many_rows_as_a_sheet_has_and_counts_the_others(tmp_path: Path) -> None:
    path, sheets = tmp_path / "leads.xlsx", (("Leads", HEADINGS), ("Not kept", ("Row",)))
    with XlsxExport(path, tmp_path / "scratch", sheets, 3, SheetLimits(rows=3)) as export:
        for name in "abcd":
            export.rows[0].add([name, None, 1, None])
    assert [row[0] for row in read_xlsx(path)] == ["Name", "a", "b"]
    assert export.rows[0].left_out == 2


def test_many_different_shared_texts_are_written_beside_their_cells(tmp_path: Path) -> None:
    rows: list[Values] = [["a", None, 1, f"reason {n}"] for n in range(5)]
    path = write_xlsx(tmp_path, rows, limits=SheetLimits(shared_texts=6))
    assert [row[3] for row in read_xlsx(path)[1:]] == [f"reason {n}" for n in range(5)]
    assert (
        "reason 1" in part_of(path, "xl/sharedStrings.xml"),
        "reason 4" in part_of(path, "xl/sharedStrings.xml"),
    ) == (True, False)


@pytest.mark.parametrize("reason", ["Name", "Reasons", "Row", "<r>x</r>", "x" * 32_768, "😀" * 20_000])
def test_shared_texts_keep_their_places_whatever_they_say(tmp_path: Path, reason: str) -> None:
    sheet = read_xlsx(write_xlsx(tmp_path, [["a", None, 1, "first"], ["b", None, 1, reason], ["c", None, 1, "last"]]))
    assert [row[3] for row in sheet] == [
        "Reasons",
        "first",
        escape(reason).replace("&lt;", "<").replace("&gt;", ">"),
        "last",
    ]


def test_shared_texts_keep_their_places_when_headings_repeat(tmp_path: Path) -> None:
    sheet = read_xlsx(write_xlsx(tmp_path, [["a", None, 1, "why"]], headings=("Name", "Name", "Score", "Reasons")))
    assert sheet[1][3] == "why"


def test_a_heading_is_never_markup(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path, [["a", None, 1, "why"]], headings=("<r>a & b</r>", "<b>", "x" * 40_000, "Reasons"))
    assert read_xlsx(path) == [["<r>a & b</r> ", "<b>", "x" * 32_766, "Reasons"], ["a", "", 1.0, "why"]]


def test_a_cell_is_cut_to_what_excel_holds() -> None:
    assert len(escape("x" * 40_000)) == 32_767
    assert escape("😀" * 20_000) == "😀" * 16_383


def test_rows_of_any_kinds_of_cells_come_back_in_order(tmp_path: Path) -> None:
    cells = (None, "Ann", "=1", "100 %s | %", 0, 7)
    rows: list[Values] = [[*row, "last"] for row in itertools.product(cells, repeat=3)]
    expected = [["" if value is None else value for value in row] for row in rows]
    assert read_xlsx(write_xlsx(tmp_path, rows))[1:] == expected
    table = list(csv.reader(io.StringIO(write_csv(tmp_path, rows).decode("utf-8-sig"), newline="")))[1:]
    assert table == [["'=1" if value == "=1" else str(value) for value in row] for row in expected]


TEXTS = st.lists(st.one_of(st.text(max_size=20), st.just("_x0041_")).map(clean_text), min_size=4, max_size=4)


@given(st.lists(TEXTS, min_size=1, max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_clean_text_comes_back_from_both_files(tmp_path: Path, rows: list[Values]) -> None:
    headings = ("A", "B", "C", "D")
    expected = [["" if value is None else value for value in row] for row in rows]
    sheet = read_xlsx(write_xlsx(tmp_path, rows, headings=headings))[1:]
    padded = [[*row, *[""] * (4 - len(row))] for row in sheet] + [[""] * 4] * (len(rows) - len(sheet))
    assert [[str(value) for value in row] for row in padded] == expected
    text = write_csv(tmp_path, rows, headings).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [[one[1:] if one[:2] in {"'=", "'+", "'-", "'@"} else one for one in row] for row in table] == expected


@given(st.text(max_size=50))
def test_no_text_breaks_a_sheet(text: str) -> None:
    assert "<" not in escape(text)


def test_headings_of_the_file_never_repeat_ours() -> None:
    assert unique_headings(["Name", "Score"], ["name", "City", "SCORE"]) == [
        "Name",
        "Score",
        "name (2)",
        "City",
        "SCORE (2)",
    ]
