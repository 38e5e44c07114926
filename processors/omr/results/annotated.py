"""annotated.pdf: every sheet with its marks and its score, drawn over its picture."""

import struct
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from processors.contract import ItemResult, MadeFile
from processors.omr.marking import RED, rings_of, score_text
from processors.omr.pdf import Drawing, PdfWriter
from processors.omr.results.keys import AnswerKey, Score
from processors.omr.template.layout import Template

WIDTH_POINTS = 595.0
"""Of A4."""
SHEET_PICTURE = "sheet.jpg"
SMALL = 8.0


class AnnotatedSheets:
    """Writes one page for each sheet as it comes. Marks are vectors: no picture is decoded again."""

    def __init__(self, path: Path, template: Template, key: AnswerKey | None) -> None:
        self._template, self._key = template, key
        self._scale = WIDTH_POINTS / template.width
        self._pdf = PdfWriter(path)
        self.count = 0

    def __enter__(self) -> Self:
        self._pdf.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pdf.__exit__(kind, error, trace)

    def add(self, item: ItemResult, result: dict[str, Any], score: Score | None) -> None:
        """The page of one sheet, if its picture is there."""
        picture = next(
            (made.path for made in item.files if isinstance(made, MadeFile) and made.name == SHEET_PICTURE), None
        )
        if picture is None:
            return
        data = picture.read_bytes()
        page = Drawing(WIDTH_POINTS, self._template.height * self._scale)
        page.picture()
        fields = {field["field"]: field for field in result["fields"]}
        for ring in rings_of(self._template, fields, score, self._key):
            grow, box = 0.12 * ring.box.width, ring.box
            x, y = (box.x - grow) * self._scale, (box.y - grow) * self._scale
            width, height = (box.width + 2 * grow) * self._scale, (box.height + 2 * grow) * self._scale
            page.ellipse(x, y, width, height, ring.colour, 0.6 if ring.is_thin else 1.6)
        page.text(WIDTH_POINTS * 0.42, 28, 20, score_text(score), RED)
        who = " ".join(str(part) for part in (result.get("student"), result.get("studentName")) if part)
        page.text(20, page.height - 12, SMALL, f"{result.get('name', '')}   {who}")
        self._pdf.add_page(page, data, jpeg_size(data))
        self.count += 1


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, by its start of frame (ITU T.81, B.2.2)."""
    place = 2
    while data[place] == 0xFF and data[place + 1] not in {0xC0, 0xC1, 0xC2}:
        place += 2 + int(struct.unpack_from(">H", data, place + 2)[0])
    height, width = struct.unpack_from(">HH", data, place + 5)
    return int(width), int(height)
