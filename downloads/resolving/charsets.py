"""The encoding of a page: by its byte order mark, its header, its meta element, else a guess."""

import codecs
import re

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
_PRESCANNED_BYTES = 1_024
_META = re.compile(rb"""<meta[^>]{1,500}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.+-]{1,40})""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(-->|$)", re.DOTALL)
_READ_AS = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}  # fmt: skip
"""Browsers read more into these names than the standards of the names say (Encoding, section 4.2)."""
_KNOWN = frozenset(
    ["utf-8", "utf-16-le", "utf-16-be", "big5hkscs", "gb18030", "euc_jp", "iso2022_jp", "cp932", "cp949", "cp866",
     "cp874", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic"]
    + [f"cp{number}" for number in range(1250, 1259)]
    + [f"iso8859-{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)]
)  # fmt: skip
"""Codecs for text alone: Python knows others, which run programs of compression or take quadratic time."""


def decode_page(content: bytes, charset: str | None) -> tuple[str, str]:
    """The text of a page, with U+FFFD for what is no text, and the codec that it was read by.

    Args:
        content: Its bytes.
        charset: As its header names it.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(codec, "replace"), codec
    named = _codec(charset) or _codec_of_meta(content)
    if named is None:
        named = "utf-8" if _is_utf8(content) else "cp1252"
    return content.decode(named, "replace"), named


def _codec_of_meta(content: bytes) -> str | None:
    found = _META.search(_COMMENT.sub(b"", content[:_PRESCANNED_BYTES]))
    codec = _codec(found[1].decode("ascii")) if found else None
    # A meta element that could be read is not in UTF-16, whatever it says.
    return "utf-8" if codec is not None and codec.startswith("utf-16") else codec


def _codec(label: str | None) -> str | None:
    """The codec by a name of the web; None for what is none that pages are written in."""
    try:
        name = codecs.lookup((label or "").strip().lower()).name
    except (LookupError, ValueError):
        return None
    read_as = _READ_AS.get(name, name)
    return read_as if read_as in _KNOWN else None


def _is_utf8(content: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return False
    return True
