"""Names of fetched files: from the header, the URL or the type, safe on every system."""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import unquote_to_bytes, urlsplit

from downloads.disposition import filename_of
from downloads.media_types import PAGES, extension_for, extension_of, is_known_extension, type_for
from serving.names import DEFAULT_FILENAME, display_name

MAX_BYTES = 200
"""In UTF-8, with the extension: file systems allow 255, and others append to a name."""
_MAX_EXTENSION = 20
_UNSAFE = re.compile(r'[<>:"|?*\x00-\x1f\x7f-\x9f]')
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)")
"""Windows opens a device for these, whatever extension follows."""
_SCRIPTS = frozenset(["php", "php5", "asp", "aspx", "jsp", "cgi", "pl", "do", "action", "ashx", "cfm"])
"""Extensions of programs that answer with something else."""
_VAGUE = frozenset({None, "application/octet-stream", "binary/octet-stream", "application/x-download"})


def choose_name(disposition: str | None, url: str, content_type: str | None) -> str:
    """The name for a file: what the header says, else the last part of the URL, else `file`, with the type's extension.

    Args:
        disposition: The header Content-Disposition.
        url: The address that answered.
        content_type: In lower case, without parameters.
    """
    given = filename_of(disposition)
    if given and (named := clean_name(given)) != DEFAULT_FILENAME:
        return named if extension_of(named) else _with_extension(named, content_type)
    name = clean_name(_last_part(url))
    if extension_of(name) in _SCRIPTS and content_type not in _VAGUE and extension_for(content_type):
        return _with_extension(name.rpartition(".")[0], content_type)
    return name if extension_of(name) else _with_extension(name, content_type)


def clean_name(name: str) -> str:
    """`name` as one that every system accepts, at most 200 bytes, its extension kept."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = display_name(_UNSAFE.sub("_", last)).lstrip(". ").rstrip(". ")
    safe = _DEVICE.sub(r"\1_", shown, count=1) if _DEVICE.match(shown) else shown
    return _cut(safe) if safe.strip("_") else DEFAULT_FILENAME


def unique_name(name: str, taken: Collection[str]) -> str:
    """`name`, or `name (2)` … where another has it already.

    Args:
        name: A clean one.
        taken: Names in use, `casefold`ed: Windows and macOS do not tell case apart.
    """
    stem, extension = _split(name)
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        mark = f" ({number})"
        candidate = _fit(stem, MAX_BYTES - len(mark) - len(extension.encode())) + mark + extension
    return candidate


def expected_type(disposition: str | None, url: str) -> str | None:
    """The type that the link or the header promises by an extension; None where they promise none."""
    for name in (filename_of(disposition) or "", _last_part(url)):
        extension = extension_of(name)
        if is_known_extension(extension):
            return type_for(extension) or "application/octet-stream"
    return None


def is_file_by_name(url: str) -> bool:
    """Whether the extension of `url` promises a file that is no page."""
    return expected_type(None, url) not in {None, *PAGES}


def _last_part(url: str) -> str:
    raw = unquote_to_bytes(urlsplit(url).path.rpartition("/")[2])
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _with_extension(name: str, content_type: str | None) -> str:
    extension = extension_for(content_type)
    return _cut(f"{name}.{extension}") if extension else name


def _cut(name: str) -> str:
    stem, extension = _split(name)
    return _fit(stem, MAX_BYTES - len(extension.encode())) + extension


def _split(name: str) -> tuple[str, str]:
    """Stem and extension with its dot; `.tar.gz` stays together, and a long ending is none."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem or len(ending.encode()) > _MAX_EXTENSION:
        return name, ""
    if stem.lower().endswith(".tar") and len(stem) > 4:
        return stem[:-4], f"{stem[-4:]}.{ending}"
    return stem, f".{ending}"


def _fit(text: str, size_bytes: int) -> str:
    """The beginning of `text` that fits, without half a character."""
    return text.encode()[: max(size_bytes, 1)].decode(errors="ignore").rstrip(". ")
