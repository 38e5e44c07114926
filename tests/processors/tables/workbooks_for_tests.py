"""Workbooks written part by part, and what is read of them."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from base.errors import Refusal
from processors.contract import Source
from processors.tables.formats import TableKind, find_kind
from processors.tables.text import Cell
from processors.tables.workbooks import list_tables, open_workbook

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
FRAME = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType='
    '"application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
SHEET = "xl/worksheets/sheet1.xml"


def zipped(parts: Mapping[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def workbook_of(rows: str, *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An .xlsx workbook whose one sheet has these row elements."""
    sheet = f'<?xml version="1.0"?><worksheet xmlns="{NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'
    return zipped({**FRAME, SHEET: sheet}, method)


def written(write: Callable[[xlsxwriter.Workbook], Any]) -> bytes:
    """An .xlsx workbook that xlsxwriter makes."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        write(book)
    return file.getvalue()


def ods_of(rows: str) -> bytes:
    """An .ods workbook whose one sheet has these row elements."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" xmlns:table="{office}table:1.0" '
        f'xmlns:text="{office}text:1.0"><office:body><office:spreadsheet><table:table table:name="S">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<manifest:manifest xmlns:manifest="{office}manifest:1.0"/>'
    mimetype = "application/vnd.oasis.opendocument.spreadsheet"
    return zipped({"mimetype": mimetype, "content.xml": content, "META-INF/manifest.xml": manifest})


def cell(reference: str, text: str = "x") -> str:
    """A cell element with text in it."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


class Reader:
    """Reads workbooks in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, data: bytes) -> Path:
        """A file of these bytes."""
        path = self.folder / "upload"
        path.write_bytes(data)
        return path

    def kind(self, data: bytes, name: str) -> TableKind:
        """What kind of table it is."""
        return find_kind(Source(name, self.save(data), len(data), ""))

    def tables(self, data: bytes, sheet: str | None = None, name: str = "a.xlsx") -> dict[str | None, list[list[Cell]]]:
        """All rows of all sheets, blank rows too."""
        kind = self.kind(data, name)
        book = open_workbook(self.folder / "upload", kind, self.folder)
        return {table.sheet: [list(cells) for _, cells in table.rows] for table in list_tables(book, sheet)}

    def refusal(self, data: bytes, sheet: str | None = None, name: str = "a.xlsx") -> Refusal:
        """How it is refused."""
        with pytest.raises(Refusal) as caught:
            self.tables(data, sheet, name)
        return caught.value


def bomb(name: str, megabytes: int) -> bytes:
    """A workbook with one part that unpacks to many spaces."""
    return zipped({**FRAME, SHEET: "<worksheet/>", name: b"<sst>" + b" " * (megabytes * 2**20)})
