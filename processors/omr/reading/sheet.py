"""One sheet: its code, its place on the page, its fields, as they go into the result of an item."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from processors.omr.pages.pictures import Grey
from processors.omr.reading.bubbles import RegisteredPage, measure_bubbles, measure_page, straighten
from processors.omr.reading.codes import SheetCode, parse_sheet_code, read_codes
from processors.omr.reading.deciding import FieldStatus, decide
from processors.omr.reading.refining import between_bubbles, refine
from processors.omr.reading.registration import Corners, register
from processors.omr.template.layout import Template


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was read. `fields` has for each label its value, status, confidence and needsReview."""

    page: RegisteredPage
    code: SheetCode
    corners: Corners
    fields: dict[str, dict[str, Any]]

    @property
    def doubtful(self) -> list[str]:
        """The labels that a person should look at."""
        return [label for label, field in self.fields.items() if field["needsReview"]]


def read_sheet(
    page: Grey, template: Template, corners: Corners | None = None, corrected: Mapping[str, str] | None = None
) -> Sheet:
    """Read the sheet on `page`; a person may have said where its corners are, and what fields say.

    Raises NotRegistered.
    """
    if corners is None:
        corners = register(page, template).corners
        if template.marks is None:
            corners = refine(page, template, corners)
    registered = straighten(page, template, corners)
    codes = [parse_sheet_code(code.text) for code in read_codes(page)]
    code = next((one for one in codes if one != SheetCode()), SheetCode())
    fields = {}
    ink = measure_page(registered, template)
    decisions = decide(measure_bubbles(registered, template, ink))
    between = between_bubbles(ink, template, registered.scale)
    for field, decision in zip(template.fields, decisions, strict=True):
        fields[field.label] = {
            "value": "".join(field.values[place] for place in decision.marked),
            "status": str(decision.status),
            "confidence": decision.confidence,
            "needsReview": decision.needs_review or field.label in between,
        }
    for label, value in (corrected or {}).items():
        status = FieldStatus.OK if value else FieldStatus.EMPTY
        fields[label] = {
            "value": value,
            "status": str(status),
            "confidence": 1.0,
            "needsReview": False,
            "reviewed": True,
        }
    return Sheet(registered, code, np.asarray(corners, np.float32), fields)
