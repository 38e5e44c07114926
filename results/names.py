"""Names of what goes out: in the address, in Content-Disposition, and inside a bundle."""

import re
import unicodedata
from urllib.parse import quote

from uploads.metadata import clean_content_type, display_name

_INLINE = re.compile(r"image/(?:png|jpeg|gif|webp|bmp)|audio/.+|video/.+|text/plain")
"""What a browser may show; everything else (HTML, SVG, PDF, XML) could run a script or ask for a password there."""
_UNSAFE_IN_QUOTES = re.compile(r'[^ -~]|["\\%/]')
"""RFC 6266, appendix D: browsers disagree about these between quotes; filename* carries them."""
_MAX_NAME_BYTES = 255
"""What file systems take (NAME_MAX); a longer name could not be unpacked."""


def file_name(name: str) -> str:
    """`name` without folders and characters that do not show; never empty, `.` or `..`."""
    return display_name(name.replace("\\", "_"))


def bundle_name(title: str, job_id: str) -> str:
    """What the bundle of a job is saved as: its title and the last part of its id."""
    return file_name(f"{title.replace('/', '_')}-{job_id.rpartition('-')[2]}.zip")


def content_disposition(name: str, content_type: str) -> str:
    """The header for `name`: shown where that is safe, saved otherwise.

    Source: RFC 6266, sections 4.1 to 4.3 and appendix D; RFC 8187, section 3.2 (filename*).
    """
    shown = file_name(name)
    kind = "inline" if is_safe_inline(content_type) else "attachment"
    plain = _UNSAFE_IN_QUOTES.sub("_", _without_accents(shown))
    if plain == shown:
        return f'{kind}; filename="{plain}"'
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"


def is_safe_inline(content_type: str) -> bool:
    """Whether a browser may show such bytes instead of saving them."""
    return _INLINE.fullmatch(clean_content_type(content_type)) is not None


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


def _without_accents(name: str) -> str:
    """`Müller` as `Muller`, for clients that do not know filename*; what has no Latin letter below it stays."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
