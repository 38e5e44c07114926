"""Reading sheets: every clear field right, every wrong one flagged, however the sheet was scanned."""

from collections.abc import Callable

import numpy as np
import pytest

from processors.omr.pages.documents import open_document
from processors.omr.reading.sheet import Sheet, read_sheet
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import (
    REFERENCE,
    Pencil,
    answers_for,
    encode,
    fill,
    filled_sheet,
    photograph,
    printed,
    rotate,
    scan,
)

TEMPLATE = built_in_template()
Scanner = Callable[[np.ndarray, int], np.ndarray]
SCANNERS: dict[str, tuple[int, float, Scanner]] = {
    "clean": (300, 0.75, lambda picture, _: picture),
    "scanned": (200, 0.75, scan),
    "faint": (200, 0.3, scan),
    "150 dpi": (150, 0.75, scan),
    "upside down": (200, 0.75, lambda picture, seed: scan(picture[::-1, ::-1].copy(), seed)),
    "on its side": (200, 0.75, lambda picture, seed: scan(np.rot90(picture).copy(), seed)),
    "at 33 degrees": (200, 0.75, lambda picture, seed: scan(rotate(picture, 33), seed)),
    "photographed": (200, 0.75, photograph),
}


def read(picture: np.ndarray) -> Sheet:
    with open_document(encode(picture, quality=85)) as document:
        return read_sheet(document.read_page(0), TEMPLATE)


def values_of(sheet: Sheet) -> dict[str, str]:
    return {label: field["value"] for label, field in sheet.fields.items()}


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("seed", [101, 102])
def test_every_clear_field_is_right_and_none_is_flagged(scanner: str, seed: int) -> None:
    dpi, darkness, see = SCANNERS[scanner]
    picture, answers = filled_sheet(seed, dpi=dpi, pencil=Pencil(darkness))
    sheet = read(see(picture, seed))

    assert values_of(sheet) == answers
    assert sheet.doubtful == []
    assert sheet.code.reference == REFERENCE


@pytest.mark.parametrize("seed", [201, 202, 203])
def test_of_faint_crossed_scribbled_and_erased_marks_every_wrong_field_is_flagged(seed: int) -> None:
    dice = np.random.default_rng(seed)
    answers = answers_for(seed, TEMPLATE)
    pencils, erased = {}, {}
    for field in TEMPLATE.fields:
        match dice.choice(["plain"] * 20 + ["faint", "cross", "scribble", "erased", "empty"]):
            case "faint":
                pencils[field.label] = Pencil(dice.uniform(0.15, 0.35))
            case "cross" | "scribble" as kind:
                pencils[field.label] = Pencil(0.7, str(kind))
            case "erased":
                erased[field.label] = str(dice.choice([v for v in field.values if v != answers[field.label]]))
            case "empty":
                answers[field.label] = ""
    picture = fill(printed(TEMPLATE, REFERENCE), TEMPLATE, answers, seed, pencils)
    sheet = read(scan(fill(picture, TEMPLATE, erased, seed, Pencil(0.2)), seed))

    wrong = {label for label, value in values_of(sheet).items() if value != answers[label]}
    assert wrong <= set(sheet.doubtful)
    assert len(sheet.doubtful) <= 0.15 * len(TEMPLATE.fields)


def test_a_block_that_is_answered_all_alike_does_not_read_as_empty() -> None:
    answers = {field.label: "C" for field in TEMPLATE.fields if field.label.startswith("q")}
    assert {k: v for k, v in values_of(read(fill(printed(TEMPLATE, "x"), TEMPLATE, answers))).items() if v} == answers


def test_an_empty_sheet_is_empty_without_doubt() -> None:
    sheet = read(scan(printed(TEMPLATE, "x"), 1))
    assert {field["status"] for field in sheet.fields.values()} == {"empty"}
    assert sheet.doubtful == []


def test_two_marks_are_joined_in_the_order_of_the_bubbles_and_flagged() -> None:
    sheet = read(fill(printed(TEMPLATE, "x"), TEMPLATE, {"q1": "DB"}))
    assert (sheet.fields["q1"]["value"], sheet.fields["q1"]["status"], sheet.doubtful) == ("BD", "multi", ["q1"])
