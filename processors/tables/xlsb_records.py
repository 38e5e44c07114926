"""Records of .xlsb sheets (MS-XLSB 2.1.4): short cells made long ones.

A short cell, as SheetJS writes it, names no column: it stands to the right of the cell before it. calamine passes over
such cells without a word, so they are written out before it reads.
"""

from collections.abc import Iterable, Iterator
from struct import Struct

from processors.archives.member import Member
from processors.tables.archives import damaged

SHEET_START = b"\x81\x01"
"""BrtBeginSheet, the first record of every sheet."""
ROW = 0
LONG_CELLS = frozenset({*range(1, 12), 62})
"""BrtCellBlank to BrtFmlaError, and BrtCellRString; they begin with their column."""
SHORT_CELLS = range(12, 19)
"""BrtShortBlank to BrtShortIsst, in the order of BrtCellBlank (1) to BrtCellIsst (7)."""
SHORTER_BY = 11
MAX_RECORD = 2**24
COLUMN = Struct("<I")

Record = tuple[int, bytes]
"""The type of a record, and its data."""


def has_short_cells(part: Member) -> bool:
    """Whether `part` is a sheet with short cells. Raises Refusal CORRUPT_FILE where it is a broken one."""
    chunks = part.chunks()
    first = next(chunks, b"")
    if not first.startswith(SHEET_START):
        return False
    return any(kind in SHORT_CELLS for kind, _ in read_records(chain_first(first, chunks)))


def chain_first(first: bytes, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`first`, then the rest."""
    yield first
    yield from chunks


def write_out_cells(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a sheet in which every cell names its column. Raises Refusal CORRUPT_FILE where it is broken."""
    for kind, data in long_records(chunks):
        yield encode_record(kind, data)


def long_records(chunks: Iterable[bytes]) -> Iterator[Record]:
    """The records of a sheet, where every cell names its column. Raises Refusal CORRUPT_FILE where it is broken."""
    column = -1
    for kind, data in read_records(chunks):
        if kind == ROW:
            column = -1
        elif kind in LONG_CELLS and len(data) >= COLUMN.size:
            column = COLUMN.unpack_from(data)[0]
        elif kind in SHORT_CELLS:
            column += 1
            yield kind - SHORTER_BY, COLUMN.pack(column) + data
            continue
        yield kind, data


def read_records(chunks: Iterable[bytes]) -> Iterator[Record]:
    """All records of a part. Raises Refusal CORRUPT_FILE where one is cut or longer than 16 MiB."""
    data = b""
    place = 0
    for chunk in chunks:
        data, place = data[place:] + chunk, 0
        while (found := read_record(data, place)) is not None:
            kind, content, place = found
            yield kind, content
    if place < len(data):
        raise damaged()


def read_record(data: bytes, place: int) -> tuple[int, bytes, int] | None:
    """The record at `place` and where it ends; None where it goes on beyond `data`. Raises Refusal CORRUPT_FILE."""
    kind = read_number(data, place, 2)
    size = read_number(data, kind[1], 4) if kind else None
    if kind is None or size is None:
        return None
    if size[0] > MAX_RECORD:
        raise damaged()
    end = size[1] + size[0]
    return (kind[0], data[size[1] : end], end) if end <= len(data) else None


def read_number(data: bytes, place: int, most: int) -> tuple[int, int] | None:
    """A number of seven bits a byte, at most `most` of them, and where it ends; None where `data` ends before."""
    number = 0
    for shift in range(most):
        if place >= len(data):
            return None
        byte = data[place]
        number |= (byte & 0x7F) << 7 * shift
        place += 1
        if byte < 0x80:
            break
    return number, place


def encode_record(kind: int, data: bytes) -> bytes:
    """A record as bytes."""
    return encode_number(kind) + encode_number(len(data)) + data


def encode_number(number: int) -> bytes:
    """`number` with seven bits a byte, the lowest first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
