"""Workbooks that calamine reads only when they are mended: error values of .xlsx, short cells of .xlsb."""

import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from base.errors import ErrorCode, Refusal
from processors.tables.mending import replace_errors
from processors.tables.xlsb_records import encode_record, read_records, write_out_cells
from tests.processors.leads.conftest import RunLeads
from tests.processors.tables.workbooks_for_tests import RELATIONS, Reader, cell, workbook_of, zipped

LONG_TEXT, SHORT_TEXT, SHORT_NUMBER, SHORT_SMALL, SHORT_TRUTH, SHORT_ERROR, SHORT_BLANK = 6, 17, 16, 13, 15, 14, 12
STYLE = bytes(4)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)


def wide(text: str) -> bytes:
    """A text of .xlsb."""
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_row(number: int, *cells: tuple[int, bytes], first: int = 0) -> bytes:
    """A row: the first cell names its column `first` if it is a long one, the others are as given."""
    row = encode_record(0, struct.pack("<II", number, 0) + bytes(17))
    for kind, data in cells:
        row += encode_record(kind, (struct.pack("<I", first) if kind < 12 else b"") + STYLE + data)
    return row


def xlsb_of(*rows: bytes) -> bytes:
    """An .xlsb workbook with one sheet of these rows."""
    sheet = encode_record(129, b"") + encode_record(148, struct.pack("<IIII", 0, 9, 0, 9)) + encode_record(145, b"")
    sheet += b"".join(rows) + encode_record(146, b"") + encode_record(130, b"")
    bundle = encode_record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("S"))
    book = (
        encode_record(131, b"") + encode_record(143, b"") + bundle + encode_record(144, b"") + encode_record(132, b"")
    )
    relation = f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.bin"/>'
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}">{relation}</Relationships>',
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def test_short_cells_stand_to_the_right_of_the_cell_before(reader: Reader) -> None:
    data = xlsb_of(
        xlsb_row(0, (LONG_TEXT, wide("Name")), (SHORT_TEXT, wide("E-mail")), (SHORT_TEXT, wide("Deals"))),
        xlsb_row(1, (LONG_TEXT, wide("E-mail")), (SHORT_NUMBER, struct.pack("<d", 7.5)), first=1),
        xlsb_row(2, (SHORT_TEXT, wide("Ann")), (SHORT_BLANK, b""), (SHORT_SMALL, struct.pack("<I", 5 << 2 | 2))),
        xlsb_row(3, (SHORT_TRUTH, b"\x01"), (SHORT_ERROR, b"\x2a"), (SHORT_TEXT, wide("x"))),
    )
    assert reader.tables(data, name="a.xlsb")["S"] == [
        ["Name", "E-mail", "Deals"],
        ["", "E-mail", 7.5],
        ["Ann", "", 5.0],
        [True, "", "x"],
    ]


def test_leads_in_short_cells_are_found(run_leads: RunLeads) -> None:
    rows = [xlsb_row(0, (LONG_TEXT, wide("Name")), (SHORT_TEXT, wide("E-mail")))]
    rows += [
        xlsb_row(number, (LONG_TEXT, wide(name)), (SHORT_TEXT, wide(f"{name}@example.com")))
        for number, name in enumerate(("anna", "ben", "cara"), 1)
    ]
    emails = [result["email"] for result in run_leads("a.xlsb", xlsb_of(*rows)).results]
    assert emails == ["anna@example.com", "ben@example.com", "cara@example.com"]


def test_a_workbook_without_short_cells_is_not_copied(reader: Reader) -> None:
    data = xlsb_of(xlsb_row(0, (LONG_TEXT, wide("Name"))))
    assert reader.tables(data, name="a.xlsb") == {"S": [["Name"]]}
    assert not (reader.folder / "mended.xlsb").exists()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_records_are_read_wherever_the_chunks_end(size: int) -> None:
    data = xlsb_row(5, (LONG_TEXT, wide("x" * 300)), (SHORT_TEXT, wide("y")), first=3)
    chunks = [data[place : place + size] for place in range(0, len(data), size)]
    kinds = [kind for kind, _ in read_records(chunks)]
    assert kinds == [0, LONG_TEXT, SHORT_TEXT]
    assert b"".join(write_out_cells(chunks)).endswith(encode_record(6, struct.pack("<I", 4) + STYLE + wide("y")))


@pytest.mark.parametrize("data", [b"\x06\xff\xff\xff\x7f", b"\x06\x09abc", b"\x86"])
def test_a_record_that_is_cut_or_claims_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        list(read_records([data]))
    assert caught.value.code is ErrorCode.CORRUPT_FILE


@pytest.mark.parametrize("error", ["#GETTING_DATA", "#BUSY!", "#PYTHON!", "#EXTERNAL!", "#NV", "anything", ""])
def test_an_error_value_that_nobody_knows_is_nothing(reader: Reader, error: str) -> None:
    rows = f'<row r="1">{cell("A1", "Anna")}<c r="B1" t="e"><v>{error}</v></c><c r="C1" s="0" t="e"><f>1/0</f><v>{error}</v></c></row>'
    table = reader.tables(workbook_of(rows))["S"]
    assert table[0][0] == "Anna"
    assert not any(table[0][1:])


def test_mending_changes_errors_alone() -> None:
    kept = '<c r="A1" t="str"><v>#1001</v></c><c r="B1" t="inlineStr"><is><t>t="e" #BUSY!</t></is></c><c r="C1"><v>2</v></c>'
    errors = '<x:c r=\'D1\' t=\'e\'><x:v>#BUSY!</x:v></x:c><c t="e" r="E1"><f t="shared" si="0"/><v>#BUSY!</v></c>'
    data = (kept + errors).encode()
    mended = (kept + errors.replace("#BUSY!", "#N/A")).encode()
    for size in (5, 60, 1000):
        chunks = [data[place : place + size] for place in range(0, len(data), size)]
        assert b"".join(replace_errors(chunks)) == mended


def test_mending_takes_little_memory_for_text_without_cells() -> None:
    assert sum(map(len, replace_errors([b"x" * 2**20] * 8))) == 2**23


def test_other_parts_of_a_mended_workbook_are_as_they_were(reader: Reader) -> None:
    rows = f'<row r="1">{cell("A1", "Anna")}<c r="B1" t="e"><v>#BUSY!</v></c></row>'
    reader.tables(workbook_of(rows))
    with zipfile.ZipFile(reader.folder / "upload") as given, zipfile.ZipFile(reader.folder / "mended.xlsx") as mended:
        assert given.namelist() == mended.namelist()
        changed = [name for name in given.namelist() if given.read(name) != mended.read(name)]
    assert changed == ["xl/worksheets/sheet1.xml"]


def test_calamine_still_needs_the_mending(reader: Reader) -> None:
    path = reader.save(xlsb_of(xlsb_row(0, (LONG_TEXT, wide("Name")), (SHORT_TEXT, wide("E-mail")))))
    (reader.folder / "a.xlsb").symlink_to(path)
    rows: Iterable[Any] = CalamineWorkbook.from_path(reader.folder / "a.xlsb").get_sheet_by_name("S").to_python()
    assert list(rows) == [["Name"]]
