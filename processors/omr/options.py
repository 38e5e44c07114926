"""Options of the kind `omr`."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from processors.manifest import Options, UploadId
from processors.omr.results.keys import check_fit, check_key
from processors.omr.template.built_in import built_in_template
from processors.omr.template.parsing import parse_template

REFERENCE = r"^[0-9]{8}$"


class SheetStrategy(StrEnum):
    """Where the sheets lie, and where their reference comes from."""

    ZIP_WITH_QR = "ZIP_WITH_QR"
    ZIP_WITHOUT_QR = "ZIP_WITHOUT_QR"
    IMAGES = "IMAGES"


def known_template(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """`given`, if it is a template. Raises ValueError with a sentence."""
    if given is not None:
        parse_template(given)
    return given


def known_key(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """`given`, if it is an answer key. Raises ValueError with a sentence."""
    if given is not None:
        check_key(given)
    return given


class OmrOptions(Options):
    """How answer sheets are read."""

    max_bytes: ClassVar[int] = 512 * 1024
    strategy: SheetStrategy = Field(
        description="ZIP_WITH_QR and ZIP_WITHOUT_QR: archives, PDF or TIFF files; IMAGES: single pictures, PDF or TIFF files."
    )
    reference: str | None = Field(None, pattern=REFERENCE, description="8 digits; required unless ZIP_WITH_QR.")
    template: Annotated[dict[str, Any] | None, AfterValidator(known_template)] = Field(
        None, description="The layout of the sheet; the built-in one where left out."
    )
    answer_key: Annotated[dict[str, Any] | None, AfterValidator(known_key)] = Field(
        None, alias="answerKey", description="Right answers by field, with points."
    )
    key_sheet: str | None = Field(
        None, alias="keySheet", max_length=1_000, description="Name of the file or ZIP entry whose sheet is the key."
    )
    roster_upload_id: UploadId | None = Field(
        None,
        alias="rosterUploadId",
        max_length=64,
        description="A CSV or workbook among the uploads with the columns id and name.",
    )

    @model_validator(mode="after")
    def check_key_fits(self) -> Self:
        """Raises ValueError where the key is not one of this sheet."""
        template = built_in_template() if self.template is None else parse_template(self.template)
        check_fit(check_key(template.answer_key if self.answer_key is None else self.answer_key), template)
        return self

    @model_validator(mode="after")
    def check_reference(self) -> Self:
        """Raises ValueError where no reference can come from anywhere."""
        if self.strategy is not SheetStrategy.ZIP_WITH_QR and self.reference is None:
            raise ValueError(f"{self.strategy} needs a reference of 8 digits: no QR code is read for it.")
        return self
