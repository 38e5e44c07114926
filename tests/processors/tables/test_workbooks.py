"""Reading workbooks: ordinary, odd, broken and hostile ones."""

import io
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from processors.tables.calamine_workbook import CalamineWorkbook, link
from processors.tables.formats import TableKind
from processors.tables.probe import probe_workbook
from processors.tables.sheet_scan import check_workbook
from tests.processors.tables.workbooks_for_tests import (
    FRAME,
    NAMESPACE,
    RELATIONS,
    SHEET,
    Reader,
    bomb,
    cell,
    ods_of,
    workbook_of,
    written,
    zipped,
)


def test_rows_and_columns_count_from_the_first_of_the_sheet_though_the_table_begins_later(reader: Reader) -> None:
    rows = reader.tables(workbook_of(f'<row r="3">{cell("C3", "a")}{cell("D3", "b")}</row>'))["S"]
    assert [row for row in rows if any(row)] == [[None, None, "a", "b"]]
    assert len(rows) == 3


def test_visible_sheets_come_before_hidden_ones_and_charts_are_no_sheets(reader: Reader) -> None:
    def write(book: Any) -> None:
        for name in ("Hidden", "Shown"):
            book.add_worksheet(name).write_string(0, 0, name)
        book.worksheets()[1].activate()
        book.worksheets()[1].set_first_sheet()
        book.worksheets()[0].hide()
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": "=Shown!$A$1:$A$1"})
        book.add_chartsheet("Chart").set_chart(chart)

    assert list(reader.tables(written(write))) == ["Shown", "Hidden"]


def test_of_merged_cells_the_first_has_the_value(reader: Reader) -> None:
    def write(book: Any) -> None:
        sheet = book.add_worksheet("S")
        sheet.merge_range(0, 0, 0, 1, "across")
        sheet.merge_range(1, 1, 2, 1, "down")
        sheet.write_string(2, 0, "below")

    rows = reader.tables(written(write))["S"]
    assert [[cell or "" for cell in row] for row in rows] == [["across", ""], ["", "down"], ["below", ""]]


def test_a_sheet_is_found_by_name_whatever_its_case(reader: Reader) -> None:
    data = written(lambda book: book.add_worksheet("Leads 2024").write_string(0, 0, "x"))
    assert reader.tables(data, "leads 2024 ") == {"Leads 2024": [["x"]]}


def test_an_unknown_sheet_is_refused_with_the_sheets_there_are(reader: Reader) -> None:
    refusal = reader.refusal(workbook_of(""), "Leads")
    assert refusal.code is ErrorCode.BAD_INPUT
    assert refusal.message == 'The workbook has no sheet named "Leads". Its sheets are: "S".'
    assert refusal.field == "options.sheet"


def test_an_ods_workbook_is_read_whatever_its_ending(reader: Reader) -> None:
    row = (
        '<table:table-row><table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell>'
        '<table:table-cell office:value-type="float" office:value="5"/></table:table-row>'
    )
    assert reader.tables(ods_of(row), name="a.xlsx") == {"S": [["a", 5.0]]}


@pytest.mark.parametrize(
    ("name", "data", "code", "sentence"),
    [
        ("a.xlsx", b"", ErrorCode.CORRUPT_FILE, "The file is empty."),
        (
            "a.xlsx",
            b"\x89PNG\r\n\x1a\n",
            ErrorCode.UNSUPPORTED_TYPE,
            "The file is a PNG image, whatever its name says.",
        ),
        ("a.csv", b"%PDF-1.7", ErrorCode.UNSUPPORTED_TYPE, "The file is a PDF document"),
        ("a.xls", b"<html><table>", ErrorCode.UNSUPPORTED_TYPE, "The file is a web page or XML document"),
        ("a.pdf", b"a,b", ErrorCode.UNSUPPORTED_TYPE, "Tables are read from .xlsx, .xlsm"),
        ("leads", b"a,b", ErrorCode.UNSUPPORTED_TYPE, "Tables are read from"),
        ("a.xlsx", b"PK\x03\x04 and then nothing", ErrorCode.CORRUPT_FILE, "The workbook is damaged"),
        ("a.xlsx", zipped({"a.txt": "x"}), ErrorCode.UNSUPPORTED_TYPE, "The file is an archive, not a workbook."),
        ("a.xlsx", zipped({"word/document.xml": "x"}), ErrorCode.UNSUPPORTED_TYPE, "The file is a document"),
    ],
)
def test_what_is_no_table_is_refused(reader: Reader, name: str, data: bytes, code: ErrorCode, sentence: str) -> None:
    with pytest.raises(Refusal) as caught:
        reader.kind(data, name)
    assert caught.value.code is code
    assert caught.value.message.startswith(sentence)


