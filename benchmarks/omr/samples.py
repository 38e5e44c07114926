"""Other people's sheets and codes, beside what they are known to say.

A folder of sheets has a template.json above its pictures, and for all of them an expected.json: columns by picture. A
folder of codes has a text file beside each picture, of the same name. Neither is part of this repository.

    python -m benchmarks.omr.samples folder
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from base.errors import Refusal
from processors.omr.pages.documents import open_document
from processors.omr.pages.pictures import Grey
from processors.omr.reading.codes import read_codes
from processors.omr.reading.registration import NotRegistered
from processors.omr.reading.sheet import read_sheet
from processors.omr.results.columns import column_values
from processors.omr.template.parsing import parse_template

UNREDUCED = 12_000


def main() -> None:
    """Print each picture with what differs, and the totals."""
    folder = Path(sys.argv[1])
    for path in sorted(folder.rglob("expected.json")):
        try_sheets(path.parent, orjson.loads(path.read_bytes()))
    try_codes(folder)


def try_sheets(folder: Path, expected: dict[str, dict[str, str]]) -> None:
    """Print how many columns of the sheets are as expected; of the others, which were flagged."""
    seen = right = noticed = flagged = 0
    for name, wanted in expected.items():
        try:
            values, doubtful = columns_of(folder / name, folder)
        except (Refusal, NotRegistered, ValueError) as error:
            print(f"{name}: not read: {error}")
            continue
        known = {column: value for column, value in wanted.items() if column in values}
        other = {column for column, value in known.items() if values[column] != value}
        seen, right, flagged = seen + len(known), right + len(known) - len(other), flagged + len(doubtful & set(known))
        noticed += len(other & doubtful)
        shown = (
            ", ".join(f"{column} {values[column]!r} for {known[column]!r}" for column in sorted(other)) or "as expected"
        )
        print(f"{name}: {shown}; flagged: {', '.join(sorted(doubtful)) or 'none'}")
    print(f"sheets: {right} of {seen} columns as expected, {noticed} of the others flagged; {flagged} flagged in all")


def columns_of(path: Path, root: Path) -> tuple[dict[str, str], set[str]]:
    """The columns of a sheet, and those that are to be looked at. Raises Refusal, NotRegistered, ValueError."""
    template = parse_template(template_above(path, root))
    sheet = read_sheet(page_of(path), template)
    doubtful = {name for name, labels in template.columns.items() if not set(labels).isdisjoint(sheet.doubtful)}
    return column_values(template, sheet.fields), doubtful


def template_above(path: Path, root: Path) -> dict[str, Any]:
    """The template.json nearest above `path`."""
    folder = next(above for above in path.parents if (above / "template.json").exists() or above == root)
    given: dict[str, Any] = orjson.loads((folder / "template.json").read_bytes())
    return given


def page_of(path: Path, *sides: int) -> Grey:
    with open_document(path) as document:
        return document.read_page(0, *sides)


def try_codes(folder: Path) -> None:
    """Print which codes were not read as their texts say."""
    found = count = 0
    for picture, text in codes_in(folder):
        count += 1
        texts = [code.text for code in read_codes(page_of(picture)) or read_codes(page_of(picture, UNREDUCED))]
        is_right = " ".join(text.split()) in {" ".join(read.split()) for read in texts}
        found += is_right
        if not is_right:
            print(f"{picture.name}: {texts or 'no code'}")
    print(f"codes: {found} of {count} read as their texts say")


def codes_in(folder: Path) -> Iterator[tuple[Path, str]]:
    """Pictures with their texts."""
    for text in sorted(folder.rglob("*.txt")):
        for picture in (path for path in sorted(text.parent.glob(f"{text.stem}.*")) if path != text):
            if picture.suffix in {".webp", ".png", ".jpg"}:
                yield picture, text.read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
