"""Copies of workbooks without the things that calamine stumbles over.

An .xlsx with an error value that calamine does not know (`#GETTING_DATA`) is damaged to it, and of the cells of a row in
an .xlsb it reads only those that name their column. Nothing else changes.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from processors.archives.member import Member
from processors.tables.xlsb_records import has_short_cells, write_out_cells

ERROR_CELL = re.compile(
    rb"""(<(?:[\w.-]+:)?c\s(?:[^<>]*\s)?t=["']e["'][^<>]*>(?:\s*<(?:[\w.-]+:)?f\b[^<]*(?:</[^<>]*>)?)?"""
    rb"""\s*<(?:[\w.-]+:)?v(?:\s[^<>]*)?>)[^<]*(?=<)"""
)
CELL_END = b"c>"
MAX_CELL_BYTES = 2**20

Mend = Callable[[Iterable[bytes]], Iterator[bytes]]


def mend_xlsb(parts: list[Member], folder: Path) -> Path | None:
    """A copy of an .xlsb in which every cell names its column; None where all do. Raises Refusal CORRUPT_FILE."""
    short = {part.full_name for part in parts if has_short_cells(part)}
    return copy_archive(parts, folder / "mended.xlsb", write_out_cells, short) if short else None


def mend_xlsx(parts: list[Member], folder: Path) -> Path:
    """A copy of an .xlsx in which every error value is #N/A, which all readers know."""
    sheets = {part.full_name for part in parts if part.full_name.lower().endswith(".xml")}
    return copy_archive(parts, folder / "mended.xlsx", replace_errors, sheets)


def replace_errors(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same XML with #N/A in every cell that holds an error."""
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        cut = block.rfind(CELL_END) + len(CELL_END)
        if cut < len(CELL_END):
            cut = max(0, len(block) - MAX_CELL_BYTES)
        block, tail = block[:cut], block[cut:]
        yield ERROR_CELL.sub(rb"\1#N/A", block)
    yield ERROR_CELL.sub(rb"\1#N/A", tail)


def copy_archive(parts: list[Member], target: Path, mend: Mend, names: set[str]) -> Path:
    """Write all `parts` to a new archive, those of these `names` mended. Raises Refusal as `unpack` does."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in parts:
            if part.full_name.endswith("/"):
                continue
            with archive.open(part.full_name, "w", force_zip64=True) as file:
                for chunk in mend(part.chunks()) if part.full_name in names else part.chunks():
                    file.write(chunk)
    return target
