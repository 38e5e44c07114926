"""Reviews of sheets, checked when they are given: values of fields, and the corners of the sheet on its page."""

import math
from typing import Any, cast

from processors.manifest import Options
from processors.omr.options import OmrOptions
from processors.omr.template.built_in import built_in_template
from processors.omr.template.layout import Field, Template
from processors.omr.template.parsing import parse_template

MAX_VALUE = 100
MAX_PIXELS = 100_000
"""Of a corner to either side: it may lie off the page, where that is torn."""


def template_of(options: OmrOptions) -> Template:
    """The template that was given, else the built-in one."""
    return built_in_template() if options.template is None else parse_template(options.template)


def check_review(options: Options, review: dict[str, Any]) -> None:
    """Raise ValueError for a field that the sheet does not have, a value that no bubble has, or corners of no sheet."""
    template = template_of(cast("OmrOptions", options))
    fields = {field.label: field for field in template.fields}
    for name, value in review.get("values", {}).items():
        if name != template.student or name in fields:
            check_value(name, value, fields)
        elif len(value) > MAX_VALUE:
            raise ValueError(f"The number of a student has at most {MAX_VALUE} characters.")
    if review.get("corners"):
        check_corners(review["corners"])


def check_value(name: str, value: str, fields: dict[str, Field]) -> None:
    """Raise ValueError where `value` is not one of the field's, nothing, or several of them one after the other."""
    if name not in fields:
        raise ValueError(f"The sheet has no field “{name[:60]}”.")
    if not fields[name].can_say(value):
        raise ValueError(f"“{value[:60]}” is no value of {name}: its bubbles are {', '.join(fields[name].values)}.")


def check_corners(corners: list[list[float]]) -> None:
    """Raise ValueError for what is not four points, clockwise, around something."""
    if len(corners) != 4:
        raise ValueError("The corners are four points, clockwise from the top left of the sheet.")
    if not all(math.isfinite(value) and abs(value) <= MAX_PIXELS for corner in corners for value in corner):
        raise ValueError("The corners are in pixels of page.jpg.")
    for place in range(4):
        (ax, ay), (bx, by), (cx, cy) = (corners[(place + step) % 4] for step in range(3))
        if (bx - ax) * (cy - by) - (by - ay) * (cx - bx) <= 0:
            raise ValueError(
                "The corners go clockwise from the top left of the sheet, and none lies within the others."
            )
