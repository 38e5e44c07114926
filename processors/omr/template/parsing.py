"""Templates from JSON: validated, bounded, resolved to bubbles. A template never names a file."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from processors.omr.results.keys import check_key
from processors.omr.template.field_types import FIELD_TYPES, Direction
from processors.omr.template.labels import expand_labels
from processors.omr.template.layout import Box, CornerMarks, Field, Template
from processors.omr.template.vocabulary import BlockPart, TemplatePart

MAX_BUBBLES = 10_000
HARMLESS = frozenset({"GaussianBlur", "MedianBlur", "Levels"})
"""Preprocessors of OMRChecker that prepare pictures for its own thresholds; here they are left out."""
CROP_PAGE = "CropPage"


def parse_template(given: dict[str, Any]) -> Template:
    """The template that `given` describes. Raises ValueError with a sentence that names the place."""
    return _parse(orjson.dumps(given))


@lru_cache(maxsize=8)
def _parse(text: bytes) -> Template:
    given = orjson.loads(text)
    if "templateDimensions" in given:
        raise ValueError(
            "This is a template of OMRChecker's version 2 (templateDimensions). Give one of version 1, with pageDimensions."
        )
    part = _validate(given)
    fields = tuple(_fields_of(part))
    _check_fields(fields, part)
    return Template(
        width=part.page_dimensions[0],
        height=part.page_dimensions[1],
        fields=fields,
        columns=_columns_of(part, [field.label for field in fields]),
        marks=_marks_of(part),
        finds_page=_finds_page(part),
        code_zone=Box(*part.code_zone) if part.code_zone else None,
        student=_student_of(part),
        title=part.title,
        answer_key=_key_of(part),
    )


def _validate(given: dict[str, Any]) -> TemplatePart:
    try:
        return TemplatePart.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(piece)[:60] for piece in first["loc"]) or "it"
        reason = str(first["ctx"]["error"]) if first["type"] == "value_error" else f"{first['msg']}."
        raise ValueError(f"In the template, {place}: {reason}") from None


def _fields_of(part: TemplatePart) -> Iterator[Field]:
    bubbles = 0
    for name, block in part.field_blocks.items():
        values, direction = _values_of(block)
        width, height = block.bubble_dimensions or part.bubble_dimensions
        for place, label in enumerate(expand_labels(block.field_labels)):
            bubbles += len(values)
            if bubbles > MAX_BUBBLES:
                raise ValueError(f"The template has too many bubbles: at most {MAX_BUBBLES:,} are read.")
            empty = part.empty_value if block.empty_value is None else block.empty_value
            boxes = [Box(*_origin_of(block, direction, place, number), width, height) for number in range(len(values))]
            yield Field(label, name, values, tuple(boxes), empty)


def _values_of(block: BlockPart) -> tuple[tuple[str, ...], Direction]:
    values, direction = FIELD_TYPES[block.field_type] if block.field_type else ((), Direction.HORIZONTAL)
    return tuple(block.bubble_values or values), block.direction or direction


def _origin_of(block: BlockPart, direction: Direction, place: int, number: int) -> tuple[float, float]:
    """Of the bubble `number` of the field `place`: bubbles run in the direction, fields across it."""
    x, y = block.origin
    along, across = number * block.bubbles_gap, place * block.labels_gap
    return (x + along, y + across) if direction is Direction.HORIZONTAL else (x + across, y + along)


def _check_fields(fields: tuple[Field, ...], part: TemplatePart) -> None:
    seen: set[str] = set()
    for field in fields:
        if field.label in seen:
            raise ValueError(f'The template names the field "{field.label}" twice.')
        seen.add(field.label)
        if len(set(field.values)) != len(field.values):
            raise ValueError(f'The bubbles of "{field.label}" have the same value twice.')
        if not all(box.is_inside(*part.page_dimensions) for box in field.bubbles):
            raise ValueError(f'The bubbles of "{field.label}" lie outside of the page (pageDimensions).')


def _columns_of(part: TemplatePart, labels: list[str]) -> dict[str, tuple[str, ...]]:
    """Columns of the results: those of customLabels, then each field that is in none of them."""
    joined: dict[str, tuple[str, ...]] = {}
    used: set[str] = set()
    for name, given in part.custom_labels.items():
        parts = expand_labels(given)
        for label in parts:
            if label not in labels:
                raise ValueError(f'customLabels.{name} names "{label}", which no block has.')
            if label in used:
                raise ValueError(f'customLabels names the field "{label}" twice.')
            used.add(label)
        joined[name] = tuple(parts)
    columns = joined | {label: (label,) for label in labels if label not in used}
    if len(columns) != len(joined) + len(labels) - len(used):
        raise ValueError("A name in customLabels is that of a field, too.")
    first = expand_labels(part.output_columns)
    for name in first:
        if name not in columns:
            raise ValueError(f'outputColumns names "{name}", which the sheet does not have.')
    return {name: columns[name] for name in dict.fromkeys([*first, *columns])}


def _marks_of(part: TemplatePart) -> CornerMarks | None:
    given = part.corner_marks
    if given is None:
        return None
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = given.centers
    if not (ax < bx and dx < cx and ay < dy and by < cy):
        raise ValueError("cornerMarks.centers are four points, clockwise from the top left.")
    return CornerMarks(given.centers, given.side, Box(*given.orientation) if given.orientation else None)


def _finds_page(part: TemplatePart) -> bool:
    names = [str(one.get("name")) for one in part.pre_processors]
    for name in names:
        if name not in HARMLESS | {CROP_PAGE}:
            raise ValueError(
                f'The preprocessor "{name[:60]}" needs a file, or is not known: give the marks of the sheet as cornerMarks.'
            )
    return CROP_PAGE in names


def _key_of(part: TemplatePart) -> dict[str, Any]:
    check_key(part.answer_key)
    return part.answer_key


def _student_of(part: TemplatePart) -> str | None:
    labels = {label for block in part.field_blocks.values() for label in expand_labels(block.field_labels)}
    if part.student is not None and part.student not in part.custom_labels and part.student not in labels:
        raise ValueError(f'student names "{part.student}", which is neither a field nor in customLabels.')
    return part.student
