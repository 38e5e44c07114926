"""Names of what goes out: of a bundle, and inside of it."""

import unicodedata

from serving.names import file_name

_MAX_NAME_BYTES = 255
"""What file systems take (NAME_MAX); a longer name could not be unpacked."""


def bundle_name(title: str, job_id: str) -> str:
    """What the bundle of a job is saved as: its title and the last part of its id."""
    return file_name(f"{title.replace('/', '_')}-{job_id.rpartition('-')[2]}.zip")


class EntryNames:
    """Gives out the names inside one bundle, each once; a second `a.txt` becomes `a (2).txt`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._counts: dict[str, int] = {}

    def claim(self, folder: str, name: str) -> str:
        """`{folder}/{name}`, or the next free variation of it.

        Names that differ only in case, or in how an accent is written, would overwrite each other on Windows and macOS.
        """
        shown = file_name(name)
        wanted = _folded(f"{folder}/{shown}")
        number = self._counts.get(wanted, 0)
        while True:
            number += 1
            candidate = f"{folder}/{_numbered(shown, number)}"
            if _folded(candidate) not in self._taken:
                break
        self._counts[wanted] = number
        self._taken.add(_folded(candidate))
        return candidate


def _numbered(name: str, number: int) -> str:
    suffix = f" ({number})" if number > 1 else ""
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending.encode()) > _MAX_NAME_BYTES // 2:
        stem, dot, ending = name, "", ""
    ending = dot + ending
    room = _MAX_NAME_BYTES - len(f"{suffix}{ending}".encode())
    return f"{stem.encode()[:room].decode(errors='ignore')}{suffix}{ending}"


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
