"""Sanitise names and types of files for headers and disks."""

import re
import unicodedata
from urllib.parse import quote

DEFAULT_FILENAME = "file"
DEFAULT_CONTENT_TYPE = "application/octet-stream"
MAX_FILENAME = 255
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  RFC 9110, section 5.6.2
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}")
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories that do not show or that turn the writing direction: a name must not look like another."""
_INLINE = re.compile(r"(?:image|audio|video)/(?!.*(?:svg|xml)).+|text/plain")
"""What a browser may show; everything else (HTML, SVG, PDF, XML) could run a script or ask for a password there."""
_UNSAFE_IN_QUOTES = re.compile(r'[^ -~]|["\\%/]')
"""RFC 6266, appendix D: browsers disagree about these between quotes; filename* carries them."""


def display_name(name: str) -> str:
    """`name` without folders and characters that do not show, at most 255 characters, its ending kept."""
    base = re.split(r"[/\\]", name)[-1]
    shown = "".join(character for character in base if unicodedata.category(character) not in _HIDDEN).strip()
    if shown.strip(".") == "":
        return DEFAULT_FILENAME
    stem, dot, ending = shown.rpartition(".")
    if len(shown) > MAX_FILENAME and stem and len(ending) <= 20:
        return stem[: MAX_FILENAME - len(ending) - 1] + dot + ending
    return shown[:MAX_FILENAME]


def file_name(name: str) -> str:
    """As `display_name`, of a name that is already one: a backslash in it is a character, not a folder."""
    return display_name(name.replace("\\", "_"))


def clean_content_type(text: str) -> str:
    """`text` as type and subtype in lower case; anything else is application/octet-stream (RFC 9110, section 8.3.1)."""
    plain = text.partition(";")[0].strip().lower()
    return plain if len(plain) <= MAX_FILENAME and _CONTENT_TYPE.fullmatch(plain) else DEFAULT_CONTENT_TYPE


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


def _without_accents(name: str) -> str:
    """`Müller` as `Muller`, for clients that do not know filename*; what has no Latin letter below it stays."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
