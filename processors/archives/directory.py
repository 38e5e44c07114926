"""Directory of a ZIP archive (APPNOTE 6.3.10): its members, checked by what it declares."""

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from processors.archives.member import LOCAL_HEADER_BYTES, Member
from processors.archives.rules import ArchiveRules

END_RECORD = struct.Struct("<4s4H2LH")
END_SIGNATURE = b"PK\x05\x06"
LOCATOR = struct.Struct("<4sLQL")
LOCATOR_SIGNATURE = b"PK\x06\x07"
LONG_END_RECORD = struct.Struct("<4sQ2H2L4Q")
MAX_COMMENT_BYTES = 2**16
MAX_BYTES_PER_ENTRY = 1024
"""Of the directory, on average: it is read at once."""


def read_directory(path: Path, rules: ArchiveRules) -> list[Member]:
    """The members of the archive at `path`, in the order of its directory; nothing is unpacked.

    Raises Refusal: CORRUPT_FILE where it is broken or cut off, UNSAFE_ARCHIVE where it has too many members, members
    that lie over one another, or would unpack to too much.
    """
    try:
        with path.open("rb") as file:
            check_count(file, rules)
            with zipfile.ZipFile(file) as archive:
                entries, directory_offset = archive.infolist(), archive.start_dir
    except (zipfile.BadZipFile, struct.error, ValueError, NotImplementedError, OSError, IndexError) as error:
        raise rules.damaged() from error
    unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if unpacked > rules.max_unpacked_bytes:
        limit = f"at most {rules.max_unpacked_bytes / 2**30:.0f} GiB are opened"
        raise rules.unsafe(f"would unpack to {unpacked / 2**30:.1f} GiB; {limit}")
    if rules.is_bomb(unpacked, packed):
        ratio = unpacked // max(packed, 1)
        raise rules.unsafe(f"would unpack to {ratio} times its size; at most {rules.max_ratio} times is opened")
    check_overlap(entries, directory_offset, rules)
    return [Member(path, entry, rules) for entry in entries]


def check_count(file: BinaryIO, rules: ArchiveRules) -> None:
    """Refuse a directory of too many entries, or of too many bytes, before it is read into memory."""
    count, size = declared_directory(file)
    if count > rules.max_members:
        raise rules.unsafe(f"has {count:,} entries; at most {rules.max_members:,} are opened")
    if size > rules.max_members * MAX_BYTES_PER_ENTRY:
        raise rules.unsafe(f"has a directory of {size:,} bytes, which is too long")


def declared_directory(file: BinaryIO) -> tuple[int, int]:
    """How many entries the directory has, and how many bytes. Raises ValueError, struct.error where there is none."""
    end = file.seek(0, 2)
    start = file.seek(max(0, end - MAX_COMMENT_BYTES - END_RECORD.size - LOCATOR.size))
    tail = file.read()
    place = tail.rindex(END_SIGNATURE)
    _, _, _, _, count, size, _, _ = END_RECORD.unpack_from(tail, place)
    locator_at = place - LOCATOR.size
    if locator_at >= 0 and tail[locator_at : locator_at + 4] == LOCATOR_SIGNATURE:
        # Its own offset is not trusted where bytes were put before the archive: zipfile looks here, too.
        file.seek(start + locator_at - LONG_END_RECORD.size)
        _, _, _, _, _, _, _, count, size, _ = LONG_END_RECORD.unpack(file.read(LONG_END_RECORD.size))
    return count, size


def check_overlap(entries: list[zipfile.ZipInfo], directory_offset: int, rules: ArchiveRules) -> None:
    """Refuse members that share bytes: a small file can so unpack to any size (CVE-2024-0450)."""
    end = 0
    previous = ""
    for entry in sorted(entries, key=lambda one: one.header_offset):
        member = Member(Path(), entry, rules)
        if entry.header_offset < end:
            raise rules.unsafe(f"has entries that lie over one another: “{previous}” and “{member.name}”")
        end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size
        previous = member.name
        if end > directory_offset:
            raise rules.unsafe(f"has an entry that runs into its directory: “{previous}”")
