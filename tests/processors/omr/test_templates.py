"""Templates: the vocabulary of OMRChecker, its bounds, and what is refused."""

import re
from typing import Any

import pytest

from processors.omr.options import OmrOptions
from processors.omr.results.keys import check_key, score_sheet
from processors.omr.template.built_in import BUILT_IN, built_in_template
from processors.omr.template.labels import expand_labels
from processors.omr.template.parsing import parse_template

BLOCK = {"fieldType": "QTYPE_MCQ4", "origin": [10, 10], "fieldLabels": ["q1..3"], "bubblesGap": 20, "labelsGap": 30}
SMALL = {"pageDimensions": [300, 200], "bubbleDimensions": [12, 12], "fieldBlocks": {"a": BLOCK}}


def with_block(**changes: Any) -> dict[str, Any]:
    return SMALL | {"fieldBlocks": {"a": BLOCK | changes}}


@pytest.mark.parametrize(
    ("type_", "values", "is_vertical"),
    [
        ("QTYPE_INT", "0123456789", True),
        ("QTYPE_INT_FROM_1", "1234567890", True),
        ("QTYPE_MCQ4", "ABCD", False),
        ("QTYPE_MCQ5", "ABCDE", False),
        ("QTYPE_MCQ4_RTL", "DCBA", False),
        ("QTYPE_MCQ5_RTL", "EDCBA", False),
    ],
)
def test_all_six_field_types_run_their_way(type_: str, values: str, is_vertical: bool) -> None:
    template = parse_template(with_block(fieldType=type_, bubblesGap=15))
    first, second = template.fields[:2]

    assert "".join(first.values) == values
    along = (first.bubbles[1].x - first.bubbles[0].x, first.bubbles[1].y - first.bubbles[0].y)
    across = (second.bubbles[0].x - first.bubbles[0].x, second.bubbles[0].y - first.bubbles[0].y)
    assert (along, across) == (((0, 15), (30, 0)) if is_vertical else ((15, 0), (0, 30)))


@pytest.mark.parametrize("dots", ["..", "..."])
def test_ranges_have_both_ends(dots: str) -> None:
    assert expand_labels([f"q9{dots}11", "name"]) == ["q9", "q10", "q11", "name"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"templateDimensions": [1, 1]}, "version 2"),
        ({}, "pageDimensions"),
        (SMALL | {"fieldBlocks": {}}, "fieldBlocks"),
        (SMALL | {"omrMarker": "../../etc/passwd"}, "omrMarker"),
        (SMALL | {"preProcessors": [{"name": "CropOnMarkers", "options": {"relativePath": "a.jpg"}}]}, "cornerMarks"),
        (with_block(fieldType="QTYPE_X"), "fieldType"),
        (with_block(fieldType=None), "fieldType, or bubbleValues"),
        (with_block(fieldLabels=["q3..1"]), "runs backwards"),
        (with_block(fieldLabels=["q5_1..2"]), "is no range"),
        (with_block(fieldLabels=["q1..999999"]), "too many fields"),
        (with_block(fieldLabels=["q1", "q1"]), 'the field "q1" twice'),
        (with_block(origin=[280, 10]), "outside of the page"),
        (with_block(origin=[-1, 10]), "outside of the page"),
        (with_block(bubblesGap=float("1e308")), "bubblesGap"),
        (with_block(fieldType=None, bubbleValues=["A", "A"], direction="horizontal"), "same value twice"),
        (SMALL | {"customLabels": {"x": ["q9"]}}, '"q9", which no block has'),
        (SMALL | {"customLabels": {"q3": ["q1..2"]}}, "that of a field, too"),
        (SMALL | {"student": "nobody"}, "neither a field nor in customLabels"),
        (SMALL | {"answerKey": {"q1": 3}}, "The answer key says"),
        (
            SMALL | {"cornerMarks": {"centers": [[9, 9], [0, 0], [9, 0], [0, 9]], "side": 5}},
            "clockwise from the top left",
        ),
    ],
)
def test_a_wrong_template_is_refused_with_its_place(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        parse_template(given)
    assert sentence in str(caught.value)


def test_too_many_bubbles_are_refused() -> None:
    blocks = {letter: BLOCK | {"fieldLabels": [f"{letter}1..500"], "labelsGap": 0} for letter in "abcdef"}
    with pytest.raises(ValueError, match="at most 10,000"):
        parse_template(SMALL | {"fieldBlocks": blocks})


def test_custom_labels_come_first_and_take_their_fields() -> None:
    template = parse_template(SMALL | {"customLabels": {"both": ["q1..2"]}, "outputColumns": ["q3"]})
    assert template.columns == {"q3": ("q3",), "both": ("q1", "q2")}


def test_the_built_in_sheet_is_a_template_like_any_other() -> None:
    template = built_in_template()
    assert parse_template(BUILT_IN) is template
    assert len(template.fields) == 66
    assert list(template.columns)[:2] == ["student", "q1"]


def test_a_key_gives_points_takes_several_answers_and_counts_empty_as_nothing() -> None:
    key = check_key({"q1": "A", "q2": ["B", "C"], "q3": {"answer": "D", "points": 2.5, "wrong": -1}, "q4": "A"})
    score = score_sheet({"q1": "A", "q2": "C", "q3": "A", "q4": ""}, key)
    assert (score.points, score.most) == (1.0, 5.5)
    assert score.right == {"q1": True, "q2": True, "q3": False, "q4": False}


@pytest.mark.parametrize(
    "entry", [3, None, [], [1], "", {"points": 2}, {"answer": "A", "weight": 1}, {"answer": "A", "points": "2"}]
)
def test_a_key_that_cannot_be_read_is_refused_by_name(entry: Any) -> None:
    with pytest.raises(ValueError, match="q1"):
        check_key({"q1": entry})


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (
            {"Q1": "A"},
            'The answer key names "Q1", which the sheet does not have. Its columns: student, q1, q2, q3, q4 …',
        ),
        ({"q1": "b"}, "The answer key says “b” of q1, whose bubbles are A, B, C, D, E."),
        ({"q1": ["A", "F"]}, "The answer key says “F” of q1, whose bubbles are A, B, C, D, E."),
        ({"q1": "BA"}, "The answer key says “BA” of q1, whose bubbles are A, B, C, D, E."),
    ],
)
def test_a_key_that_no_sheet_can_meet_is_refused(key: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        OmrOptions.model_validate({"strategy": "ZIP_WITH_QR", "answerKey": key})


def test_a_key_may_ask_for_several_marks_and_for_a_number() -> None:
    key = {"q1": "AC", "q2": ["A", "B"], "student": "123456"}
    assert OmrOptions.model_validate({"strategy": "ZIP_WITH_QR", "answerKey": key}).answer_key == key