def test_text_is_text_though_it_is_called_xlsx(reader: Reader) -> None:
    assert reader.kind(b"name,email\n", "leads.xlsx") is TableKind.TEXT
    assert reader.kind(b"BMW,email\n", "leads.csv") is TableKind.TEXT


def test_a_workbook_is_a_workbook_though_it_is_called_csv(reader: Reader) -> None:
    assert reader.kind(workbook_of(""), "leads.csv") is TableKind.XLSX


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.95])
def test_a_workbook_cut_short_is_refused(reader: Reader, keep: float) -> None:
    data = workbook_of(f"<row>{cell('A1')}</row>" * 50)
    refusal = reader.refusal(data[: int(len(data) * keep)])
    assert refusal.code is ErrorCode.CORRUPT_FILE


@pytest.mark.parametrize("seed", range(0, 3000, 37))
def test_a_workbook_with_a_broken_byte_is_read_or_refused(reader: Reader, seed: int) -> None:
    data = bytearray(workbook_of(f'<row r="1">{cell("A1", "some text")}{cell("B1", "more text")}</row>'))
    data[seed % len(data)] ^= 0xFF
    code = None
    try:
        reader.tables(bytes(data))
    except Refusal as refusal:
        code = refusal.code
    assert code in {None, ErrorCode.CORRUPT_FILE, ErrorCode.UNSUPPORTED_TYPE, ErrorCode.UNSAFE_ARCHIVE}


def test_an_encrypted_archive_is_refused(reader: Reader) -> None:
    data = bytearray(workbook_of(""))
    place = data.find(b"PK\x01\x02")
    data[place + 8] |= 1
    refusal = reader.refusal(bytes(data))
    assert refusal.code is ErrorCode.CORRUPT_FILE
    assert refusal.message == "The workbook is encrypted with a password. Save it without one and upload it again."


