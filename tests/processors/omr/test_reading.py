"""Reading sheets: every clear field right, every wrong one flagged, however the sheet was scanned."""

from collections import Counter
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
    hard_sheet,
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
    "pale copy": (200, 0.75, lambda picture, seed: (130 + scan(picture, seed) * 0.49).astype(np.uint8)),
}


def read(picture: np.ndarray) -> Sheet:
    with open_document(encode(picture, quality=85)) as document:
        return read_sheet(document.read_page(0), TEMPLATE)


def values_of(sheet: Sheet) -> dict[str, str]:
    return {label: field["value"] for label, field in sheet.fields.items()}


@pytest.mark.parametrize("scanner", SCANNERS)
@pytest.mark.parametrize("seed", [101, pytest.param(102, marks=pytest.mark.long)])
def test_every_clear_field_is_right_and_none_is_flagged(scanner: str, seed: int) -> None:
    dpi, darkness, see = SCANNERS[scanner]
    picture, answers = filled_sheet(seed, dpi=dpi, pencil=Pencil(darkness))
    sheet = read(see(picture, seed))

    assert values_of(sheet) == answers
    assert sheet.doubtful == []
    assert sheet.code.reference == REFERENCE


@pytest.mark.parametrize("seed", [201, *(pytest.param(seed, marks=pytest.mark.long) for seed in (202, 203))])
def test_of_faint_crossed_scribbled_and_erased_marks_every_wrong_field_is_flagged(seed: int) -> None:
    hard = hard_sheet(seed)
    sheet = read(hard.picture)

    wrong = {label for label, value in values_of(sheet).items() if value != hard.answers[label]}
    assert wrong <= set(sheet.doubtful)
    assert len(sheet.doubtful) <= 0.15 * len(TEMPLATE.fields)


def test_crosses_and_scribbles_are_marks_and_erasures_are_looked_at() -> None:
    flagged, seen = Counter[str](), Counter[str]()
    for seed in range(7001, 7006):
        hard = hard_sheet(seed)
        doubtful = read(hard.picture).doubtful
        seen.update(hard.kinds.values())
        flagged.update(hard.kinds[label] for label in doubtful)

    assert [flagged[kind] for kind in ("plain", "empty", "cross", "scribble")] == [0, 0, 0, 0]
    assert flagged["erased"] == seen["erased"] > 0
    assert flagged.total() <= 0.12 * seen.total()


@pytest.mark.parametrize("left", [0.08, 0.14, 0.2, 0.26])
def test_what_an_eraser_leaves_is_never_an_answer_without_doubt(left: float) -> None:
    answers = answers_for(7, TEMPLATE)
    rubbed = [f"q{number}" for number in range(1, 60, 6)]
    picture = fill(printed(TEMPLATE, "x"), TEMPLATE, answers, 7, dict.fromkeys(rubbed, Pencil(left)))
    sheet = read(scan(picture, 7))

    answered = {label for label in rubbed if sheet.fields[label]["value"]}
    assert answered <= set(sheet.doubtful) <= set(rubbed)


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
