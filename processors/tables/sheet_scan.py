"""Scan .xlsx sheets for their claimed extent and facts, in little memory."""

import re
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from base.errors import ErrorCode, Refusal
from processors.archives.member import Member
from processors.tables.ahead import read_ahead
from processors.tables.archives import open_archive
from processors.tables.number_formats import DigitFormat, read_styles
from processors.tables.sheet_facts import SheetFacts
from processors.tables.sheet_names import name_sheets
from processors.tables.tables import column_letter
from processors.tables.used_range import MAX_MEMORY_BYTES, UsedRange, column_number
from processors.tables.xml_parts import MAX_TAG, UnusualXml, local_name, open_parser, parse_whole, whole_tags

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
T = TypeVar("T")
R = TypeVar("R")


def check_workbook(path: Path, max_memory_bytes: int = MAX_MEMORY_BYTES) -> dict[str, SheetFacts]:
    """Refuse an .xlsx archive that is unsafe, broken, or has a sheet that does not fit into memory.

    The facts of its sheets, by their names. Raises Refusal: UNSAFE_ARCHIVE, CORRUPT_FILE or FILE_TOO_LARGE.
    """
    parts = open_archive(path)
    lengths = array("L")
    formats: dict[int, DigitFormat] = {}
    for part in parts:
        if part.full_name.lower().endswith("sharedstrings.xml"):
            lengths = measure_texts(part)
        elif part.full_name.lower().endswith("styles.xml"):
            formats = unless_damaged(read_styles, part) or formats
    facts = {part.full_name: SheetFacts(formats) for part in parts}
    for part in parts:
        try:
            used = scan_fast(read_ahead(part.chunks()), facts[part.full_name])
        except UnusualXml:
            if not mentions_sheet(part.chunks()):
                continue
            facts[part.full_name] = SheetFacts(formats)
            used = scan_exact(part, lengths, facts[part.full_name])
        else:
            # Adding up the shared texts of every cell takes long: only where it could be too much at all.
            if lengths and used.memory_bytes(part.size_bytes) + used.cells * max(lengths) > max_memory_bytes:
                used.text_bytes = add_up_texts(part.chunks(), lengths)
        used.check(part.size_bytes, max_memory_bytes)
    return {sheet: facts[name] for sheet, name in (unless_damaged(name_sheets, parts) or {}).items()}


def unless_damaged(read: Callable[[T], R], what: T) -> R | None:
    """What `read` finds, or None where the parts that it reads are damaged: only the facts need them."""
    try:
        return read(what)
    except Refusal as refusal:
        if refusal.code is not ErrorCode.CORRUPT_FILE:
            raise
        return None


def measure_texts(part: Member) -> "array[int]":
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


def scan_fast(chunks: Iterable[bytes], facts: SheetFacts) -> UsedRange:
    """The used range of a part, if its cells are written as Excel writes them; an empty one if it has none.

    Raises UnusualXml where there may be a cell that is written another way than `<c r="A1"…>`.
    """
    used = UsedRange()
    for number, block in enumerate(whole_tags(chunks)):
        if number == 0 and b"\x00" in block[:1000]:
            raise UnusualXml
        add_cells(block, used)
        facts.add_block(block)
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

    def __init__(self, lengths: "array[int]", facts: SheetFacts) -> None:
        self.used = UsedRange()
        self.lengths = lengths
        self.facts = facts
        self.has_formula = self.has_value = False
        self.row = self.column = 0
        self.place: list[str] | None = None
        self.is_shared = False

    def start(self, name: str, attributes: dict[str, Any]) -> None:
        """An element begins."""
        local = local_name(name)
        if local == "row":
            given = str(attributes.get("r", ""))
            self.row, self.column = int(given[:9]) if given.isdecimal() else self.row + 1, 0
            if attributes.get("hidden") in {"1", "true"}:
                self.facts.hidden.append(self.row)
        elif local == "c":
            self.is_shared = attributes.get("t") == "s"
            self.move(str(attributes.get("r", "")))
            self.has_formula = self.has_value = False
            style = str(attributes.get("s", ""))
            if attributes.get("t", "n") == "n" and style.isdecimal():
                self.facts.add_styled(self.row, self.column, int(style[:9]))
        elif local == "f":
            self.has_formula = True
        elif local in VALUES and self.column:
            self.has_value = True
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

    def end(self, name: str) -> None:
        """An element ends."""
        if self.has_formula and local_name(name) == "c":
            self.facts.add_formula(f"{column_letter(self.column - 1)}{self.row}", is_saved=self.has_value)
            self.has_formula = False
        if self.place is None:
            return
        number = "".join(self.place).strip()
        self.place = None
        if number.isdecimal() and int(number[:9]) < len(self.lengths):
            self.used.text_bytes += self.lengths[int(number[:9])]


def scan_exact(part: Member, lengths: "array[int]", facts: SheetFacts) -> UsedRange:
    """The used range of a part that is XML of any style. Raises Refusal CORRUPT_FILE where it is no well-formed XML."""
    counter = CellCounter(lengths, facts)
    parser = open_parser()
    parser.StartElementHandler = counter.start
    parser.CharacterDataHandler = counter.text
    parser.EndElementHandler = counter.end
    parse_whole(parser, part)
    return counter.used
