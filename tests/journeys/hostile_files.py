"""Files that want to do harm, or that somebody simply got wrong."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

ONE_PIXEL_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000a49444154789c6360000000020001e221bc330000000049"
    "454e44ae426082"
)
OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")


def workbook(*rows: list[object], sheet: str = "Sheet1") -> bytes:
    """An ordinary workbook."""
    memory = io.BytesIO()
    with xlsxwriter.Workbook(memory, {"in_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return memory.getvalue()


def repacked(content: bytes, name: str, data: bytes) -> bytes:
    """The same archive with the member `name` made of `data`."""
    memory = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, data if member == name else old.read(member))
    return memory.getvalue()


def sheet_xml(cells: str, dimension: str) -> bytes:
    """A sheet with these cells in one row."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><worksheet '
        'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{cells}</sheetData></worksheet>'
    ).encode()


def far_cell(reference: str, row: int) -> bytes:
    """A tiny workbook that claims a large rectangle: one value in A1, one in `reference`."""
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>E-mail</t></is></c></row>'
        f'<row r="{row}"><c r="{reference}" t="inlineStr"><is><t>a@example.com</t></is></c></row>'
    )
    return repacked(workbook(["x"]), "xl/worksheets/sheet1.xml", sheet_xml(cells, f"A1:{reference}"))


def bomb() -> bytes:
    """Some 65 kilobytes that unpack to 64 megabytes, a thousand times their size."""
    texts = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>' + b"A" * (64 * 2**20)
    return repacked(workbook(["E-mail"], ["a@example.com"]), "xl/sharedStrings.xml", texts + b"</t></si></sst>")


def encrypted() -> bytes:
    """What Excel writes with a password: an OLE container with the streams EncryptionInfo and EncryptedPackage."""
    sector = 512
    header = OLE_SIGNATURE + bytes(16) + (0x3E).to_bytes(2, "little") + (3).to_bytes(2, "little") + b"\xfe\xff"
    header += (9).to_bytes(2, "little") + (6).to_bytes(2, "little") + bytes(6)
    header += bytes(4) + (1).to_bytes(4, "little") + (1).to_bytes(4, "little") + bytes(4) + (4096).to_bytes(4, "little")
    header += (0xFFFFFFFE).to_bytes(4, "little") + bytes(4) + (0xFFFFFFFE).to_bytes(4, "little") + bytes(4)
    header += bytes(4) + b"\xff" * 4 * 108
    fat = (0xFFFFFFFD).to_bytes(4, "little") + (0xFFFFFFFE).to_bytes(4, "little") + b"\xff" * 4 * 126
    entries = b"".join(
        _entry(name, kind, child)
        for name, kind, child in (
            ("Root Entry", 5, 1),
            ("EncryptionInfo", 2, 0xFFFFFFFF),
            ("EncryptedPackage", 2, 0xFFFFFFFF),
        )
    )
    return header + fat + entries + bytes(sector - len(entries)) + bytes(8 * sector)


def _entry(name: str, kind: int, child: int) -> bytes:
    text = name.encode("utf-16-le")
    right = 2 if name == "EncryptionInfo" else 0xFFFFFFFF
    entry = text.ljust(64, b"\0") + (len(text) + 2).to_bytes(2, "little") + bytes([kind, 1])
    entry += (0xFFFFFFFF).to_bytes(4, "little") + right.to_bytes(4, "little") + child.to_bytes(4, "little")
    return (entry + bytes(36) + (0xFFFFFFFE).to_bytes(4, "little") + bytes(8))[:128].ljust(128, b"\0")


def write_long_line(path: Path) -> None:
    """A CSV whose second line has fifty megabytes."""
    with path.open("wb") as file:
        file.write(b"Name,E-mail\n")
        for _ in range(50):
            file.write(b"a" * 2**20)


def full_sheet_lines() -> Iterator[str]:
    """A CSV with as many rows as a sheet can have."""
    yield "E-mail,Name\n"
    for number in range(1_048_575):
        yield f"a{number}@example.com,n {number}\n"
