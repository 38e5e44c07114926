"""Pages for people: paths and headings that they name exist, and sentences begin with their subject."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose_of(page: Path) -> str:
    """The text of a page without its blocks of code."""
    return re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8"))


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose_of(page))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@by_page
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    named = [path for path in re.findall(r"`([a-z_]+/[\w./-]*)`", prose_of(page)) if path.split("/")[0] in ROOMS]

    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_name_in_the_table_of_places_is_defined_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    places = re.findall(r"`([a-z_/]+\.py)`: ((?:`\w+`(?:, )?)+)", page)

    assert len(places) > 20
    for path, names in places:
        for name in re.findall(r"\w+", names):
            assert re.search(rf"(?m)^ *(?:(?:async )?def|class) {name}\b", (ROOT / path).read_text("utf-8")), name


def test_the_index_of_decisions_has_each_once_with_its_number_and_title() -> None:
    folder = ROOT / "docs" / "decisions"
    rows = re.findall(r"(?m)^\| (\d+) \| \[(.+?)\]\((.+?)\) \|$", (folder / "README.md").read_text("utf-8"))
    pages = sorted(folder.glob("0*.md"))
    headings = [page.read_text("utf-8").splitlines()[0] for page in pages]

    assert [f"# {number}. {title}" for number, title, _name in rows] == headings
    assert [name for *_, name in rows] == [page.name for page in pages]
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))


@by_page
def test_every_link_to_a_heading_finds_one(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text("utf-8")):
        assert anchor in anchors_of(page.parent / target if target else page), f"{target}#{anchor}"


@by_page
def test_no_sentence_begins_with_a_question_word_that_asks_nothing(page: Path) -> None:
    found = re.findall(r"(?m)(?:^(?:- )?|[.!?:] |\*\*)((?:What|Who|Whether) [^\n]*)", prose_of(page))

    assert found == []


@by_page
def test_headings_of_a_page_go_down_one_level_at_a_time(page: Path) -> None:
    levels = [len(marks) for marks in re.findall(r"(?m)^(#+) ", prose_of(page))]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
