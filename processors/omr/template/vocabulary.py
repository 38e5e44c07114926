"""JSON of a template: the vocabulary of OMRChecker's template.json, and our own corner marks and code zone."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from processors.omr.template.field_types import FIELD_TYPES, Direction

Length = Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False)]
Place = Annotated[float, Field(ge=-20_000, le=20_000, allow_inf_nan=False)]
Text = Annotated[str, Field(min_length=1, max_length=100)]
Value = Annotated[str, Field(min_length=1, max_length=20)]
MAX_BLOCKS = 200


class Part(BaseModel):
    """Base: camelCase names, unknown ones refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class BlockPart(Part):
    """A block of fields of one type. `fieldType` says both its values and its direction."""

    origin: tuple[Place, Place]
    field_labels: list[Text] = Field(alias="fieldLabels", min_length=1, max_length=500)
    bubbles_gap: Length = Field(alias="bubblesGap")
    labels_gap: Place = Field(0, alias="labelsGap")
    field_type: Literal[tuple(FIELD_TYPES)] | None = Field(None, alias="fieldType")  # type: ignore[valid-type]
    bubble_values: list[Value] | None = Field(None, alias="bubbleValues", min_length=1, max_length=100)
    direction: Direction | None = None
    bubble_dimensions: tuple[Length, Length] | None = Field(None, alias="bubbleDimensions")
    empty_value: str | None = Field(None, alias="emptyValue", max_length=20)

    @model_validator(mode="after")
    def check_values(self) -> Self:
        """Raises ValueError where nothing says what the bubbles stand for."""
        if self.field_type is None and (self.bubble_values is None or self.direction is None):
            raise ValueError("A block has a fieldType, or bubbleValues and a direction.")
        return self


class MarksPart(Part):
    """Four solid squares: their centres, clockwise from the top left; `orientation` is [x, y, width, height]."""

    centers: tuple[tuple[Place, Place], tuple[Place, Place], tuple[Place, Place], tuple[Place, Place]]
    side: Length
    orientation: tuple[Place, Place, Length, Length] | None = None


class TemplatePart(Part):
    """The whole of it. `preProcessors` may hold CropPage alone: the others need files, or change nothing here."""

    page_dimensions: tuple[Length, Length] = Field(alias="pageDimensions")
    bubble_dimensions: tuple[Length, Length] = Field(alias="bubbleDimensions")
    field_blocks: dict[Text, BlockPart] = Field(alias="fieldBlocks", min_length=1, max_length=MAX_BLOCKS)
    custom_labels: dict[Text, list[Text]] = Field(default_factory=dict, alias="customLabels", max_length=MAX_BLOCKS)
    output_columns: list[Text] = Field(default_factory=list, alias="outputColumns", max_length=2_000)
    empty_value: str = Field("", alias="emptyValue", max_length=20)
    pre_processors: list[dict[str, Any]] = Field(default_factory=list, alias="preProcessors", max_length=20)
    corner_marks: MarksPart | None = Field(None, alias="cornerMarks")
    code_zone: tuple[Place, Place, Length, Length] | None = Field(None, alias="codeZone")
    student: Text | None = None
    title: str = Field("", max_length=200)
    answer_key: dict[Text, Any] = Field(default_factory=dict, alias="answerKey", max_length=2_000)
