"""A layout of a sheet, resolved: every bubble of every field, in the template's own unit."""

from dataclasses import dataclass, field
from typing import Any

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: its top left corner, its width and its height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def is_inside(self, width: float, height: float) -> bool:
        """Whether it lies on a page of this size."""
        return self.x >= 0 and self.y >= 0 and self.x + self.width <= width and self.y + self.height <= height


@dataclass(frozen=True, slots=True)
class Field:
    """One question, or one digit of a number: a row of bubbles, of which one is to be filled.

    `values` are what the bubbles stand for; `block` is the name of the block that they were printed in.
    """

    label: str
    block: str
    values: tuple[str, ...]
    bubbles: tuple[Box, ...]
    empty_value: str = ""

    def can_say(self, text: str) -> bool:
        """Whether `text` is what some of its bubbles stand for, one after the other; none of them, too."""
        rest = text
        for value in self.values:
            rest = rest.replace(value, "", 1) if value and rest.startswith(value) else rest
        return not rest


@dataclass(frozen=True, slots=True)
class CornerMarks:
    """Four solid squares around the fields, by their centres, clockwise from the top left, and their side.

    `orientation` is a box that is printed solid and has paper where it would be on a turned sheet.
    """

    centers: tuple[Point, Point, Point, Point]
    side: float
    orientation: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A whole sheet.

    Attributes:
        width, height: Of the page.
        fields: In the order of the template.
        columns: For each column of the results the labels that are joined in it.
        marks: Without them the whole picture is the page.
        finds_page: Without marks: the outline of the paper in the picture is the page.
        code_zone: Where the QR code is printed; for printing, since codes are looked for everywhere.
        answer_key: The key of a batch that gives none, as JSON.
        student: The column that holds the student's number.
    """

    width: float
    height: float
    fields: tuple[Field, ...]
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    marks: CornerMarks | None = None
    finds_page: bool = False
    code_zone: Box | None = None
    student: str | None = None
    title: str = ""
    answer_key: dict[str, Any] = field(default_factory=dict)
