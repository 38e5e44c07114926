"""Pictures as grey pages: upright, on white paper, at a size that is good to read."""

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError, features

from base.errors import ErrorCode, Refusal
from processors.omr.pages.formats import PageFormat
from processors.omr.pages.limits import MAX_PIXELS, broken_picture, check_pixels

Grey = npt.NDArray[np.uint8]
Bytes = bytes | npt.NDArray[np.uint8]

LONG_SIDE = 2_400
"""Pixels: a longer page is halved until it is shorter; A4 at 300 dpi then has 150."""
SQUARE = 0.02
"""Pixels whose sides differ by more than that are stretched: a fax has 204 × 98 dpi."""
SAVE_AS_JPEG = "Save it as JPEG and upload it again"
cv2.setNumThreads(1)


def read_picture(data: Bytes, found: PageFormat, long_side: int = LONG_SIDE, max_pixels: int = MAX_PIXELS) -> Grey:
    """The page that a file with one picture shows; of several (MPO, animations) the first.

    Raises Refusal: FILE_TOO_LARGE, CORRUPT_FILE, or UNSUPPORTED_TYPE where no decoder is there.
    """
    with opened(data, found) as picture:
        check_pixels(*picture.size, max_pixels)
        if found in {PageFormat.HEIC, PageFormat.AVIF, PageFormat.BMP} or has_transparency(picture):
            return shrink(stretch(flatten(picture), picture), long_side)
        reduction = cv2.IMREAD_GRAYSCALE
        if found is PageFormat.JPEG and max(picture.size) > long_side:
            reduction = cv2.IMREAD_REDUCED_GRAYSCALE_2
        return shrink(stretch(decode(data, reduction), picture), long_side)


@contextmanager
def opened(data: Bytes, found: PageFormat) -> Iterator[Image.Image]:
    """The picture with its size known and its pixels not yet decoded. Raises Refusal."""
    if found is PageFormat.HEIC:
        register_heif()
    if found is PageFormat.AVIF and not features.check("avif"):
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"AVIF cannot be read on this server. {SAVE_AS_JPEG}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about too many pixels, which are counted here, and odd metadata
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            with Image.open(str(data.filename) if isinstance(data, np.memmap) else io.BytesIO(bytes(data))) as picture:
                yield picture
        except Refusal:
            raise
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, cv2.error) as error:
            raise broken_picture() from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def register_heif() -> None:
    """Let Pillow open HEIC. Raises Refusal UNSUPPORTED_TYPE where the decoder is not installed."""
    try:
        import pi_heif  # noqa: PLC0415  there is no wheel of it for some systems
    except ImportError:
        advice = f"{SAVE_AS_JPEG} (on an iPhone: Settings, Camera, Formats, Most Compatible)."
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"HEIC cannot be read on this server. {advice}") from None
    pi_heif.register_heif_opener()


def has_transparency(picture: Image.Image) -> bool:
    """Whether some of it may be transparent: a decoder that drops that shows black paper."""
    return picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info


def flatten(picture: Image.Image) -> Grey:
    """`picture` upright (HEIC comes so), on white where it is transparent."""
    seen = picture
    if has_transparency(picture) and picture.mode not in {"RGBA", "LA"}:
        seen = picture.convert("RGBA")
    grey = seen.convert("L")
    if has_transparency(picture):
        grey.paste(255, mask=ImageChops.invert(seen.getchannel("A")))
    return np.asarray(ImageOps.exif_transpose(grey))


def decode(data: Bytes, flag: int) -> Grey:
    """`data` by OpenCV, upright. Raises Refusal CORRUPT_FILE."""
    grey: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if grey is None:
        raise broken_picture()
    return np.asarray(grey, np.uint8)


def stretch(grey: Grey, picture: Image.Image) -> Grey:
    """`grey` with square pixels, where the file tells that they are not."""
    dpi = picture.info.get("dpi") or (1, 1)
    try:
        ratio = float(dpi[0]) / float(dpi[1])
    except (TypeError, ValueError, ZeroDivisionError):
        return grey
    if not (math.isfinite(ratio) and 1 / 4 <= ratio <= 4) or abs(ratio - 1) <= SQUARE:
        return grey
    height, width = grey.shape
    size = (width, round(height * ratio)) if ratio > 1 else (round(width / ratio), height)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def shrink(grey: Grey, long_side: int) -> Grey:
    """`grey`, halved until its longer side is at most `long_side`."""
    while max(grey.shape) > long_side:
        size = (max(grey.shape[1] // 2, 1), max(grey.shape[0] // 2, 1))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    return grey
