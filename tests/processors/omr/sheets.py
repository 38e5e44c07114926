"""Filled sheets, drawn for tests: the printed sheet, pencil marks on it, and a scanner or phone in between."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from processors.omr.drawing import draw_sheet, sheet_text
from processors.omr.pdf import PdfWriter
from processors.omr.template.built_in import built_in_template
from processors.omr.template.layout import Box, Template

REFERENCE = "12345678"
DPI = 200
UNIT_MM = 0.1


@dataclass(frozen=True)
class Pencil:
    """How marks are made: `darkness` 0 to 1; `kind` is fill, cross or scribble."""

    darkness: float = 0.75
    kind: str = "fill"


def printed(template: Template, text: str, dpi: int = DPI, unit_mm: float = UNIT_MM) -> np.ndarray:
    """The blank sheet, as a grey picture."""
    return _printed(template, text, dpi, unit_mm).copy()


@cache
def _printed(template: Template, text: str, dpi: int, unit_mm: float) -> np.ndarray:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sheet.pdf"
        with PdfWriter(path) as pdf:
            pdf.add_page(draw_sheet(template, unit_mm, text))
        with pypdfium2.PdfDocument(path) as document:
            bitmap = document[0].render(scale=dpi / 72, grayscale=True)
            return np.ascontiguousarray(bitmap.to_numpy().reshape(bitmap.height, bitmap.width))


def answers_for(seed: int, template: Template) -> dict[str, str]:
    """A value for each field, by dice."""
    dice = np.random.default_rng(seed)
    return {field.label: str(dice.choice(field.values)) for field in template.fields}


def fill(
    picture: np.ndarray,
    template: Template,
    answers: Mapping[str, str],
    seed: int = 0,
    pencil: Pencil | Mapping[str, Pencil] | None = None,
) -> np.ndarray:
    """`picture` with the bubbles of `answers` marked; several letters are several marks."""
    dice = np.random.default_rng(seed)
    scale = picture.shape[1] / template.width
    for field in template.fields:
        for value in answers.get(field.label, ""):
            box = field.bubbles[field.values.index(value)]
            chosen = pencil.get(field.label, Pencil()) if isinstance(pencil, Mapping) else pencil or Pencil()
            mark(picture, box, scale, chosen, dice)
    return picture


def mark(picture: np.ndarray, box: Box, scale: float, pencil: Pencil, dice: np.random.Generator) -> None:
    """One mark, made by a hand."""
    x, y = (value * scale + dice.normal(0, 0.03) * box.width * scale for value in box.center)
    radius = box.width * scale / 2
    layer = np.zeros(picture.shape, np.uint8)
    if pencil.kind == "cross":
        for slope in (-1, 1):
            start, end = (x - radius, y - slope * radius), (x + radius, y + slope * radius)
            cv2.line(layer, _whole(start), _whole(end), 255, max(2, round(radius * 0.3)), cv2.LINE_AA)
    elif pencil.kind == "scribble":
        points = (np.asarray((x, y)) + dice.normal(0, 0.55 * radius, (14, 2))).astype(np.int32)
        cv2.polylines(layer, [points], False, 255, max(2, round(radius * 0.25)), cv2.LINE_AA)
    else:
        grow = 0.9 + dice.normal(0, 0.04)
        cv2.ellipse(
            layer, (_whole((x, y)), (round(2 * radius * grow), round(2 * radius * grow)), 0), 255, -1, cv2.LINE_AA
        )
    depth = layer.astype(np.float32) / 255 * pencil.darkness * (1 + dice.normal(0, 0.04))
    picture[:] = np.clip(picture * (1 - depth), 0, 255).astype(np.uint8)


def _whole(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def scan(picture: np.ndarray, seed: int, *, noise: float = 6, blur: float = 0.6, tilt: float = 0.6) -> np.ndarray:
    """`picture` as a scanner sees it: tilted by up to `tilt` degrees, a little blurred, noisy, its paper greyish."""
    dice = np.random.default_rng(seed)
    turned = rotate(picture, dice.uniform(-tilt, tilt))
    soft = cv2.GaussianBlur(turned, (0, 0), blur).astype(np.float32) * dice.uniform(0.88, 0.98)
    return np.clip(soft + dice.normal(0, noise, soft.shape), 0, 255).astype(np.uint8)


def rotate(picture: np.ndarray, degrees: float) -> np.ndarray:
    """`picture` turned about its middle, on paper that is large enough for small angles."""
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    turned = abs(degrees) > 5
    size = (round(1.45 * max(width, height)),) * 2 if turned else (width, height)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    return cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderValue=255)


def photograph(picture: np.ndarray, seed: int) -> np.ndarray:
    """`picture` as a phone sees it on a dark desk: in perspective, with a shadow across it."""
    dice = np.random.default_rng(seed)
    height, width = picture.shape
    corners = np.asarray([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    margin = 0.08 * min(width, height)
    seen = (corners + dice.uniform(-0.045, 0.045, (4, 2)) * min(width, height) + margin).astype(np.float32)
    size = (round(width + 2 * margin), round(height + 2 * margin))
    warped = cv2.warpPerspective(picture, cv2.getPerspectiveTransform(corners, seen), size, borderValue=55)
    across = np.linspace(0, 1, size[0]) * dice.uniform(0.2, 0.45)
    light = (0.95 - across)[None, :] * np.linspace(1, dice.uniform(0.75, 0.95), size[1])[:, None]
    return np.clip(warped * light + dice.normal(0, 5, warped.shape), 0, 255).astype(np.uint8)


def encode(picture: np.ndarray, kind: str = "JPEG", **options: Any) -> bytes:
    """The picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


@dataclass(frozen=True)
class HardSheet:
    """A scan of the built-in sheet with what pupils do; `kinds` has for each field how it was marked."""

    picture: np.ndarray
    answers: dict[str, str]
    kinds: dict[str, str]


def hard_sheet(seed: int) -> HardSheet:
    """A fifth of its fields is marked faintly, with a cross or a scribble, was erased and marked anew, or is empty."""
    template, dice = built_in_template(), np.random.default_rng(seed)
    answers, kinds = answers_for(seed, template), {}
    pencils, erased = {}, {}
    for field in template.fields:
        label = field.label
        kinds[label] = str(dice.choice(["plain"] * 20 + ["faint", "cross", "scribble", "erased", "empty"]))
        match kinds[label]:
            case "faint":
                pencils[label] = Pencil(dice.uniform(0.15, 0.35))
            case "cross" | "scribble" as kind:
                pencils[label] = Pencil(0.7, kind)
            case "erased":
                erased[label] = str(dice.choice([value for value in field.values if value != answers[label]]))
            case "empty":
                answers[label] = ""
    picture = fill(printed(template, REFERENCE), template, answers, seed, pencils)
    return HardSheet(scan(fill(picture, template, erased, seed, Pencil(0.2)), seed), answers, kinds)


def filled_sheet(
    seed: int, *, dpi: int = DPI, text: str | None = None, **marks: Any
) -> tuple[np.ndarray, dict[str, str]]:
    """A filled built-in sheet, and its answers."""
    template = built_in_template()
    answers = answers_for(seed, template)
    picture = printed(template, sheet_text(REFERENCE, None, 1, 1) if text is None else text, dpi)
    return fill(picture, template, answers, seed, **marks), answers
