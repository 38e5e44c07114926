"""Sheets without corner marks: bubbles found where they are, and never taken for their neighbours."""

from typing import Any

import cv2
import numpy as np
import pytest

from processors.omr.reading.sheet import read_sheet
from processors.omr.template.built_in import BUILT_IN
from processors.omr.template.layout import Template
from processors.omr.template.parsing import parse_template
from tests.processors.omr.sheets import answers_for, fill, photograph, printed, scan

UNMARKED: dict[str, Any] = {name: value for name, value in BUILT_IN.items() if name != "cornerMarks"}


def sheet_of(answers: dict[str, str], seed: int) -> np.ndarray:
    return fill(printed(template_for(), "x"), template_for(), answers, seed)


def template_for(**changes: Any) -> Template:
    return parse_template(UNMARKED | changes)


def moved(template: dict[str, Any], down: int) -> dict[str, Any]:
    """The blocks of a template, `down` units lower."""
    blocks = template["fieldBlocks"].items()
    return {name: block | {"origin": [block["origin"][0], block["origin"][1] + down]} for name, block in blocks}


@pytest.mark.parametrize(("across", "down"), [(0, 0), (12, -14), (-15, 20), (18, 15)])
@pytest.mark.parametrize("taper", [pytest.param(1.0, marks=pytest.mark.long), 1.004])
def test_a_sheet_that_lies_off_its_place_is_read_rightly_without_doubt(across: int, down: int, taper: float) -> None:
    answers = answers_for(11, template_for())
    picture = sheet_of(answers, 11)
    scale = picture.shape[1] / template_for().width
    shift = np.asarray([[1, 0, across * scale], [0, taper, down * scale]], np.float32)
    sheet = read_sheet(scan(cv2.warpAffine(picture, shift, picture.shape[::-1], borderValue=255), 11), template_for())

    assert {label: field["value"] for label, field in sheet.fields.items()} == answers
    assert sheet.doubtful == []


@pytest.mark.parametrize("seed", [31, pytest.param(32, marks=pytest.mark.long)])
def test_a_photograph_is_read_by_the_outline_of_its_paper(seed: int) -> None:
    template = template_for(preProcessors=[{"name": "CropPage"}])
    answers = answers_for(seed, template)
    sheet = read_sheet(photograph(sheet_of(answers, seed), seed), template)

    assert {label: field["value"] for label, field in sheet.fields.items()} == answers


def test_marks_between_bubbles_are_flagged_where_they_are_too_few_to_tell_the_shift() -> None:
    answers = {f"q{number}": "C" for number in range(1, 7)}
    sheet = read_sheet(sheet_of(answers, 3), template_for(fieldBlocks=moved(UNMARKED, 33)))

    read = {label for label, field in sheet.fields.items() if field["value"]}
    assert read
    assert read <= set(sheet.doubtful)


def test_a_shift_that_another_explains_as_well_moves_nothing_silently() -> None:
    answers = {f"q{number}": "B" for number in (*range(2, 20), *range(22, 40))}
    sheet = read_sheet(sheet_of(answers, 4), template_for(fieldBlocks=moved(UNMARKED, 35)))

    wrong = {label for label, field in sheet.fields.items() if field["value"] != answers.get(label, "")}
    assert wrong <= set(sheet.doubtful)
