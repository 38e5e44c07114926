"""Finding what the sheets of an .xlsx archive claim, without building any of them and in little memory."""

import re
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.parsers import expat

from processors.leads.archives import Part, damaged, open_archive
from processors.leads.used_range import MAX_MEMORY_BYTES, UsedRange, column_number

MAX_TAG = 2**16
CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"[^<>]*>')
FULL_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*(?<!/)>')
ANY_CELL = re.compile(rb"<c[\s/>]")
PREFIXED_CELL = re.compile(rb":c[\s/>]")
SHARED_CELL = re.compile(rb"""<c [^<>]*["']s["'][^<>]*>.*?<v[^<>]*>\s*([0-9]{1,9})""", re.DOTALL)
SHARED_TEXT = re.compile(rb"<(?:\w+:)?si[\s/>]")
REFERENCE = re.compile(r"([A-Z]+)([0-9]+)")
LETTERS, DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", b"0123456789"
SHEET_WORDS = tuple("sheetData".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
VALUES = frozenset({"v", "is"})


class UnusualXml(Exception):  # noqa: N818  it only says which way to read
    """The part is not written the way Excel does: it must be read with a real parser."""


def check_workbook(path: Path) -> None:
    """Refuse an .xlsx archive that is unsafe, broken, or has a sheet that does not fit into memory.

    Raises Refusal: UNSAFE_ARCHIVE, CORRUPT_FILE or FILE_TOO_LARGE.
    """
    parts = open_archive(path)
    lengths = array("L")
    for part in parts:
        if part.name.lower().endswith("sharedstrings.xml"):
            lengths = measure_texts(part)
    for part in parts:
        try:
            used = scan_fast(part.chunks())
        except UnusualXml:
            if not mentions_sheet(part.chunks()):
                continue
            used = scan_exact(part.chunks(), lengths)
        else:
            # Adding up the shared texts of every cell takes long: only where it could be too much at all.
            if lengths and used.memory_bytes(part.size_bytes) + used.cells * max(lengths) > MAX_MEMORY_BYTES:
                used.text_bytes = add_up_texts(part.chunks(), lengths)
        used.check(part.size_bytes)


def measure_texts(part: Part) -> "array[int]":
    """How many bytes each of the texts takes that the cells of a workbook share, with its markup."""
    lengths = array("L")
    last = None
    place = 0
    for block in whole_tags(part.chunks()):
        for match in SHARED_TEXT.finditer(block):
            start = place + match.start()
            if last is not None:
                lengths.append(start - last)
            last = start
        place += len(block)
    if last is not None:
        lengths.append(place - last)
    return lengths


def whole_tags(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks that end before a `<`, so that no tag is in two. Raises UnusualXml for endless tags."""
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        cut = block.rfind(b"<")
        if cut >= 0 and len(block) - cut > MAX_TAG and b">" not in block[cut : cut + MAX_TAG]:
            raise UnusualXml
        block, tail = (block[:cut], block[cut:]) if cut >= 0 else (block, b"")
        yield block
    yield tail


def scan_fast(chunks: Iterable[bytes]) -> UsedRange:
    """The used range of a part, if its cells are written as Excel writes them; an empty one if it has none.

    Raises UnusualXml where there may be a cell that is written another way than `<c r="A1"…>`.
    """
    used = UsedRange()
    for number, block in enumerate(whole_tags(chunks)):
        if number == 0 and b"\x00" in block[:1000]:
            raise UnusualXml
        add_cells(block, used)
    return used


def add_cells(block: bytes, used: UsedRange) -> None:
    """Add the cells of `block` that are not empty (`<c r="A1" s="3"/>`) to `used`."""
    found = FULL_CELL.findall(block)
    if block.count(b"<c") != len(found) and len(ANY_CELL.findall(block)) != len(CELL.findall(block)):
        raise UnusualXml
    if b":c" in block and PREFIXED_CELL.search(block):
        raise UnusualXml
    if not found:
        return
    references = b" ".join(found)
    columns = {column_number(letters) for letters in set(references.translate(None, DIGITS).split())}
    rows = set(map(int, set(references.translate(None, LETTERS).split())))
    used.add(rows, columns, len(found))


def add_up_texts(chunks: Iterable[bytes], lengths: "array[int]") -> int:
    """How many bytes the shared texts of all cells take, each counted for every cell that shows it."""
    count = len(lengths)
    total = 0
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        cut = block.rfind(b"<c ")
        block, tail = (block[:cut], block[cut:][-MAX_TAG:]) if cut > 0 else (block, b"")
        total += sum(lengths[place] for one in SHARED_CELL.findall(block) if (place := int(one)) < count)
    return total + sum(lengths[place] for one in SHARED_CELL.findall(tail) if (place := int(one)) < count)


def mentions_sheet(chunks: Iterable[bytes]) -> bool:
    """Whether a part can be a sheet at all: pictures and charts may hold what looks like cells."""
    tail = b""
    for chunk in chunks:
        block = tail + chunk
        if any(word in block for word in SHEET_WORDS):
            return True
        tail = block[-20:]
    return False


class CellCounter:
    """Follows the elements of a sheet as the reader does: a row or cell without a reference comes after the last."""

    def __init__(self, lengths: "array[int]") -> None:
        self.used = UsedRange()
        self.lengths = lengths
        self.row = self.column = 0
        self.place: list[str] | None = None
        self.is_shared = False

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        """An element begins."""
        local = name.rpartition(":")[2]
        if local == "row":
            given = str(attributes.get("r", ""))
            self.row, self.column = int(given[:9]) if given.isdecimal() else self.row + 1, 0
        elif local == "c":
            self.is_shared = attributes.get("t") == "s"
            self.move(str(attributes.get("r", "")))
        elif local in VALUES and self.column:
            self.used.add((self.row,), (self.column,), 1)
            self.place = [] if self.is_shared and local == "v" else None

    def move(self, reference: str) -> None:
        """Go to the cell that `reference` names, else one to the right."""
        match = REFERENCE.fullmatch(reference.replace("$", "").upper())
        if match:
            self.column, self.row = column_number(match[1].encode()), int(match[2][:9])
        else:
            self.column += 1

    def text(self, data: str) -> None:
        """Text, of which only the numbers of shared texts matter."""
        if self.place is not None and len(self.place) < 10:
            self.place.append(data)

    def end(self, _: str) -> None:
        """An element ends."""
        if self.place is None:
            return
        number = "".join(self.place).strip()
        self.place = None
        if number.isdecimal() and int(number[:9]) < len(self.lengths):
            self.used.text_bytes += self.lengths[int(number[:9])]


def scan_exact(chunks: Iterable[bytes], lengths: "array[int]") -> UsedRange:
    """The used range of a part that is XML of any style. Raises Refusal CORRUPT_FILE where it is no well-formed XML."""
    counter = CellCounter(lengths)
    parser = expat.ParserCreate()
    parser.StartElementHandler = counter.start
    parser.CharacterDataHandler = counter.text
    parser.EndElementHandler = counter.end
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
