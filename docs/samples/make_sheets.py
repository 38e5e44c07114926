"""Makes sheets.zip beside this file: twenty answer sheets of a class, filled by dice and scanned in black and white.

Run it as `.venv/bin/python -m docs.samples.make_sheets`.
"""

import zipfile
from pathlib import Path

import cv2
import numpy as np

from client.demo_sheets import ANSWER_KEY
from processors.omr.drawing import sheet_text
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import REFERENCE, answers_for, encode, fill, printed, scan

SHEETS, DPI = 20, 150
KNOWN = 0.8
"""Share of the questions that a student knows."""
UNSURE = 7
"""The sheet on which two bubbles of one question are filled."""
MADE_AT = (2026, 11, 1, 8, 0, 0)


def main() -> None:
    """Write the archive; each time the same bytes."""
    with zipfile.ZipFile(Path(__file__).parent / "sheets.zip", "w") as archive:
        for number in range(1, SHEETS + 1):
            archive.writestr(zipfile.ZipInfo(f"sheet{number}.png", MADE_AT), sheet(number))


def sheet(number: int) -> bytes:
    """One scan: the student has the number 100000 + `number`, in the code and in the bubbles."""
    template, student, dice = built_in_template(), str(100_000 + number), np.random.default_rng(number)
    answers = answers_for(number, template) | {f"digit{place}": digit for place, digit in enumerate(student, 1)}
    for question, answer in ANSWER_KEY.items():
        if dice.random() < KNOWN:
            answers[question] = answer
    if number == UNSURE:
        answers["q12"] = "BD"
    picture = fill(printed(template, sheet_text(REFERENCE, student, 1, 1), DPI), template, answers, number)
    _, black_and_white = cv2.threshold(scan(picture, number, noise=3), 150, 255, cv2.THRESH_BINARY)
    return encode(black_and_white > 0, "PNG", optimize=True)


if __name__ == "__main__":
    main()
