"""Guides: PDFs for users that the operator put into a folder."""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from base.settings import Settings
from results.links import file_not_found

CONTENT_TYPE = "application/pdf"
_ENDING = ".pdf"
_NUMBER = re.compile(r"^[0-9]{1,3}[ ._-]+(?=\D)")
"""What orders files in a folder: `02 - Uploads.pdf` is titled Uploads."""


@dataclass(frozen=True, slots=True)
class Guide:
    """One PDF: a title made of its name, the name, the size and the time of the last change (aware, UTC)."""

    title: str
    filename: str
    path: Path
    size_bytes: int
    changed_at: datetime

    @property
    def saved_name(self) -> str:
        """What it is saved as: its title, for people."""
        return f"{self.title}{_ENDING}"

    @property
    def etag(self) -> str:
        return f'"{self.size_bytes:x}-{int(self.changed_at.timestamp() * 1_000_000):x}"'


def guides_folder(settings: Settings) -> Path:
    """Where guides lie; the folder need not be there."""
    return Path(settings.guides_dir) if settings.guides_dir else settings.data_dir / "guides"


def list_guides(folder: Path) -> list[Guide]:
    """The PDFs of `folder` by their names; not those in folders below it, hidden ones, or links to elsewhere. Blocks."""
    try:
        return sorted(_guides(folder), key=lambda guide: guide.filename.casefold())
    except (FileNotFoundError, NotADirectoryError):
        return []


def find_guide(folder: Path, name: str) -> Guide:
    """The guide of this file name. Blocks.

    Raises:
        Refusal: FILE_NOT_FOUND.
    """
    for guide in list_guides(folder):
        if guide.filename == name:
            return guide
    raise file_not_found()


def title_of(filename: str) -> str:
    """`01_getting-started.pdf` as `Getting started`."""
    stem = filename[: -len(_ENDING)]
    words = " ".join(re.split(r"[\s_-]+", _NUMBER.sub("", stem))).strip() or stem
    return words[0].upper() + words[1:]


def _guides(folder: Path) -> Iterator[Guide]:
    for path in folder.iterdir():
        if path.suffix.lower() != _ENDING or path.name.startswith(".") or not _is_text(path.name):
            continue
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if stat.S_ISREG(found.st_mode):
            changed_at = datetime.fromtimestamp(found.st_mtime, UTC)
            yield Guide(title_of(path.name), path.name, path, found.st_size, changed_at)


def _is_text(name: str) -> bool:
    """Whether a name that the file system gave can be sent."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
