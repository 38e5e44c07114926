"""Formats of pages, told by their first bytes: endings lie (iPhones call HEIC .jpg)."""

from enum import StrEnum

HEAD_BYTES = 4096
HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"})
AVIF_BRANDS = frozenset({b"avif", b"avis"})


class PageFormat(StrEnum):
    """What can hold pages."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    BMP = "BMP"
    TIFF = "TIFF"
    PDF = "PDF"
    HEIC = "HEIC"
    AVIF = "AVIF"


ENDINGS = {
    ".jpg": PageFormat.JPEG,
    ".jpeg": PageFormat.JPEG,
    ".png": PageFormat.PNG,
    ".webp": PageFormat.WEBP,
    ".bmp": PageFormat.BMP,
    ".tif": PageFormat.TIFF,
    ".tiff": PageFormat.TIFF,
    ".pdf": PageFormat.PDF,
    ".heic": PageFormat.HEIC,
    ".heif": PageFormat.HEIC,
    ".avif": PageFormat.AVIF,
}
"""Those that a client may upload, or that make a broken member a failure and no stray file."""
MANY_PAGES = frozenset({PageFormat.TIFF, PageFormat.PDF})


def find_format(head: bytes) -> PageFormat | None:
    """The format of a file that begins with `head`; None for any other."""
    if head[4:8] == b"ftyp":
        brands = {head[8:12], *(head[place : place + 4] for place in range(16, min(len(head), 64), 4))}
        if brands & AVIF_BRANDS:
            return PageFormat.AVIF
        return PageFormat.HEIC if brands & HEIF_BRANDS else None
    if b"%PDF-" in head[:1024]:
        return PageFormat.PDF
    for signature, found in (
        (b"\xff\xd8\xff", PageFormat.JPEG),
        (b"\x89PNG\r\n\x1a\n", PageFormat.PNG),
        (b"BM", PageFormat.BMP),
        (b"II*\0", PageFormat.TIFF),
        (b"MM\0*", PageFormat.TIFF),
        (b"II+\0", PageFormat.TIFF),
        (b"MM\0+", PageFormat.TIFF),
    ):
        if head.startswith(signature):
            return found
    return PageFormat.WEBP if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None
