"""The pages of a batch: of every upload and every member of its archives, in order."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from base.errors import ErrorCode, Refusal
from processors.archives.directory import read_directory
from processors.archives.member import Member, pack_member, unpack_member
from processors.archives.names import natural_key, show_name
from processors.archives.rules import ArchiveRules
from processors.contract import Source
from processors.omr.pages.documents import Document, open_document
from processors.omr.pages.formats import ENDINGS, HEAD_BYTES, MANY_PAGES, find_format
from processors.omr.pages.limits import MAX_FILE_BYTES, MAX_PAGES

RULES = ArchiveRules()
ARCHIVE_ENDING = ".zip"
ZIP_MAGIC = frozenset({b"PK\x03\x04", b"PK\x05\x06"})


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a page lies.

    Attributes:
        name: For people: the file, with the number of the page where it has several.
        source: The index of the upload.
        page: From 0, in its document.
        member: Of the archive that the upload is, packed; None for an upload of its own.
        is_stray: It is no picture: a file that somebody put beside them.
    """

    name: str
    source: int
    page: int
    member: list[Any] | None = None
    is_stray: bool = False

    def pack(self) -> list[Any]:
        """As JSON has it."""
        return [self.name, self.source, self.page, self.member, self.is_stray]

    @property
    def document_key(self) -> tuple[int, int | None]:
        """Equal for the pages of one document."""
        return self.source, self.member[1] if self.member else None


def list_pages(sources: Sequence[Source], indices: Sequence[int]) -> Iterator[PagePlace]:
    """The pages of the uploads `indices`: uploads in their order, members in natural order of their names.

    Raises Refusal: of an archive that cannot be opened, BAD_INPUT for none and for more than MAX_PAGES.
    """
    count = 0
    for index in indices:
        for place in list_source(sources[index], index):
            count += 1
            if count > MAX_PAGES:
                raise Refusal(ErrorCode.BAD_INPUT, f"There are more than {MAX_PAGES:,} pages: make several batches.")
            yield place
    if count == 0:
        raise Refusal(ErrorCode.BAD_INPUT, "There are no sheets: the archive holds no files.")


def list_source(source: Source, index: int) -> Iterator[PagePlace]:
    if not is_archive(source):
        yield from list_document(show_name(source.name), index, source.path)
        return
    members = [member for member in read_directory(source.path, RULES) if member.is_wanted]
    for member in sorted(members, key=lambda one: natural_key(one.full_name)):
        yield from list_member(member, index)


def list_member(member: Member, index: int) -> Iterator[PagePlace]:
    """The pages of one member; one that cannot be read is one page, which fails when it is read."""
    packed = pack_member(member)
    found = find_format(member.head(HEAD_BYTES))
    if found in MANY_PAGES:
        try:
            data = member.read(MAX_FILE_BYTES)
        except Refusal:
            yield PagePlace(member.name, index, 0, packed)
            return
        for place in list_document(member.name, index, data):
            yield PagePlace(place.name, index, place.page, packed)
        return
    ending = PurePosixPath(member.full_name.replace("\\", "/")).suffix.lower()
    is_stray = found is None and ending not in ENDINGS and member.find_problem(MAX_FILE_BYTES) is None
    yield PagePlace(member.name, index, 0, packed, is_stray)


def list_document(shown: str, index: int, source: Path | bytes) -> Iterator[PagePlace]:
    """The pages of one document; one that cannot be opened is one page, which fails when it is read."""
    try:
        with open_document(source) as document:
            count = document.page_count
    except Refusal:
        count = 1
    for page in range(count):
        yield PagePlace(f"{shown}, page {page + 1}" if count > 1 else shown, index, page)


def is_archive(source: Source) -> bool:
    """Whether an upload is a ZIP archive, by its first bytes or its name."""
    with source.path.open("rb") as file:
        return file.read(4) in ZIP_MAGIC or source.name.lower().endswith(ARCHIVE_ENDING)


@contextmanager
def open_page(sources: Sequence[Source], place: PagePlace) -> Iterator[Document]:
    """The document of a page. Raises Refusal."""
    source = sources[place.source]
    held: Path | bytes = source.path
    if place.member is not None:
        held = unpack_member(source.path, RULES, place.member).read(MAX_FILE_BYTES)
    with open_document(held) as document:
        yield document
