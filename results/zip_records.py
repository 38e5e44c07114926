"""The records of a ZIP file with stored entries, byte by byte; sizes and offsets beyond 32 bits go to ZIP64 fields.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 to 4.5; numbers in comments are its sections.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime

_LIMIT_32, _LIMIT_16 = 0xFFFF_FFFF, 0xFFFF
_VERSION, _VERSION_64 = 20, 45  # 4.4.3
_MADE_BY_UNIX = 3 << 8  # 4.4.2: the host whose file attributes are meant
_REGULAR_FILE = 0o100644 << 16
_NAME_IS_UTF8 = 1 << 11  # 4.4.4
_STORED = 0  # 4.4.5
_LOCAL = struct.Struct("<4s5H3I2H")  # 4.3.7
_CENTRAL = struct.Struct("<4s6H3I5H2I")  # 4.3.12
_END_64 = struct.Struct("<4sQ2H2I4Q")  # 4.3.14
_LOCATOR_64 = struct.Struct("<4sIQI")  # 4.3.15
_END = struct.Struct("<4s4H2IH")  # 4.3.16


@dataclass(frozen=True, slots=True)
class Record:
    """What a ZIP says of one entry: name with slashes, bytes, moment (UTC, as DOS knows no time zone)."""

    name: str
    size: int
    made_at: datetime


def local_header(record: Record, crc: int) -> bytes:
    """What stands before the bytes of an entry; its length does not depend on `crc`."""
    name = record.name.encode()
    is_large = record.size >= _LIMIT_32
    # 4.5.3: in a local header both sizes must be there.
    extra = struct.pack("<2H2Q", 1, 16, record.size, record.size) if is_large else b""
    size = _LIMIT_32 if is_large else record.size
    time, date = _dos_moment(record.made_at)
    fixed = _LOCAL.pack(
        b"PK\3\4", _VERSION_64 if is_large else _VERSION, _NAME_IS_UTF8, _STORED, time, date, crc, size, size,
        len(name), len(extra),
    )  # fmt: skip
    return fixed + name + extra


def central_header(record: Record, crc: int, offset: int) -> bytes:
    """The entry's line in the directory; `offset` is where its local header begins."""
    name = record.name.encode()
    large = [record.size] * 2 if record.size >= _LIMIT_32 else []
    far = [offset] if offset >= _LIMIT_32 else []
    wide = [*large, *far]
    extra = struct.pack(f"<2H{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size = _LIMIT_32 if large else record.size
    version = _VERSION_64 if wide else _VERSION
    time, date = _dos_moment(record.made_at)
    fixed = _CENTRAL.pack(
        b"PK\1\2", _MADE_BY_UNIX | version, version, _NAME_IS_UTF8, _STORED, time, date, crc, size, size,
        len(name), len(extra), 0, 0, 0, _REGULAR_FILE, _LIMIT_32 if far else offset,
    )  # fmt: skip
    return fixed + name + extra


def end_record(count: int, size: int, offset: int) -> bytes:
    """What ends the file: the directory's number of entries, bytes and place."""
    short = _END.pack(
        b"PK\5\6", 0, 0, min(count, _LIMIT_16), min(count, _LIMIT_16), min(size, _LIMIT_32), min(offset, _LIMIT_32), 0
    )
    if count < _LIMIT_16 and size < _LIMIT_32 and offset < _LIMIT_32:
        return short
    # 4.3.14.1: the size of this record, without its first 12 bytes.
    long = _END_64.pack(
        b"PK\6\6", _END_64.size - 12, _MADE_BY_UNIX | _VERSION_64, _VERSION_64, 0, 0, count, count, size, offset
    )
    return long + _LOCATOR_64.pack(b"PK\6\7", 0, offset + size, 1) + short


def _dos_moment(moment: datetime) -> tuple[int, int]:
    """4.4.6: time and date, whole pairs of seconds, years 1980 to 2107."""
    utc = moment.astimezone(UTC)
    if not 1980 <= utc.year <= 2107:
        return 0, 1 << 5 | 1
    time = utc.hour << 11 | utc.minute << 5 | utc.second // 2
    return time, (utc.year - 1980) << 9 | utc.month << 5 | utc.day
