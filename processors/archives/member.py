"""One member of a ZIP archive, and its bytes."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from base.errors import ErrorCode, Refusal
from processors.archives.names import decode_name, find_danger, is_system_file, show_name
from processors.archives.rules import ArchiveRules
from processors.archives.unpacking import CHUNK, METHODS, Damaged, unpack_deflated, unpack_stored

ENCRYPTED_FLAG = 1
LOCAL_HEADER_BYTES = 30
LOCAL_SIGNATURE = b"PK\x03\x04"
UNIX_SYSTEM = 3
NESTED = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst")


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive, read in place. Nothing that it declares is believed before it is seen."""

    path: Path
    entry: zipfile.ZipInfo
    rules: ArchiveRules

    @property
    def full_name(self) -> str:
        """As it stands in the archive, with its folders."""
        return decode_name(self.entry)

    @property
    def name(self) -> str:
        """For people."""
        return show_name(self.full_name)

    @property
    def size_bytes(self) -> int:
        """What it declares to unpack to."""
        return self.entry.file_size

    @property
    def is_encrypted(self) -> bool:
        return bool(self.entry.flag_bits & ENCRYPTED_FLAG)

    @property
    def is_wanted(self) -> bool:
        """A file of somebody's, rather than a folder or what an operating system added."""
        return not self.full_name.endswith(("/", "\\")) and not is_system_file(self.full_name)

    def find_problem(self, max_bytes: int) -> Refusal | None:
        """Why it cannot be read, by what the directory declares: the code and a sentence; None where it seems honest."""
        return self._problem_of_name() or self._problem_of_packing() or self._problem_of_size(max_bytes)

    def _problem_of_name(self) -> Refusal | None:
        if danger := find_danger(self.full_name):
            return self._unsafe(f"has a name that {danger}")
        if self.entry.create_system == UNIX_SYSTEM and stat.S_ISLNK(self.entry.external_attr >> 16):
            return self._unsafe("is a link")
        if self.full_name.lower().endswith(NESTED):
            return self._unsafe("is an archive in the archive, which is not opened")
        return None

    def _problem_of_packing(self) -> Refusal | None:
        if self.is_encrypted:
            return self._broken("is encrypted. Pack it without a password")
        if self.entry.compress_type not in METHODS:
            return self._broken(f"is packed by method {self.entry.compress_type}. Pack it as an ordinary ZIP (deflate)")
        return None

    def _problem_of_size(self, max_bytes: int) -> Refusal | None:
        if self.size_bytes > max_bytes:
            limit = f"at most {max_bytes / 2**20:,.0f} MiB are read"
            return self._unsafe(f"would unpack to {self.size_bytes / 2**20:,.0f} MiB; {limit}")
        if self.rules.is_bomb(self.size_bytes, self.entry.compress_size):
            ratio = self.size_bytes // max(self.entry.compress_size, 1)
            return self._unsafe(f"would unpack to {ratio} times its size; at most {self.rules.max_ratio} times is read")
        return None

    def head(self, count: int) -> bytes:
        """Its first bytes, at most `count`; empty where it cannot be read."""
        if self._problem_of_name() or self._problem_of_packing():
            return b""
        with suppress(Refusal):
            return next(self._unpack(count), b"")[:count]
        return b""

    def read(self, max_bytes: int) -> bytes:
        """All of its bytes. Raises Refusal: what `find_problem` finds, and as `chunks` does."""
        if problem := self.find_problem(max_bytes):
            raise problem
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Its bytes in chunks of at most 1 MiB.

        Raises Refusal: UNSAFE_ARCHIVE where more comes out than the directory declares, CORRUPT_FILE where it is broken.
        """
        total = checksum = 0
        for chunk in self._unpack(CHUNK):
            total += len(chunk)
            if total > self.size_bytes:
                raise self._unsafe("unpacks to more than it declares")
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
        if total != self.size_bytes or checksum != self.entry.CRC:
            raise self._broken("is damaged: its checksum does not match its data")

    def _unpack(self, chunk_bytes: int) -> Iterator[bytes]:
        if self.entry.compress_type not in METHODS:
            raise self._broken(f"is packed by method {self.entry.compress_type}")
        unpack = unpack_stored if self.entry.compress_type == zipfile.ZIP_STORED else unpack_deflated
        with self.path.open("rb") as file:
            file.seek(self.entry.header_offset)
            header = file.read(LOCAL_HEADER_BYTES)
            if len(header) < LOCAL_HEADER_BYTES or header[:4] != LOCAL_SIGNATURE:
                raise self._broken("is damaged: its header is not where the directory says")
            file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
            try:
                yield from unpack(file, self.entry.compress_size, chunk_bytes)
            except Damaged as error:
                raise self._broken("is damaged: its data are broken or cut off") from error

    def _unsafe(self, what: str) -> Refusal:
        return self.rules.unsafe(f"has an entry, “{self.name}”, that {what}")

    def _broken(self, what: str) -> Refusal:
        message = f"{self.rules.subject} has an entry, “{self.name}”, that {what}."
        return Refusal(ErrorCode.CORRUPT_FILE, message)


def pack_member(member: Member) -> list[Any]:
    """What `unpack_member` needs to read the member without the directory, as JSON has it."""
    entry = member.entry
    sizes = [entry.header_offset, entry.compress_size, entry.file_size, entry.CRC]
    return [entry.orig_filename, *sizes, entry.compress_type, entry.flag_bits, entry.create_system, entry.external_attr]


def unpack_member(path: Path, rules: ArchiveRules, packed: list[Any]) -> Member:
    """The member of `pack_member`, in the archive at `path`."""
    entry = zipfile.ZipInfo(packed[0])
    entry.header_offset, entry.compress_size, entry.file_size, entry.CRC = packed[1:5]
    entry.compress_type, entry.flag_bits, entry.create_system, entry.external_attr = packed[5:]
    return Member(path, entry, rules)
