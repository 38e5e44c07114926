"""QR codes on a page; those that shine through from its back are dropped."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import zxingcpp

from base.errors import ErrorCode, Refusal
from processors.omr.pages.pictures import Grey

REFERENCE = re.compile(r"(?<![0-9A-Za-z])[0-9]{8}(?![0-9A-Za-z])")
DIGITS = 8
INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))
SHOWN = 60
FORMAT_MASK = 0x5412
"""ISO/IEC 18004, 7.9: the format bits are XORed with it."""


@dataclass(frozen=True, slots=True)
class Code:
    """One QR code: its text, and its corners in pixels of the page, clockwise from the top left of the code."""

    text: str
    corners: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class SheetCode:
    """What the code of a printed sheet says: page and pages from 1."""

    reference: str | None = None
    student: str | None = None
    page: int | None = None
    pages: int | None = None


def read_codes(page: Grey) -> list[Code]:
    """The QR codes on the front of `page`, from top to bottom."""
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(page),
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCodeModel2),
        text_mode=zxingcpp.TextMode.Plain,
    )
    codes = []
    for one in found:
        if is_mirrored(np.asarray(one.to_image(scale=1, add_quiet_zones=False))):
            continue
        place = one.position
        corners = tuple(
            (float(corner.x), float(corner.y))
            for corner in (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        )
        codes.append(Code(one.text.translate(INVISIBLE).strip(), corners))
    return codes


def is_mirrored(modules: Any) -> bool:
    """Whether a code was seen from behind: its format bits (a BCH word) are then only right in the transposed code.

    `modules` are the modules as they lie on the page, 0 for a dark one.
    """
    dark = np.asarray(modules)[:, :] == 0
    return format_distance(dark.T) < format_distance(dark)


def format_distance(dark: Any) -> int:
    """How many bits of the format beside the top left finder differ from the nearest word that there is."""
    places = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    word = 0
    for row, column in places:
        word = word << 1 | int(dark[row, column])
    return min((word ^ valid).bit_count() for valid in FORMAT_WORDS)


def _bch_word(data: int) -> int:
    rest = data << 10
    for bit in range(14, 9, -1):
        if rest >> bit & 1:
            rest ^= 0x537 << (bit - 10)
    return (data << 10 | rest) ^ FORMAT_MASK


FORMAT_WORDS = frozenset(_bch_word(data) for data in range(32))


def parse_sheet_code(text: str) -> SheetCode:
    """What `text` says, where it is the JSON that `processors.omr.print` prints; nothing else of it is trusted."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return SheetCode()
    if not isinstance(value, dict):
        return SheetCode()
    reference, student = value.get("reference"), value.get("student")
    return SheetCode(
        reference if isinstance(reference, str) and REFERENCE.fullmatch(reference) else None,
        str(student)[:100] if isinstance(student, str | int) else None,
        _small_number(value.get("page")),
        _small_number(value.get("pages")),
    )


def _small_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 100 else None


def find_references(text: str) -> set[str]:
    """The 8-digit numbers that stand alone in `text`, which may be a URL or JSON; ASCII digits alone count."""
    if (own := parse_sheet_code(text).reference) is not None:
        return {own}
    return set(REFERENCE.findall(text))


def reference_of(codes: list[Code], name: str) -> str:
    """The reference of a batch, from the codes of its first sheet.

    Raises Refusal BAD_INPUT: no code, none with 8 digits, or two different numbers. Each has a sentence of its own.
    """
    if not codes:
        message = f"No QR code was found on the first sheet, {name}. Scan it again, or give the reference yourself."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.strategy")
    found = set[str]().union(*(find_references(code.text) for code in codes))
    if not found:
        text = codes[0].text[:SHOWN]
        message = (
            f"The QR code of the first sheet, {name}, holds no number of {DIGITS} digits that stands alone: “{text}”."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.reference")
    if len(found) > 1:
        numbers = ", ".join(sorted(found)[:5])
        message = f"The QR codes of the first sheet, {name}, hold different numbers: {numbers}. Give the right one."
        raise Refusal(ErrorCode.BAD_INPUT, message, "options.reference")
    return found.pop()
