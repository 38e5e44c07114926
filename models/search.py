"""Search text of a job, folded for case and accents."""

import unicodedata
from collections.abc import Iterable

MAX_BYTES = 1_000
"""Of one job's text: it lies in indexes, whose entries PostgreSQL limits to 2,704 bytes."""
CUT = "\x1e"
"""What a text begins with that has not room for everything: such a job is searched in its rows."""
_BETWEEN = "\x1f"


def folded(text: str) -> str:
    """`text` as it is compared: compatibility forms made one, upper and lower case made one, white space made one space."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def search_text_of(title: str | None, names: Iterable[str]) -> str:
    """The title and the file names of a job, each whole, as far as there is room; see `CUT`."""
    parts = [folded(part) for part in (title or "", *names)]
    text = _BETWEEN.join(parts)
    if len(text.encode()) <= MAX_BYTES:
        return text
    room = MAX_BYTES - len(CUT)
    fitting: list[str] = []
    for part in parts:
        room -= len(part.encode()) + len(_BETWEEN)
        if room < 0:
            break
        fitting.append(part)
    return CUT + _BETWEEN.join(fitting)


def contains_pattern(text: str) -> str:
    r"""The pattern of LIKE (with ESCAPE '\') for everything that has `text`, folded, in it."""
    escaped = folded(text).replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
