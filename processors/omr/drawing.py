"""A blank sheet of a template, drawn as vectors: marks, code, blocks, bubbles with their letters."""

from collections.abc import Sequence

import orjson
import segno

from processors.omr.pdf import Colour, Drawing, text_width
from processors.omr.template.layout import Box, Template

POINTS_PER_MM = 72 / 25.4
LEAST_MODULE_MM = 0.5
"""Of the QR code, so that it is read at 200 dpi."""
QUIET_MODULES = 4
PALE: Colour = (0.55, 0.55, 0.55)
GREY: Colour = (0.3, 0.3, 0.3)


def sheet_text(reference: str, student: str | None, page: int, pages: int) -> str:
    """The text of the QR code of a sheet: JSON, which `parse_sheet_code` reads."""
    value: dict[str, str | int] = {"reference": reference, "page": page, "pages": pages}
    if student is not None:
        value["student"] = student
    return orjson.dumps(value).decode()


def draw_sheet(template: Template, unit_mm: float, code: str, lines: Sequence[str] = ()) -> Drawing:
    """A page with the sheet of `template`, one unit of which is `unit_mm` millimetres.

    `lines` are printed at its head. Raises ValueError where the code would be too fine to be read.
    """
    unit = unit_mm * POINTS_PER_MM
    page = Drawing(template.width * unit, template.height * unit)
    draw_marks(page, template, unit)
    if template.code_zone is not None:
        draw_code(page, template.code_zone, code, unit, unit_mm)
    draw_head(page, template, unit, lines)
    blocks: dict[str, list[int]] = {}
    for number, field in enumerate(template.fields):
        blocks.setdefault(field.block, []).append(number)
        draw_field(page, template, number, unit)
    for numbers in blocks.values():
        draw_labels(page, template, numbers, unit)
    return page


def draw_marks(page: Drawing, template: Template, unit: float) -> None:
    if template.marks is None:
        return
    side = template.marks.side
    for x, y in template.marks.centers:
        page.rectangle((x - side / 2) * unit, (y - side / 2) * unit, side * unit, side * unit)
    if (box := template.marks.orientation) is not None:
        page.rectangle(box.x * unit, box.y * unit, box.width * unit, box.height * unit)


def draw_code(page: Drawing, zone: Box, text: str, unit: float, unit_mm: float) -> None:
    """The QR code of `text` in `zone`, its quiet zone included."""
    code = segno.make_qr(text, error="m", boost_error=False)
    modules = [list(row) for row in code.matrix]
    size = min(zone.width, zone.height) / (len(modules) + 2 * QUIET_MODULES)
    if size * unit_mm < LEAST_MODULE_MM:
        raise ValueError(
            f"The QR code would have modules of {size * unit_mm:.2f} mm; {LEAST_MODULE_MM} mm is the least that is "
            "read. Give shorter student numbers, or a larger codeZone."
        )
    for row, line in enumerate(modules):
        for column, is_dark in enumerate(line):
            if is_dark:
                x, y = zone.x + (column + QUIET_MODULES) * size, zone.y + (row + QUIET_MODULES) * size
                page.rectangle(x * unit, y * unit, size * unit * 1.01, size * unit * 1.01)


def draw_head(page: Drawing, template: Template, unit: float, lines: Sequence[str]) -> None:
    if template.marks is None:
        return
    x, y = template.marks.centers[0]
    size = 40 * unit
    for number, line in enumerate([template.title, *lines]):
        page.text((x + 140) * unit, y * unit + size * (2.6 + 1.7 * number), size if number else size * 1.5, line)


def draw_field(page: Drawing, template: Template, number: int, unit: float) -> None:
    """The bubbles of one field, each with its letter, pale enough not to be taken for a mark."""
    field = template.fields[number]
    for value, box in zip(field.values, field.bubbles, strict=True):
        page.ellipse(box.x * unit, box.y * unit, box.width * unit, box.height * unit, GREY)
        size = box.height * unit * 0.55
        x, y = box.center
        page.text(x * unit - text_width(value, size) / 2 - size * 0.06, y * unit + size * 0.36, size, value, PALE)


def draw_labels(page: Drawing, template: Template, numbers: Sequence[int], unit: float) -> None:
    """The numbers of the questions beside their bubbles; digits of a number have one heading above them."""
    fields = [template.fields[number] for number in numbers]
    first = fields[0].bubbles
    is_vertical = len(first) > 1 and first[1].y > first[0].y
    if is_vertical:
        name = next((name for name, labels in template.columns.items() if fields[0].label in labels), fields[0].label)
        page.text(first[0].x * unit, (first[0].y - 0.6 * first[0].height) * unit, first[0].height * unit * 0.8, name)
        return
    for field in fields:
        box = field.bubbles[0]
        size = box.height * unit * 0.65
        label = field.label.removeprefix("q")
        x = box.x * unit - text_width(label, size) - box.width * unit * 0.5
        page.text(x, box.center[1] * unit + size * 0.36, size, label)
