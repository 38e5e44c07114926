"""Registration: where on a page the sheet lies, at any rotation, perspective and scale."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from processors.omr.pages.pictures import Grey
from processors.omr.reading.paper import local_paper
from processors.omr.template.layout import CornerMarks, Point, Template

Corners = npt.NDArray[np.float32]
"""Four points in pixels of the page, clockwise from the top left of the sheet; shape (4, 2)."""

MAX_CANDIDATES = 9
"""Squares that are tried as marks: 126 sets of four."""
MAX_TRIES = 8
"""Sets of four that are looked at for their way up, the likeliest first."""
SOLIDITY = 0.82
"""Of its own rectangle that a square fills at least; a filled bubble has 0.79."""
MAX_SIDES = 1.7
"""Longer side of a mark through its shorter one, seen in perspective."""
MAX_SIZES = 3.0
"""Area of the largest mark through that of the smallest."""
DARK, PALE = 0.5, 0.72
"""Of the paper's brightness: a mark is darker; on a pale copy, than the second."""
ORIENTED = 0.25
"""Ink by which the orientation mark must be darker than where it would be on a turned sheet."""
MIN_LIKENESS = 0.65
"""Of four squares to the marks of a sheet: phone photographs have 0.8."""
MAX_TAPER = 1.5
"""Longer of two opposite sides of a sheet through the shorter, seen in perspective."""
MIN_SHEET = 0.1
"""Of the page that the marks enclose at least."""


@dataclass(frozen=True, slots=True)
class Registration:
    """The corners of the frame on the page, and whether something says which way up the sheet lies."""

    corners: Corners
    is_oriented: bool


class NotRegistered(Exception):  # noqa: N818  an answer about a page
    """The sheet was not found on the page; its text says what is missing."""


def register(page: Grey, template: Template) -> Registration:
    """Find the sheet on `page`. Raises NotRegistered."""
    if template.marks is not None:
        return find_marks(page, template, template.marks)
    corners = find_outline(page) if template.finds_page else None
    return Registration(whole_page(page) if corners is None else corners, is_oriented=False)


def frame_of(template: Template) -> Corners:
    """The points of the template that `Registration.corners` are: the marks, or the corners of the page."""
    width, height = template.width, template.height
    points = template.marks.centers if template.marks else ((0, 0), (width, 0), (width, height), (0, height))
    return np.asarray(points, np.float32)


def find_marks(page: Grey, template: Template, marks: CornerMarks) -> Registration:
    """The four corner marks of `template`, the right way round; on a pale copy, too. Raises NotRegistered."""
    try:
        return find_darker(page, template, marks, DARK)
    except NotRegistered:
        return find_darker(page, template, marks, PALE)


def find_darker(page: Grey, template: Template, marks: CornerMarks, darkness: float) -> Registration:
    """The corner marks, as far as they are darker than this share of the paper. Raises NotRegistered."""
    candidates = find_squares(page, template, marks, darkness)
    if len(candidates) < 4:
        raise NotRegistered(f"{len(candidates)} of the 4 corner marks were found")
    sets = sorted(rate_sets(candidates, marks, frame_of(template), page.size), key=lambda one: -one[0])
    if not sets:
        raise NotRegistered("no four corner marks form a sheet")
    return orient(page, template, marks, [corners for _, corners in sets[:MAX_TRIES]])


def rate_sets(
    candidates: list["Square"], marks: CornerMarks, frame: Corners, pixels: int
) -> Iterator[tuple[float, Corners]]:
    """Every four squares that can be the marks of a sheet, with how likely they are."""
    for chosen in combinations(candidates, 4):
        areas = [square.area for square in chosen]
        if max(areas) > MAX_SIZES * min(areas):
            continue
        corners = clockwise(np.asarray([square.center for square in chosen], np.float32))
        enclosed = float(cv2.contourArea(corners))
        if enclosed < MIN_SHEET * pixels or not cv2.isContourConvex(corners) or taper(corners) > MAX_TAPER:
            continue
        likeness = shape_likeness(corners, frame) * mark_likeness(areas, enclosed, marks, frame)
        if likeness >= MIN_LIKENESS:
            yield enclosed * likeness, corners


@dataclass(frozen=True, slots=True)
class Square:
    """A solid square: its centre and its area in pixels."""

    center: Point
    area: float


def find_squares(page: Grey, template: Template, marks: CornerMarks, darkness: float) -> list[Square]:
    """Solid squares that could be corner marks, those nearest to the corners of the page; at most MAX_CANDIDATES.

    A square is darker than `darkness`, 0 to 1 of the paper around it.
    """
    share = marks.side**2 / (template.width * template.height)
    most, least = share * page.size * 2, share * page.size * MIN_SHEET / 2
    paper = local_paper(page, 2.5 * most**0.5)
    dark = cv2.compare(page, (paper * darkness).astype(np.uint8), cv2.CMP_LT)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    squares = []
    for x, y, width, height, area in stats[1:]:
        if (
            least <= area <= most
            and max(width, height) <= MAX_SIDES * min(width, height)
            and area * 2.6 > width * height
        ):
            square = as_square(dark[y : y + height, x : x + width], (int(x), int(y)))
            if square is not None:
                squares.append(square)
    height, width = page.shape
    corners = np.asarray([(0, 0), (width, 0), (width, height), (0, height)])
    squares.sort(key=lambda one: float(np.min(np.linalg.norm(corners - one.center, axis=1))))
    return squares[:MAX_CANDIDATES]


