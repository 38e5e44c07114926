"""Archives written byte by byte: any of their fields can lie (APPNOTE 6.3.10)."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Entry:
    """One member; what is left None is told honestly."""

    name: bytes
    data: bytes = b""
    method: int = 0
    flags: int = 0x800
    declared_size: int | None = None
    checksum: int | None = None
    attributes: int = 0
    system: int = 3
    offset: int | None = None
    packed: bytes | None = None

    def pack(self) -> bytes:
        """The packed data."""
        if self.packed is not None:
            return self.packed
        if self.method != 8:
            return self.data
        deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return deflate.compress(self.data) + deflate.flush()

    def values(self) -> tuple[int, int, int]:
        """Checksum, packed size and size, as they are declared."""
        size = len(self.data) if self.declared_size is None else self.declared_size
        return zlib.crc32(self.data) if self.checksum is None else self.checksum, len(self.pack()), size


def write_zip(path: Path, entries: list[Entry], *, count: int | None = None) -> Path:
    """Write an archive of `entries`, whose end declares `count` of them where it is given."""
    body, directory = b"", b""
    for entry in entries:
        offset = len(body) if entry.offset is None else entry.offset
        sums = struct.pack("<LLL", *entry.values())
        head = struct.pack("<HHHHH", 20, entry.flags, entry.method, 0, 33) + sums + struct.pack("<H", len(entry.name))
        if entry.offset is None:
            body += b"PK\x03\x04" + head + struct.pack("<H", 0) + entry.name + entry.pack()
        directory += b"PK\x01\x02" + struct.pack("<BB", 20, entry.system) + head
        directory += struct.pack("<HHHHLL", 0, 0, 0, 0, entry.attributes, offset) + entry.name
    number = len(entries) if count is None else count
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, number, number, len(directory), len(body), 0)
    path.write_bytes(body + directory + end)
    return path
