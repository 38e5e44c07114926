"""The processor of kind `omr`."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import orjson

from base.errors import Refusal
from processors.contract import (
    AssignedSlice,
    ErrorCode,
    ItemError,
    ItemResult,
    ItemStatus,
    MadeFile,
    PlannedSlice,
    Reference,
    Source,
    Work,
)
from processors.omr.marking import draw_marks, encode_jpeg, rings_of, score_text
from processors.omr.options import OmrOptions
from processors.omr.pages.blank import is_blank
from processors.omr.pages.listing import PagePlace, open_page
from processors.omr.pages.pictures import Grey
from processors.omr.planning import KEY, ROSTER, plan_sheets
from processors.omr.reading.registration import NotRegistered
from processors.omr.reading.sheet import Sheet, read_sheet
from processors.omr.results.annotated import SHEET_PICTURE
from processors.omr.results.columns import column_values
from processors.omr.results.finishing import finish_sheets
from processors.omr.results.keys import AnswerKey, check_key, score_sheet
from processors.omr.reviewing import template_of
from processors.omr.roster import Match, Roster
from processors.omr.template.layout import Template

JPEG = "image/jpeg"
MAX_CROPS = 40
"""Of one sheet: where more fields are doubtful, the whole sheet is to be looked at."""
CROP_MARGIN = 0.5
"""Around a field, in heights of its bubbles."""


class OmrProcessor:
    """Reads answer sheets: each page of each file is an item."""

    def plan(self, work: Work, inputs: Sequence[Source]) -> Iterator[PlannedSlice | MadeFile | Reference]:
        """One item for each page, in natural order; see `planning`."""
        yield from plan_sheets(work, cast("OmrOptions", work.options), inputs)

    def process(self, work: Work, part: AssignedSlice) -> Iterator[ItemResult]:
        """COMPLETED with the fields, SKIPPED for blank pages, stray files and the key sheet, FAILED for the rest."""
        reader = SheetReader(work)
        for index in part.indices:
            place = PagePlace(*part.payload["pages"][index - part.first_index])
            is_key = part.payload["key"] == index - part.first_index
            yield reader.read(index, place, part.reviews.get(index), is_key=is_key)

    def finish(self, work: Work, results: Iterable[ItemResult]) -> Iterator[MadeFile]:
        """answers.csv, answers.xlsx, review.csv, report.json and annotated.pdf; see `results.finishing`."""
        options = cast("OmrOptions", work.options)
        yield from finish_sheets(work, template_of(options), key_of(work, options), roster_of(work), results)


def key_of(work: Work, options: OmrOptions) -> AnswerKey | None:
    """The key that was given, else that of the key sheet, else that of the template."""
    if options.answer_key is not None:
        return check_key(options.answer_key)
    if KEY in work.spool:
        return check_key(orjson.loads(work.spool[KEY].read_bytes()))
    return check_key(template_of(options).answer_key) or None


def roster_of(work: Work) -> Roster | None:
    """The roster that planning read."""
    return Roster(orjson.loads(work.spool[ROSTER].read_bytes())) if ROSTER in work.spool else None


class SheetReader:
    """Reads the pages of one slice."""

    def __init__(self, work: Work) -> None:
        options = cast("OmrOptions", work.options)
        self._work = work
        self._template: Template = template_of(options)
        self._key = key_of(work, options)
        self._roster = roster_of(work)

    def read(self, index: int, place: PagePlace, review: dict[str, Any] | None, *, is_key: bool) -> ItemResult:
        """How one page ended; `review` is what a person said about it, if one did: values of fields, corners of the sheet."""
        name = {"name": place.name}
        if place.is_stray:
            return skip(index, name, "No picture: left out.")
        try:
            with open_page(self._work.inputs, place) as document:
                page = document.read_page(place.page)
        except Refusal as refusal:
            return fail(index, name, refusal.code, refusal.message)
        if review is None and is_blank(page):
            return skip(index, name, "Blank page, skipped.")
        if is_key:
            return skip(index, name, "This sheet is the key.")
        corners = np.asarray(review["corners"], np.float32) if review and review.get("corners") else None
        try:
            sheet = read_sheet(page, self._template, corners, values_in(review, self._template))
        except NotRegistered as error:
            return self._not_found(index, name, page, str(error))
        return self._completed(index, name, page, sheet, review)

    def _not_found(self, index: int, name: dict[str, Any], page: Grey, why: str) -> ItemResult:
        """A page on which no sheet was found: a person can say where its corners are."""
        result = name | size_of(page)
        message = f"The sheet was not found on the page: {why}. Scan it again, or show its corners in a review."
        error = ItemError(ErrorCode.PROCESSING_FAILED, message)
        files = [self._picture(index, "page.jpg", page)]
        return ItemResult(index, ItemStatus.FAILED, orjson.dumps(result), error, needs_review=True, files=files)

    def _completed(
        self, index: int, name: dict[str, Any], page: Grey, sheet: Sheet, review: dict[str, Any] | None
    ) -> ItemResult:
        values = column_values(self._template, sheet.fields)
        student = self._student_of((review or {}).get("values", {}).get(self._template.student), sheet, values)
        score = score_sheet(values, self._key) if self._key is not None else None
        result: dict[str, Any] = name | student | size_of(page)
        result |= {
            "reference": sheet.code.reference,
            "page": sheet.code.page,
            "pages": sheet.code.pages,
            "values": values,
            "fields": [{"field": label, **field} for label, field in sheet.fields.items()],
            "corners": np.round(sheet.corners, 1).tolist(),
            "score": score.points if score else None,
            "maxScore": score.most if score else None,
        }
        rings = rings_of(self._template, sheet.fields, score, self._key)
        marked = draw_marks(sheet.page.picture, sheet.page.scale, rings, score_text(score))
        files = [self._picture(index, SHEET_PICTURE, sheet.page.picture), self._picture(index, "marked.jpg", marked)]
        is_settled = review is not None and not review.get("corners")
        needs_review = not is_settled and (bool(sheet.doubtful) or student["match"] == Match.NONE)
        if needs_review:
            files.append(self._picture(index, "page.jpg", page))
            files.extend(self._crops(index, sheet))
        body = orjson.dumps(result)
        return ItemResult(index, ItemStatus.COMPLETED, body, needs_review=needs_review, files=files)

    def _student_of(self, said: str | None, sheet: Sheet, values: dict[str, str]) -> dict[str, Any]:
        """The student of a sheet: as a person said, of its code, else of its bubbles, as the roster knows them."""
        student = said or sheet.code.student or values.get(self._template.student or "", "")
        if self._roster is None:
            return {"student": student, "studentName": None, "match": None}
        id_, match = self._roster.match(student)
        return {"student": id_, "studentName": self._roster.names.get(id_), "match": str(match)}

    def _crops(self, index: int, sheet: Sheet) -> Iterator[MadeFile]:
        """A picture of each doubtful field."""
        fields = {field.label: field for field in self._template.fields}
        for number, label in enumerate(sheet.doubtful[:MAX_CROPS]):
            boxes = fields[label].bubbles
            crop = sheet.page.crop(boxes, CROP_MARGIN * boxes[0].height)
            yield self._picture(index, f"{label}.jpg", crop, f"crop{number}")

    def _picture(self, index: int, name: str, picture: Grey, stem: str = "") -> MadeFile:
        path = self._work.folder / f"{index}-{stem or name}"
        path.write_bytes(encode_jpeg(picture))
        return MadeFile(path, name, JPEG)


def values_in(review: dict[str, Any] | None, template: Template) -> dict[str, str]:
    """The fields that a person corrected; the student's number is no field where it has several digits."""
    labels = {field.label for field in template.fields}
    return {name: value for name, value in (review or {}).get("values", {}).items() if name in labels}


def size_of(page: Grey) -> dict[str, int]:
    """The size of the picture that corners refer to."""
    return {"width": page.shape[1], "height": page.shape[0]}


def skip(index: int, result: dict[str, Any], reason: str) -> ItemResult:
    """A page that needs no reading."""
    return ItemResult(index, ItemStatus.SKIPPED, orjson.dumps(result), skip_reason=reason)


def fail(index: int, result: dict[str, Any], code: ErrorCode, message: str) -> ItemResult:
    """A page that cannot be read."""
    return ItemResult(index, ItemStatus.FAILED, orjson.dumps(result), ItemError(code, message))
