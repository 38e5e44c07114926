"""Documents of pages: a picture, a TIFF, a PDF. Pages are read one by one."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from base.errors import ErrorCode, Refusal
from processors.omr.pages.formats import HEAD_BYTES, PageFormat, find_format
from processors.omr.pages.limits import MAX_FILE_BYTES, MAX_PIXELS, broken_picture, check_pixels
from processors.omr.pages.pictures import (
    LONG_SIDE,
    Bytes,
    Grey,
    flatten,
    has_transparency,
    opened,
    read_picture,
    shrink,
    stretch,
)

PDF_SCALE = 200 / 72
MAX_PDF_PIXELS = 20_000_000
UNKNOWN = "This is no picture and no PDF. JPEG, PNG, WebP, BMP, TIFF, PDF, HEIC and AVIF are read."


class Document(Protocol):
    """Pages, counted from 0."""

    @property
    def page_count(self) -> int: ...

    def read_page(self, number: int, long_side: int = LONG_SIDE) -> Grey:
        """One page, upright, its pixels square. Raises Refusal."""


class PictureDocument:
    """One picture, one page."""

    page_count = 1

    def __init__(self, data: Bytes, found: PageFormat, max_pixels: int) -> None:
        self._data, self._format, self._max_pixels = data, found, max_pixels

    def read_page(self, number: int, long_side: int = LONG_SIDE) -> Grey:  # noqa: ARG002  it has one
        return read_picture(self._data, self._format, long_side, self._max_pixels)


class TiffDocument:
    """A TIFF, each of whose frames is a page."""

    def __init__(self, data: Bytes, picture: Image.Image, max_pixels: int) -> None:
        self._data, self._picture, self._max_pixels = data, picture, max_pixels
        self.page_count = int(getattr(picture, "n_frames", 1))

    def read_page(self, number: int, long_side: int = LONG_SIDE) -> Grey:
        self._picture.seek(number)
        check_pixels(*self._picture.size, self._max_pixels)
        grey = None if has_transparency(self._picture) else self._decode(number)
        if grey is None:  # a compression that OpenCV does not have (ZSTD, LZMA), or transparent paper
            grey = flatten(self._picture)
        return shrink(stretch(grey, self._picture), long_side)

    def _decode(self, number: int) -> Grey | None:
        buffer = np.frombuffer(self._data, np.uint8)
        try:
            _, frames = cv2.imdecodemulti(buffer, cv2.IMREAD_GRAYSCALE, range=(number, number + 1))
        except cv2.error:
            return None
        return np.asarray(frames[0], np.uint8) if frames and frames[0] is not None else None


class PdfDocument:
    """A PDF, whose pages are rendered, with what was filled into its forms."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self.page_count = len(document)

    def read_page(self, number: int, long_side: int = LONG_SIDE) -> Grey:
        try:
            page = self._document[number]
            width, height = page.get_size()
            scale = min(PDF_SCALE, math.sqrt(MAX_PDF_PIXELS / max(width * height, 1)))
            bitmap = page.render(scale=scale, grayscale=True)
        except pypdfium2.PdfiumError as error:
            raise Refusal(ErrorCode.CORRUPT_FILE, f"Page {number + 1} of the PDF is damaged.") from error
        grey = bitmap.to_numpy()
        return shrink(np.ascontiguousarray(grey.reshape(grey.shape[:2]), np.uint8), long_side)


@contextmanager
def open_document(source: Path | bytes, max_pixels: int = MAX_PIXELS) -> Iterator[Document]:
    """The pages of the file or the bytes at `source`, pictures with at most `max_pixels` each.

    Raises Refusal: UNSUPPORTED_TYPE for what holds no pages, CORRUPT_FILE, FILE_TOO_LARGE.
    """
    data: Bytes = source if isinstance(source, bytes) else map_file(source)
    found = find_format(bytes(data[:HEAD_BYTES]))
    if found is None:
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, UNKNOWN)
    if found is PageFormat.PDF:
        with opened_pdf(source) as pdf:
            yield PdfDocument(pdf)
    elif found is PageFormat.TIFF:
        with opened(data, found) as picture:
            yield TiffDocument(data, picture, max_pixels)
    elif len(data) > MAX_FILE_BYTES:
        limit = f"at most {MAX_FILE_BYTES // 2**20} MiB are read"
        raise Refusal(ErrorCode.FILE_TOO_LARGE, f"The picture has {len(data) / 2**20:,.0f} MiB; {limit}.")
    else:
        yield PictureDocument(data, found, max_pixels)


def map_file(path: Path) -> Bytes:
    """The bytes of a file, of which only those are in memory that are looked at. Raises Refusal for an empty one."""
    if path.stat().st_size == 0:
        raise broken_picture()
    return np.memmap(path, np.uint8, mode="r")


@contextmanager
def opened_pdf(source: Path | bytes) -> Iterator[Any]:
    """The PDF, ready to draw its forms. Raises Refusal CORRUPT_FILE where it is broken or has a password."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).casefold():
            message = "The PDF is protected by a password. Save it without one and upload it again."
        else:
            message = "The PDF is damaged or was not uploaded completely."
        raise Refusal(ErrorCode.CORRUPT_FILE, message) from error
    try:
        document.init_forms()
        yield document
    finally:
        document.close()
