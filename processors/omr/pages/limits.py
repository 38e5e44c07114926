"""Limits of a page, and the refusals of those beyond them."""

from base.errors import ErrorCode, Refusal

MAX_PIXELS = 60_000_000
"""A3 at 400 dpi is 31 million, A4 at 600 dpi 35."""
MAX_FILE_BYTES = 64 * 2**20
"""Of a picture, and of a document inside of an archive: it is held in memory."""
MAX_PAGES = 20_000
"""Of one batch."""


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise Refusal FILE_TOO_LARGE for a picture of too many pixels, before it is decoded."""
    if width * height > max_pixels:
        size = f"{width:,} × {height:,} pixels"
        message = f"The picture has {size}; at most {max_pixels // 10**6} million are read. Scan it at 300 dpi."
        raise Refusal(ErrorCode.FILE_TOO_LARGE, message)


def broken_picture() -> Refusal:
    """The refusal of a picture that cannot be decoded."""
    return Refusal(ErrorCode.CORRUPT_FILE, "The picture is damaged or was not saved completely.")
