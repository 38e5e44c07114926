"""Looking into a workbook's ZIP archive before a library opens it: how many parts, how large, and are they honest."""

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from base.errors import ErrorCode, Refusal

CHUNK = 2**20
MAX_ENTRIES = 10_000
MAX_UNPACKED = 2 * 2**30
RATIO_COUNTS_FROM = 32 * 2**20
MAX_RATIO = 200
ENCRYPTED_FLAG = 1
LOCAL_HEADER_BYTES = 30
PROTECTED = "The workbook is encrypted with a password. Save it without one and upload it again."
SAVE_AS_CSV = "Save the sheet as .csv, which is read row by row."


@dataclass(frozen=True, slots=True)
class Part:
    """One file in an archive. `size_bytes` is what it declares to unpack to."""

    path: Path
    info: zipfile.ZipInfo

    @property
    def name(self) -> str:
        return self.info.filename

    @property
    def size_bytes(self) -> int:
        return self.info.file_size

    def chunks(self) -> Iterator[bytes]:
        """Its bytes in chunks of at most 1 MiB. Raises Refusal as `unpack` does."""
        with self.path.open("rb") as file:
            yield from unpack(file, self.info)


def open_archive(path: Path) -> list[Part]:
    """The parts of the archive at `path`, checked by what its directory declares.

    Raises Refusal: CORRUPT_FILE where it is broken or encrypted, UNSAFE_ARCHIVE where it has too many parts, parts
    that lie over one another, or would unpack to more than 2 GiB or to more than 200 times its size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise damaged() from error
    if any(part.flag_bits & ENCRYPTED_FLAG for part in parts):
        raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED)
    if len(parts) > MAX_ENTRIES:
        raise unsafe(f"has {len(parts):,} parts; at most {MAX_ENTRIES:,} are opened")
    unpacked, packed = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
    if unpacked > MAX_UNPACKED:
        raise unsafe(f"would unpack to {unpacked / 2**30:.1f} GiB; at most 2 GiB are opened")
    if unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * max(packed, 1):
        raise unsafe(
            f"would unpack to {unpacked // max(packed, 1)} times its size; at most {MAX_RATIO} times is opened"
        )
    check_overlap(parts)
    return [Part(path, part) for part in parts]


def check_overlap(parts: list[zipfile.ZipInfo]) -> None:
    """Refuse with UNSAFE_ARCHIVE parts that share bytes: a small file can so unpack to any size (CVE-2024-0450)."""
    end = 0
    for part in sorted(parts, key=lambda one: one.header_offset):
        if part.header_offset < end:
            raise unsafe("has parts that lie over one another")
        end = part.header_offset + LOCAL_HEADER_BYTES + part.compress_size


def unpack(file: BinaryIO, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes of one part in chunks of at most 1 MiB.

    Raises Refusal: UNSAFE_ARCHIVE where more comes out than the directory declares, CORRUPT_FILE where it is broken.
    """
    file.seek(part.header_offset)
    header = file.read(LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
        raise damaged()
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    if part.compress_type == zipfile.ZIP_STORED:
        chunks = stored(file, part.compress_size)
    elif part.compress_type == zipfile.ZIP_DEFLATED:
        chunks = inflated(file, part.compress_size)
    else:
        raise damaged()
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > part.file_size:
            raise unsafe("unpacks to more than it declares")
        yield chunk


def stored(file: BinaryIO, size: int) -> Iterator[bytes]:
    """`size` bytes from where `file` stands, or fewer if it ends before."""
    while size > 0 and (chunk := file.read(min(CHUNK, size))):
        size -= len(chunk)
        yield chunk


def inflated(file: BinaryIO, size: int) -> Iterator[bytes]:
    """What `size` bytes of raw deflate data (RFC 1951) hold. Raises Refusal CORRUPT_FILE where they are broken."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for data in stored(file, size):
            chunk = inflate.decompress(data, CHUNK)
            while chunk:
                yield chunk
                chunk = inflate.decompress(inflate.unconsumed_tail, CHUNK) if not inflate.eof else b""
    except zlib.error as error:
        raise damaged() from error
    if not inflate.eof:
        raise damaged()


def damaged() -> Refusal:
    """The refusal of a workbook that cannot be opened."""
    return Refusal(ErrorCode.CORRUPT_FILE, "The workbook is damaged or was not uploaded completely.")


def unsafe(what: str) -> Refusal:
    """The refusal of a workbook that would take too much room; `what` goes on from "The workbook"."""
    return Refusal(ErrorCode.UNSAFE_ARCHIVE, f"The workbook {what}. {SAVE_AS_CSV}")
