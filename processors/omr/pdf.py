"""A writer of simple PDF files (ISO 32000-1): pages of shapes, text and one JPEG each, written as they come."""

import zlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)
CIRCLE = 0.5523
"""Of a radius: where the control points of a quarter of a circle lie (a cubic Bézier curve)."""
FIXED_OBJECTS = 3
"""Catalogue, page tree and font have the numbers 1, 2 and 3."""


class Drawing:
    """Operators of one page; coordinates in points from the top left."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._operators: list[str] = []

    def content(self) -> bytes:
        return "\n".join(self._operators).encode("ascii", "replace")

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour = BLACK) -> None:
        """A filled one."""
        self._operators.append(f"{_fill(colour)} {x:.2f} {self.height - y - height:.2f} {width:.2f} {height:.2f} re f")

    def frame(self, x: float, y: float, width: float, height: float, colour: Colour, line: float = 1) -> None:
        """The outline of a rectangle."""
        place = f"{x:.2f} {self.height - y - height:.2f} {width:.2f} {height:.2f}"
        self._operators.append(f"{_stroke(colour, line)} {place} re S")

    def ellipse(
        self, x: float, y: float, width: float, height: float, colour: Colour = BLACK, line: float = 0.6
    ) -> None:
        """The outline of one in the box at `x`, `y`."""
        rx, ry, cx, cy = width / 2, height / 2, x + width / 2, self.height - y - height / 2
        kx, ky = rx * CIRCLE, ry * CIRCLE
        curves = (
            (cx + rx, cy + ky, cx + kx, cy + ry, cx, cy + ry),
            (cx - kx, cy + ry, cx - rx, cy + ky, cx - rx, cy),
            (cx - rx, cy - ky, cx - kx, cy - ry, cx, cy - ry),
            (cx + kx, cy - ry, cx + rx, cy - ky, cx + rx, cy),
        )
        path = " ".join(" ".join(f"{value:.2f}" for value in curve) + " c" for curve in curves)
        self._operators.append(f"{_stroke(colour, line)} {cx + rx:.2f} {cy:.2f} m {path} S")

    def text(self, x: float, y: float, size: float, text: str, colour: Colour = BLACK) -> None:
        """`text` in Helvetica, its baseline at `y`; what Windows-1252 does not have becomes a question mark."""
        raw = text.encode("cp1252", "replace").hex()
        self._operators.append(f"BT {_fill(colour)} /F1 {size:.2f} Tf {x:.2f} {self.height - y:.2f} Td <{raw}> Tj ET")

    def picture(self) -> None:
        """The JPEG of the page, over all of it."""
        self._operators.append(f"q {self.width:.2f} 0 0 {self.height:.2f} 0 0 cm /Im Do Q")


class PdfWriter:
    """One PDF file; in memory are but the places of its objects."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._offsets: dict[int, int] = {}
        self._pages: list[int] = []
        self._next = FIXED_OBJECTS + 1
        self._file.write(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._end()
        finally:
            self._file.close()

    def add_page(self, drawing: Drawing, jpeg: bytes | None = None, size: tuple[int, int] = (0, 0)) -> None:
        """A page as `drawing` has it; `jpeg` is a grey picture of `size` pixels."""
        resources = "/Font << /F1 3 0 R >>"
        if jpeg is not None:
            head = (
                f"<< /Type /XObject /Subtype /Image /Width {size[0]} /Height {size[1]} /ColorSpace /DeviceGray "
                f"/BitsPerComponent 8 /Filter /DCTDecode /Length {len(jpeg)} >>"
            )
            resources += f" /XObject << /Im {self._stream(head, jpeg)} 0 R >>"
        packed = zlib.compress(drawing.content())
        content = self._stream(f"<< /Filter /FlateDecode /Length {len(packed)} >>", packed)
        page = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {drawing.width:.2f} {drawing.height:.2f}] "
            f"/Resources << {resources} >> /Contents {content} 0 R >>"
        )
        self._pages.append(self._object(page.encode()))

    def _stream(self, head: str, data: bytes) -> int:
        return self._object(b"%s\nstream\n%s\nendstream" % (head.encode(), data))

    def _object(self, body: bytes, number: int | None = None) -> int:
        if number is None:
            number, self._next = self._next, self._next + 1
        self._offsets[number] = self._file.tell()
        self._file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
        return number

    def _end(self) -> None:
        kids = " ".join(f"{number} 0 R" for number in self._pages)
        self._object(b"<< /Type /Catalog /Pages 2 0 R >>", 1)
        self._object(f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>".encode(), 2)
        self._object(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>", 3)
        start = self._file.tell()
        self._file.write(b"xref\n0 %d\n0000000000 65535 f \n" % self._next)
        self._file.writelines(b"%010d 00000 n \n" % self._offsets[number] for number in range(1, self._next))
        self._file.write(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (self._next, start))


def text_width(text: str, size: float) -> float:
    """About how wide `text` is in Helvetica, in points."""
    return len(text) * size * 0.55


def _fill(colour: Colour) -> str:
    return f"{_numbers(colour)} rg"


def _stroke(colour: Colour, line: float) -> str:
    return f"{_numbers(colour)} RG {line:.2f} w"


def _numbers(colour: Sequence[float]) -> str:
    return " ".join(f"{value:.3f}" for value in colour)
