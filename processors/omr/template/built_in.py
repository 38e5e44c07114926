"""The built-in sheet: A4, a student number of six digits, 60 questions with five answers each. Unit: 0.1 mm."""

from typing import Any

from processors.omr.template.layout import Template
from processors.omr.template.parsing import parse_template

QUESTIONS = 60
BUILT_IN: dict[str, Any] = {
    "title": "Answer sheet",
    "pageDimensions": [2100, 2970],
    "bubbleDimensions": [46, 46],
    "fieldBlocks": {
        "student": {
            "fieldType": "QTYPE_INT",
            "origin": [260, 560],
            "fieldLabels": ["digit1..6"],
            "bubblesGap": 62,
            "labelsGap": 80,
        },
        **{
            f"questions{column + 1}": {
                "fieldType": "QTYPE_MCQ5",
                "origin": [300 + 580 * column, 1320],
                "fieldLabels": [f"q{20 * column + 1}..{20 * column + 20}"],
                "bubblesGap": 76,
                "labelsGap": 70,
            }
            for column in range(3)
        },
    },
    "customLabels": {"student": ["digit1..6"]},
    "student": "student",
    "cornerMarks": {
        "centers": [[120, 120], [1980, 120], [1980, 2850], [120, 2850]],
        "side": 64,
        "orientation": [190, 88, 64, 64],
    },
    "codeZone": [1560, 200, 340, 340],
}


def built_in_template() -> Template:
    """The sheet that `python -m processors.omr.print` prints."""
    return parse_template(BUILT_IN)
