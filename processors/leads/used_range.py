"""How many rows and columns the sheets of an .xlsx workbook claim, found without building any of them.

The reader makes room for the whole rectangle between the first and the last cell that has a value: one value in the
last cell of a sheet asks it for hundreds of gigabytes, and then it ends the process. So we look first.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat

from base.errors import ErrorCode, Refusal
from processors.leads.archives import SAVE_AS_CSV, damaged, open_archive, unpack, unsafe

MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576
MAX_CELLS = 8_000_000
"""Of one sheet's rectangle; the reader takes 60 to 100 bytes for each, all at once."""
MAX_SHARED_STRINGS = 320 * 2**20
MAX_TAG = 2**16

CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"[^<>]*>')
FULL_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*(?<!/)>')
ANY_CELL = re.compile(rb"<c[\s/>]")
PREFIXED_CELL = re.compile(rb":c[\s/>]")
REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")
LETTERS, DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
XML_STARTS = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
VALUES = frozenset({"v", "is", "t"})


class UnusualXml(Exception):  # noqa: N818  it only says which way to read
    """The part is not written the way Excel does: it must be read with a real parser."""


@dataclass(slots=True)
class UsedRange:
    """The rows and columns of the cells with a value: sets, so that the hot loop only adds to them."""

    rows: set[bytes] = field(default_factory=set)
    columns: set[bytes] = field(default_factory=set)
    cells: int = 0

    def check(self) -> None:
        """Refuse what would not fit into memory: UNSAFE_ARCHIVE for a mere claim, FILE_TOO_LARGE for real cells."""
        if not self.cells:
            return
        columns = [column_number(letters) for letters in self.columns]
        rows = [int(digits) for digits in self.rows]
        if max(columns) > MAX_COLUMNS or max(rows) > MAX_ROWS:
            raise unsafe(f"claims a cell in column {max(columns):,} and row {max(rows):,}, which no sheet has")
        area = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
        if area > MAX_CELLS and self.cells > MAX_CELLS // 2:
            message = f"The sheet has {area:,} cells; at most {MAX_CELLS:,} are read from a workbook. {SAVE_AS_CSV}"
            raise Refusal(ErrorCode.FILE_TOO_LARGE, message)
        if area > MAX_CELLS:
            raise unsafe(f"claims {area:,} cells, though only {self.cells:,} hold a value; at most {MAX_CELLS:,} fit")


def column_number(letters: bytes) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters[:8]:
        number = number * 26 + letter - 64
    return number


def check_workbook(path: Path) -> None:
    """Refuse an .xlsx archive that is unsafe, broken, or claims more cells than can be read.

    Raises Refusal: UNSAFE_ARCHIVE, CORRUPT_FILE or FILE_TOO_LARGE.
    """
    with path.open("rb") as file:
        for part in open_archive(path):
            if part.filename.lower().endswith("sharedstrings.xml") and part.file_size > MAX_SHARED_STRINGS:
                message = f"The workbook holds more than {MAX_SHARED_STRINGS // 2**20} MiB of text. {SAVE_AS_CSV}"
                raise Refusal(ErrorCode.FILE_TOO_LARGE, message)
            try:
                used = scan_fast(unpack(file, part))
            except UnusualXml:
                used = scan_exact(unpack(file, part))
            used.check()


def scan_fast(chunks: Iterator[bytes]) -> UsedRange:
    """The used range of a part, if it is XML as Excel writes it; an empty one if it is no XML.

    Raises UnusualXml where a cell is written another way than `<c r="A1"…>`.
    """
    used = UsedRange()
    tail = b""
    for number, chunk in enumerate(chunks):
        if number == 0 and not chunk.startswith(XML_STARTS):
            return used
        if number == 0 and b"\x00" in chunk[:64]:
            raise UnusualXml
        block, tail = cut_at_tag(tail + chunk)
        add_cells(block, used)
    add_cells(tail, used)
    return used


def cut_at_tag(block: bytes) -> tuple[bytes, bytes]:
    """`block` up to its last tag, and the rest, in which that tag may go on. Raises UnusualXml for an endless tag."""
    cut = block.rfind(b"<")
    if cut < 0:
        return block, b""
    if len(block) - cut > MAX_TAG and b">" not in block[cut : cut + MAX_TAG]:
        raise UnusualXml
    return block[:cut], block[cut:]


def add_cells(block: bytes, used: UsedRange) -> None:
    """Add the cells of `block` that are not empty (`<c r="A1" s="3"/>`) to `used`."""
    found = FULL_CELL.findall(block)
    if block.count(b"<c") != len(found) and len(ANY_CELL.findall(block)) != len(CELL.findall(block)):
        raise UnusualXml
    if b":c" in block and PREFIXED_CELL.search(block):
        raise UnusualXml
    references = b" ".join(found)
    used.cells += len(found)
    used.columns.update(references.translate(None, DIGITS).split())
    used.rows.update(references.translate(None, LETTERS).split())


class CellCounter:
    """Follows the elements of a sheet as the reader does: a row or cell without a reference comes after the last."""

    def __init__(self) -> None:
        self.used = UsedRange()
        self.row = self.column = 0

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        """An element begins."""
        local = name.rpartition(":")[2]
        if local == "row":
            given = str(attributes.get("r", ""))
            self.row, self.column = int(given[:9]) if given.isdecimal() else self.row + 1, 0
        elif local == "c":
            self.move(str(attributes.get("r", "")))
        elif local in VALUES and self.column:
            self.used.cells += 1
            self.used.rows.add(b"%d" % self.row)
            self.used.columns.add(column_letters(self.column))

    def move(self, reference: str) -> None:
        """Go to the cell that `reference` names, else one to the right."""
        match = REFERENCE.fullmatch(reference.replace("$", "").upper())
        if match:
            self.column, self.row = column_number(match[1].encode()), int(match[2][:9])
        else:
            self.column += 1


def column_letters(number: int) -> bytes:
    """1 is A, 26 is Z, 27 is AA."""
    letters = b""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = bytes((65 + rest,)) + letters
    return letters


def scan_exact(chunks: Iterable[bytes]) -> UsedRange:
    """The used range of a part that is XML of any style. Raises Refusal CORRUPT_FILE where it is no well-formed XML."""
    counter = CellCounter()
    parser = expat.ParserCreate()
    parser.StartElementHandler = counter.start
    parser.StartDoctypeDeclHandler = refuse_doctype
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged() from error
    return counter.used


def refuse_doctype(*_: object) -> None:
    """Refuse a document type: no workbook has one, and its entities can grow without end."""
    raise damaged()