def as_square(dark: Any, offset: tuple[int, int]) -> Square | None:
    """The largest blob of `dark` as a square, if it is one; `offset` is where `dark` lies on the page."""
    contours, _ = cv2.findContours(dark.copy(), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE, offset=offset)
    contour = max(contours, key=cv2.contourArea)
    (center, sides, _), filled = cv2.minAreaRect(contour), int(cv2.countNonZero(dark))
    # A contour runs through the centres of its pixels: the blob is a pixel wider than it.
    longer, shorter = max(sides) + 1, min(sides) + 1
    if longer > MAX_SIDES * shorter or filled < SOLIDITY * longer * shorter:
        return None
    moments = cv2.moments(contour)
    if moments["m00"] > 0:
        center = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    return Square((float(center[0]), float(center[1])), float(filled))


def clockwise(points: Corners) -> Corners:
    """`points` clockwise as they are seen, from the one nearest to the top left."""
    middle = points.mean(axis=0)
    angles = np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0])
    ordered = points[np.argsort(angles)]
    return np.ascontiguousarray(np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0))


def shape_likeness(corners: Corners, frame: Corners) -> float:
    """1 where the sides have the proportions of the frame, either way round; less the more they differ."""
    seen, wanted = side_ratio(corners), side_ratio(frame)
    return max(min(seen, ratio) / max(seen, ratio) for ratio in (wanted, 1 / wanted)) ** 2


def taper(corners: Corners) -> float:
    """The larger ratio of two opposite sides."""
    sides = [float(np.linalg.norm(corners[place] - corners[(place + 1) % 4])) for place in range(4)]
    return max(max(one, other) / max(min(one, other), 1e-6) for one, other in (sides[::2], sides[1::2]))


def side_ratio(corners: Corners) -> float:
    """Width through height."""
    top, right, bottom, left = (float(np.linalg.norm(corners[place] - corners[(place + 1) % 4])) for place in range(4))
    return (top + bottom) / max(right + left, 1e-6)


def mark_likeness(areas: list[float], enclosed: float, marks: CornerMarks, frame: Corners) -> float:
    """1 where the marks are as large as they should be on such a sheet, and alike."""
    wanted = marks.side**2 / float(cv2.contourArea(frame))
    seen = sum(areas) / 4 / enclosed
    alike = min(areas) / max(areas)
    return float(min(seen, wanted) / max(seen, wanted) * alike**0.5)


def orient(page: Grey, template: Template, marks: CornerMarks, likely: list[Corners]) -> Registration:
    """The first of `likely` with the orientation mark, from the top left of the sheet on; else as it is seen.

    Raises NotRegistered where none has the mark at one of its corners.
    """
    if marks.orientation is None:
        is_wide = side_ratio(frame_of(template)) > 1
        turned = next((one for one in turns(likely[0]) if (side_ratio(one) > 1) == is_wide), likely[0])
        return Registration(turned, is_oriented=False)
    paper = local_paper(page, 0.12 * max(page.shape))
    for corners in likely:
        ways = turns(corners)
        inks = [ink_at(page, paper, marks, template, way) for way in ways]
        first, second = sorted(inks, reverse=True)[:2]
        if first - second >= ORIENTED:
            return Registration(ways[int(np.argmax(inks))], is_oriented=True)
    raise NotRegistered("the mark beside the top left corner, which tells the way up, was not found")


def turns(corners: Corners) -> list[Corners]:
    """`corners` beginning at each of the four."""
    return [np.ascontiguousarray(np.roll(corners, -turn, axis=0)) for turn in range(4)]


def project(template: Template, corners: Corners, point: Point) -> Point:
    """Where a point of the template lies on the page."""
    matrix = cv2.getPerspectiveTransform(frame_of(template), np.ascontiguousarray(corners))
    x, y, w = matrix @ np.asarray([point[0], point[1], 1.0])
    return float(x / w), float(y / w)


def ink_at(page: Grey, paper: Grey, marks: CornerMarks, template: Template, corners: Corners) -> float:
    """Mean ink where the orientation mark is on a sheet at `corners`, in a square of half a mark's side."""
    assert marks.orientation is not None  # noqa: S101  asked for by `orient` alone
    frame = frame_of(template)
    scale = (float(cv2.contourArea(corners)) / float(cv2.contourArea(frame))) ** 0.5
    reach = max(1, round(marks.side * scale / 4))
    x, y = (round(value) for value in project(template, corners, marks.orientation.center))
    place = np.s_[max(y - reach, 0) : max(y + reach + 1, 0), max(x - reach, 0) : max(x + reach + 1, 0)]
    here, there = page[place], paper[place]
    return 1 - float(here.mean()) / max(float(there.mean()), 1.0) if here.size else 0.0


def whole_page(page: Grey) -> Corners:
    """The corners of the picture."""
    height, width = page.shape
    return np.asarray([(0, 0), (width, 0), (width, height), (0, height)], np.float32)


def find_outline(page: Grey) -> Corners | None:
    """The four corners of a bright paper on a darker ground; None where there is no such outline."""
    scale = 600 / max(page.shape)
    small = cv2.GaussianBlur(cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), (5, 5), 0)
    _, bright = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((15, 15), np.uint8))
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return None
    outline = cv2.convexHull(max(contours, key=cv2.contourArea))
    corners = cv2.approxPolyDP(outline, 0.04 * cv2.arcLength(outline, closed=True), closed=True)
    if len(corners) != 4 or cv2.contourArea(corners) < 0.3 * small.size:
        return None
    return clockwise(corners.reshape(4, 2).astype(np.float32) / np.float32(scale))
