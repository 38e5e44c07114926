"""Reading a finished upload back: its validators, and what a browser may do with it."""

import re

from models.upload import Upload

_INLINE = re.compile(r"image/(?!svg)[^;]+|audio/[^;]+|video/[^;]+|text/plain")
"""What a browser may show in our origin; everything else could run there."""
_RANGES = re.compile(r"bytes\s*=\s*(?:[0-9]+-[0-9]*|-[0-9]+)(?:\s*,\s*(?:[0-9]+-[0-9]*|-[0-9]+))*\s*")


def reading_headers(upload: Upload) -> dict[str, str]:
    """What every answer about these bytes says: whether they changed, and that they must not run in our origin."""
    return {
        "ETag": f'"{upload.sha256}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def names_etag(if_none_match: str, etag: str) -> bool:
    """Whether the client has these bytes already; compared weakly (RFC 9110, section 13.1.2)."""
    listed = [name.strip().removeprefix("W/") for name in if_none_match.split(",")]
    return "*" in listed or etag in listed


def is_known_range(range_: str) -> bool:
    """Whether a Range header asks for bytes in the form of RFC 9110, section 14.1.2."""
    return _RANGES.fullmatch(range_) is not None


def is_safe_inline(content_type: str) -> bool:
    """Whether a browser may show such a file instead of saving it."""
    return _INLINE.fullmatch(content_type) is not None
