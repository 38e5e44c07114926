"""Words that the glossary replaced: no name, file, page, log line or docstring has them any more."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SKIPPED = {"node_modules", "__pycache__", "data", "migrations"}
TEXTS = {".py", ".md", ".mjs", ".sh", ".toml", ".conf", ".service"}

PARTS_OF_NAMES = {
    "ChildCall", "Children", "ChildrenClosed", "Seat",
    "blow", "blows", "courier", "desk", "duties", "duty", "farewell", "floor", "gate", "patiently", "permit",
    "permitted", "retell", "retelling", "retold", "shelf", "shop", "sparing", "strays", "tallies", "turnstile",
    "workshop",
}  # fmt: skip
"""Words of which no name that is defined here, and no file, is made: `shop` is neither `shop` nor `open_shop` nor `ShopFloor`."""
NAMES = {
    "Courier", "Door", "Ending", "Gate", "GraphQLApp", "Hold", "House", "JoinedFiles", "Lane", "Letters", "Means",
    "Places", "Ruler", "Shelf", "StoredBlob", "TakeOver", "Throttle", "Turns", "_Notes", "arrivals",
    "call_when_asked", "choose_job", "choosing", "find_processor", "free_claim", "free_slices", "front", "gathered",
    "give_back", "has_news", "has_room", "lack_of_room", "list_processors", "made_postgres", "made_sqlite",
    "move_job", "move_locked", "moves", "note_code", "note_refusal", "note_refused_fields", "observed", "on_duty",
    "once_reachable", "open_writer", "outgoing", "outgoing_session", "permit_delivery", "permit_work", "places_for",
    "purging", "put_again", "recover_turns", "redis_tallies", "rest_items", "running_deliveries", "say_stopped",
    "settings_check", "settled", "start_waiting_jobs", "steadily", "steady_caller", "storable", "storable_json",
    "storable_result", "take_back", "take_over", "take_turn", "take_up", "tell_nobody",
}  # fmt: skip
"""Whole names, where their words are good English elsewhere."""
ANYWHERE = {"courier", "couriers", "retelling", "strays", "turnstile", "workshop"}
"""Words that no sentence needs either."""


@cache
def files() -> list[Path]:
    """Everything that a person wrote here, but this list."""
    rooms = [path for path in ROOT.iterdir() if path.name not in SKIPPED and not path.name.startswith(".")]
    found = [each for path in rooms for each in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(
        path for path in found if path.suffix in TEXTS and SKIPPED.isdisjoint(path.parts) and path != Path(__file__)
    )


def words_of(name: str) -> set[str]:
    """`take_turn` and `TakeTurn` as their words."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def defined_in(path: Path) -> Iterator[str]:
    """Every name that a Python file gives to something."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)):
                yield name


def quoted_in(path: Path) -> Iterator[str]:
    """Every name between backticks that is more than one word: single ones may be English, or an example."""
    for quoted in re.findall(r"`([^`\n]+)`", path.read_text("utf-8")):
        yield from (name for name in re.findall(r"\w+", quoted) if name in NAMES or len(words_of(name)) > 1)


def retired(names: Iterator[str]) -> set[str]:
    """Those of the names that are retired."""
    return {name for name in names if name in NAMES or words_of(name) & PARTS_OF_NAMES}


@pytest.mark.parametrize("room", sorted({path.relative_to(ROOT).parts[0] for path in files()}))
def test_no_retired_word_is_used(room: str) -> None:
    inside = [path for path in files() if path.relative_to(ROOT).parts[0] == room]
    for path in inside:
        assert retired(iter(path.relative_to(ROOT).with_suffix("").parts)) == set(), path
        assert retired(quoted_in(path)) == set(), path
        if path.suffix == ".py":
            assert retired(defined_in(path)) == set(), path
        found = {word.lower() for word in re.findall(r"[A-Za-z]+", path.read_text("utf-8"))}
        assert found & ANYWHERE == set(), path


def test_a_retired_word_is_found_in_names_that_are_given_and_not_in_those_of_libraries(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("import math\n\nclass ShopFloor:\n    def open(self, desk_id): return math.floor(desk_id)\n")

    assert retired(defined_in(path)) == {"ShopFloor", "desk_id"}
    path.write_text("Ask the shop for `open_shop`, not for `shop.example`.")
    assert retired(quoted_in(path)) == {"open_shop"}