def compound_file(stream: str) -> bytes:
    """An OLE file with one empty stream of this name, as Excel wraps encrypted workbooks."""
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
        0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0,
    )  # fmt: skip
    head += b"\xff" * (512 - len(head))
    fat = struct.pack("<II", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    entries = b""
    for name, kind, child in (("Root Entry", 5, 1), (stream, 2, 0xFFFFFFFF), ("", 0, 0xFFFFFFFF), ("", 0, 0xFFFFFFFF)):
        text = name.encode("utf-16-le")
        length = len(text) + 2 if name else 0
        entries += struct.pack(
            "<64sHBBIII16xI8x8xIII", text, length, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, 0, 0xFFFFFFFE, 0, 0
        )
    return head + fat + entries


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
def test_a_workbook_with_a_password_is_refused_and_says_so(reader: Reader, name: str) -> None:
    refusal = reader.refusal(compound_file("EncryptedPackage"), name=name)
    assert refusal.code is ErrorCode.CORRUPT_FILE
    assert "encrypted with a password" in refusal.message


def test_an_ole_file_that_is_no_workbook_is_refused(reader: Reader) -> None:
    assert reader.refusal(compound_file("WordDocument"), name="a.xls").code is ErrorCode.CORRUPT_FILE


CLAIMS = {
    "last cell": f'<row r="1">{cell("A1")}</row><row r="1000">{cell("CV1000")}</row>',
    "a column beyond the last": f'<row r="1">{cell("A1")}{cell("XFE1")}</row>',
    "a row beyond the last": f'<row r="1048577">{cell("A1")}{cell("A1048577")}</row>',
    "other quotes": f"<row r='1'>{cell('A1')}</row><row r='1000'><c r='CV1000'><v>1</v></c></row>",
    "more spaces": f'<row r="1">{cell("A1")}</row><row r="1000"><c\n r="CV1000"><v>1</v></c></row>',
    "other order": f'<row r="1">{cell("A1")}</row><row r="1000"><c t="n" r="CV1000"><v>1</v></c></row>',
    "a prefix": f'<row r="1">{cell("A1")}</row><row xmlns:p="{NAMESPACE}" r="1000">'
    '<p:c r="CV1000"><p:v>1</p:v></p:c></row>',
    "small letters": f'<row r="1">{cell("A1")}</row><row r="1000"><c r="cv1000"><v>1</v></c></row>',
    "no references": '<row r="1">' + "<c><v>1</v></c>" * 100 + '</row><row r="1000"><c><v>1</v></c></row>',
}


LITTLE_MEMORY = 2**20
"""For 32,768 cells: a rectangle of 100,000, which any reader takes, is refused."""


def refused_in(memory_bytes: int, reader: Reader, data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        check_workbook(reader.save(data), memory_bytes)
    return caught.value


@pytest.mark.parametrize("rows", CLAIMS.values(), ids=CLAIMS.keys())
def test_a_sheet_that_claims_too_many_cells_is_refused_before_it_is_built(reader: Reader, rows: str) -> None:
    refusal = refused_in(LITTLE_MEMORY, reader, workbook_of(rows))
    assert refusal.code is ErrorCode.UNSAFE_ARCHIVE
    assert "claims" in refusal.message
    assert "Save the sheet as .csv" in refusal.message


def test_a_sheet_in_utf_16_is_looked_into_as_well(reader: Reader) -> None:
    sheet = f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{NAMESPACE}"><sheetData>{CLAIMS["last cell"]}'
    parts: dict[str, bytes | str] = {**FRAME, SHEET: f"{sheet}</sheetData></worksheet>".encode("utf-16")}
    assert refused_in(LITTLE_MEMORY, reader, zipped(parts)).code is ErrorCode.UNSAFE_ARCHIVE


def test_formatting_without_values_claims_nothing(reader: Reader) -> None:
    rows = f'<row r="1">{cell("A1", "a")}</row><row r="1000"><c r="CV1000" s="0"/></row>'
    data = workbook_of(rows)
    assert check_workbook(reader.save(data), LITTLE_MEMORY)
    assert reader.tables(data)["S"][0] == ["a"]


def test_a_stated_dimension_claims_nothing(reader: Reader) -> None:
    data = workbook_of(f'<row r="1">{cell("A1", "a")}</row>', method=zipfile.ZIP_STORED)
    sheet = f'<worksheet xmlns="{NAMESPACE}"><dimension ref="A1:CV1000"/><sheetData><row r="1">{cell("A1", "a")}</row>'
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    data = zipped({**parts, SHEET: f"{sheet}</sheetData></worksheet>"})
    assert check_workbook(reader.save(data), LITTLE_MEMORY)
    assert reader.tables(data)["S"] == [["a"]]


def test_a_sheet_with_really_too_many_cells_is_refused_with_what_to_do(reader: Reader) -> None:
    refusal = refused_in(
        1024, reader, workbook_of("".join(f'<row r="{n}">{cell(f"A{n}")}{cell(f"B{n}")}</row>' for n in range(1, 9)))
    )
    assert refusal.code is ErrorCode.FILE_TOO_LARGE
    assert refusal.message.startswith("The sheet has 8 rows and 2 columns, for which a workbook takes about")
    assert refusal.message.endswith("Save the sheet as .csv, which is read row by row.")


@pytest.mark.parametrize(
    "one",
    [
        '<c r="A{n}" t="s"><v>0</v></c>',
        '<c r="A{n}" s="1" t="s"><f/><v>0</v></c>',
        "<c r='A{n}' t='s'><v>0</v></c>",
        '<c t="s" r="A{n}"><v> 0 </v></c>',
    ],
)
def test_a_long_text_that_all_cells_share_is_refused_before_it_is_copied(reader: Reader, one: str) -> None:
    rows = "".join(f'<row r="{n}">{one.format(n=n)}</row>' for n in range(1, 1_001))
    texts = f'<sst xmlns="{NAMESPACE}"><si><t>{"x" * 30_000}</t></si></sst>'
    relations = FRAME["xl/_rels/workbook.xml.rels"].replace(
        "</Relationships>",
        f'<Relationship Id="r2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
    )
    sheet = f'<worksheet xmlns="{NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'
    parts = {**FRAME, "xl/_rels/workbook.xml.rels": relations, "xl/sharedStrings.xml": texts, SHEET: sheet}
    refusal = refused_in(LITTLE_MEMORY, reader, zipped(parts))
    assert refusal.code is ErrorCode.UNSAFE_ARCHIVE
    assert "claims 29 MiB of text by repeating the same texts" in refusal.message


def test_a_picture_with_what_looks_like_cells_is_no_sheet(reader: Reader) -> None:
    data = workbook_of(f'<row r="1">{cell("A1", "a")}</row>', method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    assert reader.tables(zipped({**parts, "xl/media/a.png": b"\x89PNG <c >\x00<c r='ZZZ99'>"}))["S"] == [["a"]]


def test_a_sheet_behind_other_bytes_and_another_name_is_looked_into_as_well(reader: Reader) -> None:
    relations = FRAME["xl/_rels/workbook.xml.rels"].replace("worksheets/sheet1.xml", "media/a.png")
    sheet = f'  \n<worksheet xmlns="{NAMESPACE}"><sheetData>{CLAIMS["last cell"]}</sheetData></worksheet>'
    parts = {**FRAME, "xl/_rels/workbook.xml.rels": relations, "xl/media/a.png": sheet}
    assert refused_in(LITTLE_MEMORY, reader, zipped(parts)).code is ErrorCode.UNSAFE_ARCHIVE


def test_a_zip_bomb_is_refused_in_little_memory(reader: Reader) -> None:
    data = bomb("xl/sharedStrings.xml", 64)
    assert len(data) < 100_000
    tracemalloc.start()
    refusal = reader.refusal(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.code is ErrorCode.UNSAFE_ARCHIVE
    assert "times its size; at most 200 times is opened" in refusal.message
    assert peak < 8_000_000


def test_a_part_that_unpacks_to_more_than_it_declares_is_refused_in_little_memory(reader: Reader) -> None:
    content = b"<sst>" + b" " * (30 * 2**20)
    data = bytearray(zipped({**FRAME, SHEET: "<worksheet/>", "xl/sharedStrings.xml": content}))
    place = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, place + 16, zlib.crc32(content[:1000]))
    struct.pack_into("<I", data, place + 24, 1000)
    tracemalloc.start()
    refusal = reader.refusal(bytes(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (refusal.code, peak < 8_000_000) == (ErrorCode.UNSAFE_ARCHIVE, True)
    assert refusal.message.startswith(
        "The workbook has an entry, “xl/sharedStrings.xml”, that unpacks to more than it declares."
    )


def test_parts_that_lie_over_one_another_are_refused(reader: Reader) -> None:
    data = bytearray(workbook_of("", method=zipfile.ZIP_STORED))
    first = data.find(b"PK\x01\x02")
    second = data.find(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    assert reader.refusal(bytes(data)).message.startswith("The workbook has entries that lie over one another")


def test_too_many_parts_are_refused(reader: Reader) -> None:
    data = zipped({**FRAME, SHEET: "<worksheet/>", **{f"x{n}": b"" for n in range(10_001)}}, zipfile.ZIP_STORED)
    assert reader.refusal(data).code is ErrorCode.UNSAFE_ARCHIVE


def test_entities_that_grow_are_not_expanded(reader: Reader) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 4))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY e0 "x">{entities}]>'
    sheet = f"<?xml version='1.0'?>{doctype}<worksheet><sheetData><row><c t='str'><v>&e3;</v></c></row></sheetData></worksheet>"
    assert reader.refusal(zipped({**FRAME, SHEET: sheet})).code is ErrorCode.CORRUPT_FILE


def test_a_workbook_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"  # calamine reads the formats alike, and .ods can claim most
    path.write_bytes(
        ods_of(
            '<table:table-row table:number-rows-repeated="100000"><table:table-cell office:value-type="string" '
            'table:number-columns-repeated="20"><text:p>x</text:p></table:table-cell></table:table-row>'
        )
    )
    with pytest.raises(Refusal) as caught:
        probe_workbook(path, 200 * 2**20)
    assert caught.value.code is ErrorCode.UNSAFE_ARCHIVE
    assert "200 MiB of memory" in caught.value.message


def test_the_probe_says_nothing_of_what_merely_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_bytes(b"nothing")
    probe_workbook(path)


def test_checking_a_large_sheet_takes_little_memory(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}"><v>{n}</v></c><c r="B{n}"><v>{n}</v></c></row>' for n in range(1, 100_001)
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook_of(rows))
    tracemalloc.start()
    check_workbook(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_sheet_that_calamine_cannot_read_is_refused(reader: Reader) -> None:
    path = reader.save(workbook_of(f'<row r="1">{cell("A1")}{cell("B1")}</row>'))
    with pytest.raises(Refusal) as caught:
        CalamineWorkbook(link(path, reader.folder, "xlsx"), max_columns=1).read_sheet("S")
    assert caught.value.code is ErrorCode.CORRUPT_FILE
