"""Print blank answer sheets as PDF: `python -m processors.omr.print --help`."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from processors.omr.drawing import draw_sheet, sheet_text
from processors.omr.pdf import PdfWriter
from processors.omr.template.built_in import built_in_template
from processors.omr.template.layout import Template
from processors.omr.template.parsing import parse_template

REFERENCE = re.compile(r"[0-9]{8}")
A4_WIDTH_MM = 210
MAX_NAMES = 5_000


@dataclass(frozen=True, slots=True)
class Student:
    """A line of the list of names."""

    number: str
    name: str


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 2 with a sentence on standard error."""
    given = parse_arguments(arguments)
    try:
        template = read_template(given.template) if given.template else built_in_template()
        students = read_names(given.names) if given.names else [None] * given.copies
        count = print_sheets(given.output, template, given.reference, students, given.pages)
    except (ValueError, OSError) as error:
        print(f"print: {error}", file=sys.stderr)  # noqa: T201  a program speaks on the terminal
        return 2
    print(f"{count} sheets: {given.output}")  # noqa: T201  as above
    return 0


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m processors.omr.print", description=__doc__)
    parser.add_argument("reference", help="8 digits, which the batch will have")
    parser.add_argument("--output", type=Path, default=Path("sheets.pdf"), help="the PDF (sheets.pdf)")
    parser.add_argument("--names", type=Path, help="a text file: one student a line, number, comma, name")
    parser.add_argument("--copies", type=int, default=1, help="how many where there are no names (1)")
    parser.add_argument("--pages", type=int, default=1, help="pages of each student, 1 to 100 (1)")
    parser.add_argument("--template", type=Path, help="a template.json (the built-in sheet)")
    return parser.parse_args(arguments)


def read_template(path: Path) -> Template:
    """The template in a file. Raises ValueError."""
    return parse_template(orjson.loads(path.read_bytes()))


def read_names(path: Path) -> list[Student | None]:
    """The students of a list. Raises ValueError for one without a number."""
    students: list[Student | None] = []
    for number, line in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        id_, comma, name = line.partition(",")
        if not comma or not id_.strip():
            raise ValueError(f"Line {number} of the names is not a number, a comma and a name.")
        students.append(Student(id_.strip(), name.strip()))
    if len(students) > MAX_NAMES:
        raise ValueError(f"The list has {len(students):,} names; at most {MAX_NAMES:,} are printed.")
    return students


def print_sheets(
    output: Path, template: Template, reference: str, students: Sequence[Student | None], pages: int
) -> int:
    """Write the sheets of all students to `output`; how many there are. Raises ValueError."""
    if not REFERENCE.fullmatch(reference):
        raise ValueError("The reference is 8 digits.")
    if not 1 <= pages <= 100 or not 1 <= len(students) <= MAX_NAMES:
        raise ValueError(f"1 to 100 pages and 1 to {MAX_NAMES:,} copies are printed.")
    unit_mm = A4_WIDTH_MM / template.width
    count = 0
    with PdfWriter(output) as pdf:
        for student, page in _pages_of(students, pages):
            code = sheet_text(reference, student.number if student else None, page, pages)
            lines = [f"Reference {reference}" + (f", page {page} of {pages}" if pages > 1 else "")]
            lines.append(f"{student.number}  {student.name}" if student else "Name: ______________________________")
            pdf.add_page(draw_sheet(template, unit_mm, code, lines))
            count += 1
    return count


def _pages_of(students: Sequence[Student | None], pages: int) -> Iterator[tuple[Student | None, int]]:
    for student in students:
        for page in range(1, pages + 1):
            yield student, page


if __name__ == "__main__":
    sys.exit(main())
