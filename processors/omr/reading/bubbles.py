"""Bubbles of a registered page: the ink in each, without what was printed there."""

from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from processors.omr.pages.pictures import Grey
from processors.omr.reading.paper import local_paper, measure_ink
from processors.omr.reading.registration import Corners, frame_of
from processors.omr.template.layout import Box, Template

BUBBLE_PIXELS = 22
"""Of the shorter side of the smallest bubble on a registered page."""
MAX_SIDE = 2_600
INNER = 0.36
"""Radius of what is measured, in widths of the bubble: inside of its outline."""
PRINTED_SHARE = 20
"""Percentile of an option's ink over a block that is taken for its printed letter."""
Inks = list[npt.NDArray[np.float32]]
"""For each field the ink of its bubbles, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RegisteredPage:
    """A page as its template sees it. `scale` is pixels per unit of the template."""

    picture: Grey
    scale: float

    def crop(self, boxes: tuple[Box, ...], margin: float) -> Grey:
        """The picture around `boxes`, with a margin in units."""
        left, top = min(box.x for box in boxes) - margin, min(box.y for box in boxes) - margin
        right = max(box.x + box.width for box in boxes) + margin
        bottom = max(box.y + box.height for box in boxes) + margin
        edges = [max(0, round(value * self.scale)) for value in (top, bottom, left, right)]
        return self.picture[edges[0] : edges[1], edges[2] : edges[3]]


def straighten(page: Grey, template: Template, corners: Corners) -> RegisteredPage:
    """`page` as the template has it: one perspective warp."""
    smallest = min(min(box.width, box.height) for field in template.fields for box in field.bubbles)
    scale = min(BUBBLE_PIXELS / smallest, MAX_SIDE / max(template.width, template.height))
    size = max(1, round(template.width * scale)), max(1, round(template.height * scale))
    matrix = cv2.getPerspectiveTransform(np.ascontiguousarray(corners), frame_of(template) * np.float32(scale))
    warped = cv2.warpPerspective(page, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    return RegisteredPage(np.asarray(warped, np.uint8), scale)


def measure_bubbles(page: RegisteredPage, template: Template, ink: npt.NDArray[np.float32]) -> Inks:
    """The ink in each bubble of each field, without its printed letter; `ink` is that of the page."""
    raw = [np.asarray([ink_in(ink, box, page.scale) for box in field.bubbles], np.float32) for field in template.fields]
    measured: Inks = []
    for _, group in groupby(zip(template.fields, raw, strict=True), key=lambda pair: pair[0].block):
        measured.extend(without_print([inks for _, inks in group]))
    return measured


def measure_page(page: RegisteredPage, template: Template) -> npt.NDArray[np.float32]:
    """The ink at each pixel; what is wider than three bubbles is paper."""
    widest = max(max(box.width, box.height) for field in template.fields for box in field.bubbles)
    return measure_ink(page.picture, local_paper(page.picture, 3 * widest * page.scale))


def ink_in(ink: npt.NDArray[np.float32], box: Box, scale: float) -> float:
    """Mean ink of the inner ellipse of `box`."""
    rows, columns = round(box.height * INNER * scale), round(box.width * INNER * scale)
    x, y = round(box.center[0] * scale), round(box.center[1] * scale)
    part = ink[max(y - rows, 0) : y + rows + 1, max(x - columns, 0) : x + columns + 1]
    mask = ellipse(rows, columns)
    return float(part[mask].mean()) if part.shape == mask.shape else float(part.mean()) if part.size else 0.0


_ELLIPSES: dict[tuple[int, int], npt.NDArray[np.bool_]] = {}


def ellipse(rows: int, columns: int) -> npt.NDArray[np.bool_]:
    """The pixels of an ellipse in its rectangle, of half axes `rows` and `columns`."""
    if (rows, columns) not in _ELLIPSES:
        y, x = np.ogrid[-rows : rows + 1, -columns : columns + 1]
        _ELLIPSES[rows, columns] = (y / max(rows, 1)) ** 2 + (x / max(columns, 1)) ** 2 <= 1
    return _ELLIPSES[rows, columns]


def without_print(block: Inks) -> Inks:
    """The inks of a block less the letter that is printed in each option.

    The letter is what most fields have at the option, and never more than what half of a field's own bubbles have: a
    block that is answered all C must not read as empty.
    """
    widths = {len(inks) for inks in block}
    if len(widths) != 1:
        return [np.maximum(inks - np.sort(inks)[(len(inks) - 1) // 2], 0) for inks in block]
    table = np.stack(block)
    printed = np.percentile(table, PRINTED_SHARE, axis=0)
    middle = np.sort(table, axis=1)[:, (table.shape[1] - 1) // 2]
    return list(np.maximum(table - np.minimum(printed, middle[:, None]), 0))
