"""Archives of workbooks, looked into before a library opens them."""

from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.archives.directory import read_directory
from processors.archives.member import Member
from processors.archives.rules import ArchiveRules

PROTECTED = "The workbook is encrypted with a password. Save it without one and upload it again."
SAVE_AS_CSV = "Save the sheet as .csv, which is read row by row."
RULES = ArchiveRules("The workbook", SAVE_AS_CSV, max_members=10_000, max_unpacked_bytes=2 * 2**30)


def open_archive(path: Path) -> list[Member]:
    """The parts of the workbook at `path`, checked by what its directory declares.

    Raises Refusal: CORRUPT_FILE where it is encrypted, and as `read_directory` does.
    """
    parts = read_directory(path, RULES)
    if any(part.is_encrypted for part in parts):
        raise Refusal(ErrorCode.CORRUPT_FILE, PROTECTED)
    return parts


def damaged() -> Refusal:
    """The refusal of a workbook that cannot be opened."""
    return RULES.damaged()


def unsafe(what: str) -> Refusal:
    """The refusal of a workbook that would take too much room; `what` goes on from "The workbook"."""
    return RULES.unsafe(what)
