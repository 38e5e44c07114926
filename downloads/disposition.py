"""Content-Disposition as browsers read it: the name of the file, and whether it is to be saved.

Servers write it in more ways than RFC 6266 knows: bare with spaces, raw UTF-8 and Latin-1, RFC 2047, percent-encoded.
"""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

_PARAMETER = re.compile(r';\s*(?P<name>[^\s=;"]+)\s*=\s*(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^;]*))', re.DOTALL)
_EXTENDED = re.compile(r"(?P<charset>utf-8|iso-8859-1)'[^']*'(?P<value>.*)", re.IGNORECASE | re.DOTALL)
_TYPE = re.compile(r"\s*(?P<type>[^\s;=\"]+)\s*(?:;|$)")
_ESCAPE = re.compile(r'\\(["\\])')
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?]*\?=")
MAX_CHARACTERS = 4_096


def filename_of(header: str | None) -> str | None:
    """The name that the header gives, as it was meant; None where it gives none. It is not yet safe to use.

    Args:
        header: As aiohttp hands it out: UTF-8, with surrogates for other bytes.

    Source: RFC 6266, section 4.3 (`filename*` before `filename`); RFC 8187, section 3.2; of a parameter that comes twice
    the first.
    """
    if header is None or len(header) > MAX_CHARACTERS:
        return None
    parameters: dict[str, tuple[str, bool]] = {}
    for name, value, is_quoted in _parameters(header):
        parameters.setdefault(name, (value, is_quoted))
    if "filename*" in parameters and (extended := _extended(parameters["filename*"][0])):
        return extended
    value, _ = parameters.get("filename", ("", False))
    return _plain(value) or None


def is_attachment(header: str | None) -> bool:
    """Whether the answer is to be saved and not shown.

    Source: RFC 6266, section 4.2: every type but `inline` counts as `attachment`.
    """
    found = _TYPE.match(header or "")
    return found is not None and found["type"].lower() != "inline"


def _parameters(header: str) -> Iterator[tuple[str, str, bool]]:
    text = header if header.lstrip().startswith(";") else ";" + header if _is_parameter(header) else header
    for found in _PARAMETER.finditer(text):
        quoted = found["quoted"]
        if quoted is None:
            yield found["name"].lower(), found["bare"].strip(), False
        else:
            yield found["name"].lower(), _ESCAPE.sub(r"\1", quoted), True


def _is_parameter(header: str) -> bool:
    """Whether the disposition type was left out (`filename=x.txt` alone)."""
    return re.match(r"\s*filename\*?\s*=", header, re.IGNORECASE) is not None


def _extended(value: str) -> str | None:
    """`UTF-8''na%C3%AFve`; None for another charset and for bytes that it does not have."""
    found = _EXTENDED.fullmatch(value.strip())
    if found is None:
        return None
    try:
        return unquote_to_bytes(found["value"].encode("utf-8", "surrogateescape")).decode(found["charset"])
    except UnicodeError:
        return None


def _plain(value: str) -> str:
    """Raw bytes as UTF-8 or else Latin-1; encoded words and percent signs decoded where they are well-formed."""
    text = _decoded(value.encode("utf-8", "surrogateescape"))
    if _ENCODED_WORD.search(text):
        return _encoded_words(text)
    if re.search(r"%[0-9A-Fa-f]{2}", text) and text.isascii():
        try:
            return unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            return text
    return text


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _encoded_words(text: str) -> str:
    try:
        parts = [(part, charset) for part, charset in decode_header(text)]
        return "".join(part.decode(charset or "ascii") if isinstance(part, bytes) else part for part, charset in parts)
    except (HeaderParseError, LookupError, UnicodeDecodeError, ValueError):
        return text
