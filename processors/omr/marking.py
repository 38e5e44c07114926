"""Marks on a picture: right answers green, wrong ones red, doubtful ones amber; read ones blue where there is no key."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from processors.omr.pages.pictures import Grey
from processors.omr.pdf import Colour
from processors.omr.results.keys import AnswerKey, Score
from processors.omr.template.layout import Box, Template

GREEN: Colour = (0.05, 0.55, 0.15)
RED: Colour = (0.8, 0.1, 0.1)
AMBER: Colour = (0.9, 0.55, 0.0)
BLUE: Colour = (0.1, 0.3, 0.8)
QUALITY = 60
"""Of the JPEG files that are kept."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring around a bubble; a dotted meaning has the right answer that was not given."""

    box: Box
    colour: Colour
    is_thin: bool = False


def rings_of(
    template: Template, fields: Mapping[str, Mapping[str, Any]], score: Score | None, key: AnswerKey | None
) -> Iterator[Ring]:
    """The rings of one sheet."""
    columns = {label: name for name, labels in template.columns.items() for label in labels}
    for field in template.fields:
        read, column = fields[field.label], columns[field.label]
        is_right = score.right.get(column) if score else None
        colour = AMBER if read["needsReview"] else BLUE if is_right is None else GREEN if is_right else RED
        marked = [place for place, value in enumerate(field.values) if is_marked(read, value)]
        for place in marked or (range(len(field.values)) if read["needsReview"] else ()):
            yield Ring(field.bubbles[place], colour)
        if is_right is False and key is not None:
            for place, value in enumerate(field.values):
                if value in key[column].answers:
                    yield Ring(field.bubbles[place], GREEN, is_thin=True)


def is_marked(read: Mapping[str, Any], value: str) -> bool:
    """Whether the bubble of `value` belongs to what was read."""
    return bool(read["value"]) and (value in read["value"] if read["status"] == "multi" else value == read["value"])


def score_text(score: Score | None) -> str:
    """The score for the top of a sheet; empty where there is no key."""
    return f"{score.points:g} / {score.most:g}" if score else ""


def draw_marks(picture: Grey, scale: float, rings: Iterator[Ring], text: str) -> Grey:
    """A coloured copy of a registered page with its rings and, on top, its score."""
    coloured = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    for ring in rings:
        x, y = (round(value * scale) for value in ring.box.center)
        axes = (round(ring.box.width * scale * 0.62), round(ring.box.height * scale * 0.62))
        cv2.ellipse(coloured, (x, y), axes, 0, 0, 360, bgr(ring.colour), 1 if ring.is_thin else 3, cv2.LINE_AA)
    if text:
        height = picture.shape[0]
        place = (round(picture.shape[1] * 0.42), round(height * 0.035))
        cv2.putText(coloured, text, place, cv2.FONT_HERSHEY_SIMPLEX, height / 1000, bgr(RED), 2, cv2.LINE_AA)
    return np.asarray(coloured, np.uint8)


def bgr(colour: Colour) -> tuple[int, int, int]:
    red, green, blue = (round(value * 255) for value in colour)
    return blue, green, red


def encode_jpeg(picture: Grey) -> bytes:
    """The picture as a JPEG file."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
