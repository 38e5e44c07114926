"""Facts of .xls and .xlsb sheets: hidden rows and number formats."""

import struct
from contextlib import suppress
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from processors.tables import xls_facts, xlsb_facts
from processors.tables.archives import open_archive
from processors.tables.compound_file import CompoundFile
from processors.tables.xlsb_records import encode_record
from tests.processors.leads.conftest import RunLeads
from tests.processors.tables.workbooks_for_tests import zipped

FREE, LAST, OF_TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
ZIP_CODES, PLAIN = 1, 0
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
HIDDEN_NOTE = "Rows that the sheet hides are read like the others: rows 2 and 4."
PEOPLE = [("anna", 1067), ("ben", 10115), ("cara", 4109)]


def compound(stream: bytes, *, name: str = "Workbook", in_mini: bool = False) -> bytes:
    """A compound file with one stream, in sectors of 512 bytes, or in mini sectors of 64."""
    sector = stream + bytes(-len(stream) % 512)
    count = len(sector) // 512
    mini = b""
    if in_mini:
        used = -(-len(stream) // 64)
        mini = struct.pack(f"<{used}I", *range(1, used), LAST)
        mini += b"\xff" * (-len(mini) % 512)
    minis = len(mini) // 512
    table = [
        OF_TABLE,
        LAST,
        *range(3, 2 + count),
        LAST,
        *range(3 + count, 2 + count + minis),
        *([LAST] if minis else []),
    ]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
        2 + count if minis else LAST, minis, LAST, 0, 0,
    )  # fmt: skip
    entries = b""
    root = (2, len(sector)) if in_mini else (LAST, 0)
    for entry, kind, child, (first, size) in (
        ("Root Entry", 5, 1, root),
        (name, 2, FREE, (0 if in_mini else 2, len(stream))),
        ("", 0, FREE, (0, 0)),
        ("", 0, FREE, (0, 0)),
    ):
        text = entry.encode("utf-16-le")
        length = len(text) + 2 if entry else 0
        entries += struct.pack("<64sHBBIII16xI8x8xIII", text, length, kind, 1, FREE, FREE, child, 0, first, size, 0)
    listed = struct.pack(f"<{len(table)}I", *table)
    return head + b"\xff" * (512 - len(head)) + listed + b"\xff" * (512 - len(listed)) + entries + sector + mini


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def short_text(text: str) -> bytes:
    return struct.pack("<BB", len(text), 0) + text.encode("latin-1")


def label(row: int, column: int, text: str) -> bytes:
    return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 0) + text.encode("latin-1"))


def rk(value: int) -> int:
    return value << 2 | 2


def xls_of(cells: bytes, code: str = "00000", sheet: str = "Kontakte", size: int = 8192) -> bytes:
    """The stream of an .xls with one sheet of these records, whose second style has the format `code`."""
    begin = struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 6)
    code_text = struct.pack("<HHB", 164, len(code), 0) + code.encode("latin-1")
    styles = b"".join(record(0xE0, struct.pack("<HH16x", 0, number)) for number in (0, 164))
    head = record(0x0809, begin) + record(0x041E, code_text) + styles
    bound = record(0x85, struct.pack("<IBB", 0, 0, 0) + short_text(sheet))
    start = len(head) + len(bound) + 4
    bound = record(0x85, struct.pack("<IBB", start, 0, 0) + short_text(sheet))
    inside = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 6))
    stream = head + bound + record(0x0A) + inside + cells + record(0x0A)
    return stream + bytes(max(0, size - len(stream)))


def xls_row(number: int, *, is_hidden: bool) -> bytes:
    return record(0x0208, struct.pack("<HHHHHHI", number, 0, 3, 255, 0, 0, 0x20 if is_hidden else 0))


def xls_people() -> bytes:
    cells = b"".join(xls_row(number, is_hidden=number in {1, 3, 9}) for number in (0, 1, 2, 3, 9))
    cells += b"".join(label(0, column, text) for column, text in enumerate(("Name", "E-mail", "PLZ")))
    for row, (name, code) in enumerate(PEOPLE, 1):
        cells += label(row, 0, name) + label(row, 1, f"{name}@example.com")
        cells += (
            record(0x0203, struct.pack("<HHHd", row, 2, ZIP_CODES, code)),
            record(0x027E, struct.pack("<HHHI", row, 2, ZIP_CODES, rk(code))),
            record(0xBD, struct.pack("<HHHIHIH", row, 2, ZIP_CODES, rk(code), PLAIN, rk(7), 3)),
        )[row - 1]
    return cells


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def xlsb_cell(kind: int, column: int, style: int, data: bytes) -> bytes:
    return encode_record(kind, struct.pack("<II", column, style) + data)


def xlsb_row(number: int, *, is_hidden: bool = False) -> bytes:
    return encode_record(0, struct.pack("<IIHBB", number, 0, 300, 0, 0x10 if is_hidden else 0) + bytes(13))


def xlsb_of(rows: bytes, *, code: str = "00000", styles: bytes | None = None) -> bytes:
    """An .xlsb with one sheet of these records, whose second style has the format `code`."""
    if styles is None:
        formats = encode_record(615, struct.pack("<I", 1)) + encode_record(44, struct.pack("<H", 164) + wide(code))
        named = encode_record(47, struct.pack("<HH12x", 0xFFFF, 164))
        cells = b"".join(encode_record(47, struct.pack("<HH12x", 0, number)) for number in (0, 164))
        styles = formats + named + encode_record(617, struct.pack("<I", 2)) + cells + encode_record(618, b"")
    sheet = encode_record(129, b"") + encode_record(148, struct.pack("<IIII", 0, 9, 0, 9)) + encode_record(145, b"")
    sheet += rows + encode_record(146, b"") + encode_record(130, b"")
    bundle = encode_record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Kontakte"))
    book = b"".join(encode_record(kind, b"") for kind in (131, 143)) + bundle
    book += b"".join(encode_record(kind, b"") for kind in (144, 132))
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    relation = f'<Relationship Id="rId1" Type="{RELATION}" Target="worksheets/sheet1.bin"/>'
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": f'<Relationships xmlns="{package}">{relation}</Relationships>',
            "xl/styles.bin": styles,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


