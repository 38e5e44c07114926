"""Refinement of a registration: the frame moved to where bubbles were filled.

The outline of a paper is bent, torn and cut by scanners; its rows of bubbles are not. Bubbles come at equal distances:
the phase of filled ones in their period is how far they lie from where the template has them.
"""

import cmath
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
import numpy.typing as npt

from processors.omr.pages.pictures import Grey
from processors.omr.reading.bubbles import measure_page, straighten
from processors.omr.reading.registration import Corners, frame_of
from processors.omr.template.layout import Field, Template

Floats = npt.NDArray[np.float64]
REACH = 0.012
"""Of the longer side of the page: how far bubbles are looked for, and how much farther at one edge than at the other."""
STEPS = 13
COHERENCE = 0.7
"""Of the filled bubbles, 0 to 1: with less, what is on the page does not come in their period."""
NEARNESS = 0.1
"""Coherence that a shift of a whole period must win over none."""
CLEARLY = 0.03
"""Of coherence, by which a shift must be better than one by about another period."""
MIN_ROWS, MAX_ROWS = 12, 200
BETWEEN = 0.25
"""Of the distance of two bubbles: a mark that is farther off its own is between them."""
SOLID = 0.3
"""Of a bubble: what is thinner than that is printed, such as its outline and its letter."""


@dataclass(frozen=True, slots=True)
class Row:
    """Marks of one field along an axis: where it is (-1 to 1 of the page), its period in units, and their phase.

    The length of `phasor` is how much ink says so.
    """

    label: str
    place: tuple[float, float]
    gap: float
    phasor: complex


def refine(page: Grey, template: Template, corners: Corners) -> Corners:
    """`corners`, moved so that the bubbles of the template lie on those of the page; as they are where none are seen."""
    seen = straighten(page, template, corners)
    ink = solid(measure_page(seen, template), template, seen.scale)
    frame = frame_of(template)
    places = frame / np.asarray([template.width, template.height]) * 2 - 1
    moved = frame.astype(np.float64)
    for axis in (0, 1):
        rows = list(rows_of(template, ink, seen.scale, axis))
        shift, tilt_x, tilt_y = find_shift(
            rows[:: len(rows) // MAX_ROWS + 1], REACH * max(template.width, template.height)
        )
        moved[:, axis] += shift + places @ (tilt_x, tilt_y)
    to_page = cv2.getPerspectiveTransform(frame, np.ascontiguousarray(corners))
    return np.asarray(cv2.perspectiveTransform(moved[None].astype(np.float32), to_page)[0], np.float32)


def between_bubbles(ink: npt.NDArray[np.float32], template: Template, scale: float) -> set[str]:
    """The labels of fields whose marks lie between bubbles, and so may belong to another."""
    marks = solid(ink, template, scale)
    rows = [row for axis in (0, 1) for row in rows_of(template, marks, scale, axis)]
    return {row.label for row in rows if abs(cmath.phase(row.phasor)) > 2 * cmath.pi * BETWEEN}


def solid(ink: npt.NDArray[np.float32], template: Template, scale: float) -> npt.NDArray[np.float32]:
    """`ink` without what is thin or faint."""
    smallest = min(min(box.width, box.height) for field in template.fields for box in field.bubbles)
    side = max(1, round(smallest * SOLID * scale))
    eroded = cv2.erode(ink, np.ones((side, side), np.uint8))
    return np.asarray(np.where(eroded >= SOLID, eroded, 0), np.float32)


def rows_of(template: Template, ink: npt.NDArray[np.float32], scale: float, axis: int) -> Iterator[Row]:
    """The fields whose bubbles, or those of their neighbours, come at equal distances along `axis` (0: x, 1: y)."""
    size = np.asarray([template.width, template.height])
    for _, group in groupby(template.fields, key=lambda field: field.block):
        fields = list(group)
        for field in fields:
            first, last = np.asarray(field.bubbles[0].center), np.asarray(field.bubbles[-1].center)
            gaps = gaps_of(field, fields)
            low = np.round((np.minimum(first, last) - gaps / 2) * scale).astype(int)
            high = np.round((np.maximum(first, last) + gaps / 2) * scale).astype(int)
            part = ink[max(low[1], 0) : high[1], max(low[0], 0) : high[0]]
            if gaps[axis] > 0 and part.any():
                profile = part.sum(axis=0 if axis == 0 else 1)
                places = (max(low[axis], 0) + np.arange(len(profile)) + 0.5) / scale - first[axis]
                phasor = complex((profile * np.exp(2j * np.pi * places / gaps[axis])).sum())
                x, y = (first + last) / size - 1
                yield Row(field.label, (float(x), float(y)), float(gaps[axis]), phasor)


def gaps_of(field: Field, block: list[Field]) -> Floats:
    """The distance of its bubbles along x and y: from each other, and from those of the next field; 0 for none."""
    pairs = [field.bubbles[:2], tuple(one.bubbles[0] for one in block[:2])]
    gaps = [np.abs(np.subtract(pair[-1].center, pair[0].center)) for pair in pairs]
    return np.asarray(np.maximum(*gaps), np.float64)


def find_shift(rows: list[Row], reach: float) -> tuple[float, float, float]:
    """Units by which the marks lie farther along: in the middle of the page, and more of them to its right and bottom.

    None at all where there are too few marks to tell, or where a shift by about a period more explains them as well.
    """
    if len(rows) < MIN_ROWS:
        return 0.0, 0.0, 0.0
    tried = reach * shifts_and_tilts()
    scores, _ = rate(tried, rows)
    best = tried[int(np.argmax(scores))]
    rivals = np.abs(tried[:, 0] - best[0]) > min(row.gap for row in rows) / 2
    finer = best + reach / STEPS * shifts_and_tilts()
    scores_near, coherence = rate(finer, rows)
    is_clear = scores_near.max() - scores[rivals].max(initial=-1) >= CLEARLY and coherence.max() >= COHERENCE
    best = finer[int(np.argmax(scores_near))] if is_clear else np.zeros(3)
    return float(best[0]), float(best[1]), float(best[2])


def shifts_and_tilts() -> Floats:
    """Shifts with half as large tilts, from -1 to 1; shape (n, 3)."""
    shifts, tilts = np.linspace(-1, 1, 2 * STEPS - 1), np.linspace(-0.5, 0.5, STEPS)
    return np.stack(np.meshgrid(shifts, tilts, tilts, indexing="ij"), axis=-1).reshape(-1, 3)


def rate(tried: Floats, rows: list[Row]) -> tuple[Floats, Floats]:
    """For each shift how good it is, and how much of the marks then lies in bubbles."""
    places = np.asarray([(1.0, *row.place) for row in rows])
    periods = tried @ places.T / np.asarray([row.gap for row in rows])
    phasors = np.asarray([row.phasor for row in rows])
    coherence = (phasors * np.exp(-2j * np.pi * periods)).real.sum(axis=1) / np.abs(phasors).sum()
    return coherence - NEARNESS * (periods**2).mean(axis=1), coherence
