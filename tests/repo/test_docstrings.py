"""Module docstrings: one noun phrase or imperative first, then the reason."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {"node_modules", "__pycache__", "data", "migrations"}
MAX_WORDS = 12
ROOMS = [path for path in sorted(ROOT.iterdir()) if not path.name.startswith(".") and path.suffix in {"", ".py"}]


def modules_in(place: Path) -> list[Path]:
    """The modules of a room, or the program at the root."""
    found = [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))
    return [path for path in found if SKIPPED.isdisjoint(path.parts)]


def opening_of(docstring: str) -> str:
    """The text up to the first full stop, colon or semicolon."""
    return re.split(r"[.:;](?=\s|$)", " ".join(docstring.split()), maxsplit=1)[0]


@pytest.mark.parametrize("place", [place for place in ROOMS if modules_in(place)], ids=lambda place: place.name)
def test_a_module_opens_with_a_short_phrase(place: Path) -> None:
    for path in modules_in(place):
        docstring = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        if docstring is None:
            assert path.is_relative_to(ROOT / "tests"), path
            continue
        assert len(opening_of(docstring).split()) <= MAX_WORDS, path
        assert re.match(r"(What|Who|Whether|Which|How|Where|When|That)\b", docstring) is None, path
        assert re.search(r"[.!?:]\s+(What|Who|Whether)\b", docstring) is None, path


def test_the_opening_of_a_docstring_ends_at_its_first_stop() -> None:
    assert opening_of("Rate limits, counted\nin memory: by address.") == "Rate limits, counted in memory"
    assert opening_of("Read .xlsx and .ods with calamine.\n\nMore.") == "Read .xlsx and .ods with calamine"