def xlsb_people() -> bytes:
    rows = xlsb_row(0)
    rows += b"".join(xlsb_cell(6, column, 0, wide(text)) for column, text in enumerate(("Name", "E-mail", "PLZ")))
    for row, (name, code) in enumerate(PEOPLE, 1):
        rows += xlsb_row(row, is_hidden=row != 2)
        rows += xlsb_cell(6, 0, 0, wide(name)) + xlsb_cell(6, 1, 0, wide(f"{name}@example.com"))
        rows += (
            xlsb_cell(5, 2, ZIP_CODES, struct.pack("<d", code)),
            xlsb_cell(2, 2, ZIP_CODES, struct.pack("<I", rk(code))),
            xlsb_cell(9, 2, ZIP_CODES, struct.pack("<dHI", code, 0, 0) + bytes(4)),
        )[row - 1]
    return rows


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xls", compound(xls_of(xls_people()))),
        ("small.xls", compound(xls_of(xls_people(), size=0), in_mini=True)),
        ("a.xlsb", xlsb_of(xlsb_people())),
    ],
)
def test_hidden_rows_are_said_and_zeros_are_kept(run_leads: RunLeads, name: str, data: bytes) -> None:
    run = run_leads(name, data)
    assert [result["email"] for result in run.results] == ["anna@example.com", "ben@example.com", "cara@example.com"]
    assert [result["extra"]["PLZ"] for result in run.results] == ["01067", "10115", "04109"]
    assert run.report["notes"] == [HIDDEN_NOTE]


@pytest.mark.parametrize(
    ("code", "shown"), [("#,##0.00", "1067"), ("0", "1067"), ("0%", "1067"), ('"KD-"0', "KD-1067")]
)
def test_formats_that_make_no_names_of_numbers_change_nothing(run_leads: RunLeads, code: str, shown: str) -> None:
    for name, data in (("a.xls", compound(xls_of(xls_people(), code))), ("a.xlsb", xlsb_of(xlsb_people(), code=code))):
        assert run_leads(name, data).results[0]["extra"]["PLZ"] == shown


def test_short_cells_of_xlsb_have_formats_too(run_leads: RunLeads) -> None:
    rows = xlsb_row(0)
    rows += b"".join(xlsb_cell(6, column, 0, wide(text)) for column, text in enumerate(("Name", "E-mail", "PLZ")))
    rows += xlsb_row(1) + xlsb_cell(6, 0, 0, wide("Anna"))
    rows += encode_record(17, struct.pack("<I", 0) + wide("anna@example.com"))
    rows += encode_record(16, struct.pack("<I", ZIP_CODES) + struct.pack("<d", 1067))
    assert run_leads("a.xlsb", xlsb_of(rows)).results[0]["extra"]["PLZ"] == "01067"


@pytest.mark.parametrize(
    "styles", [b"\x2c", encode_record(44, b"\x01"), encode_record(617, b"") + encode_record(47, b"")]
)
def test_what_tells_the_facts_of_xlsb_may_be_broken(tmp_path: Path, styles: bytes) -> None:
    (tmp_path / "a.xlsb").write_bytes(xlsb_of(xlsb_people(), styles=styles))
    with pytest.raises(Refusal) as raised:
        xlsb_facts.find_facts(open_archive(tmp_path / "a.xlsb"))
    assert raised.value.code is ErrorCode.CORRUPT_FILE


def test_cells_of_xlsb_beyond_every_sheet_have_no_format(tmp_path: Path) -> None:
    rows = xlsb_row(2**32 - 2) + xlsb_cell(5, 2**32 - 1, ZIP_CODES, struct.pack("<d", 1))
    (tmp_path / "a.xlsb").write_bytes(xlsb_of(rows))
    assert list(xlsb_facts.find_facts(open_archive(tmp_path / "a.xlsb"))["Kontakte"].shown) == []


def loops(data: bytes) -> bytes:
    """Its table of sectors leads in a ring."""
    return data[: 512 + 8] + struct.pack("<I", 2) + data[512 + 12 :]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(512),
        compound(xls_of(xls_people()))[:1200],
        loops(compound(xls_of(xls_people()))),
        compound(xls_of(xls_people()), name="Book"),
        compound(xls_of(xls_people(), size=0), in_mini=True)[:-512],
    ],
)
def test_a_broken_xls_has_no_facts(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.xls").write_bytes(data)
    with pytest.raises(Refusal) as raised:
        xls_facts.find_facts(tmp_path / "a.xls")
    assert raised.value.code is ErrorCode.CORRUPT_FILE


def test_a_list_of_sectors_that_leads_in_a_ring_ends() -> None:
    stream = xls_of(xls_people())
    data = bytearray(compound(stream))
    ring = struct.pack("<127I", *[FREE] * 127) + struct.pack("<I", (len(data) - 512) // 512)
    data[68:72] = struct.pack("<I", (len(data) - 512) // 512)
    assert CompoundFile(bytes(data) + ring).read_stream("Workbook") == stream


def test_whatever_byte_of_an_xls_is_wrong_it_has_facts_or_is_refused(tmp_path: Path) -> None:
    data = compound(xls_of(xls_people(), size=0), in_mini=True)
    path = tmp_path / "a.xls"
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with suppress(Refusal):
            xls_facts.find_facts(path)
