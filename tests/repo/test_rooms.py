"""The tree in docs/architecture.md, against the folders and imports."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAMS = {"server", "worker", "dev"}
NOT_PROJECT = {"data", "node_modules", "__pycache__"}
"""Folders that running the project leaves; git ignores them."""
ROOMS = sorted({path.parent.name for path in ROOT.glob("*/__init__.py")} - {"benchmarks"})
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def holds_files(path: Path) -> bool:
    """A folder, and not what a folder that was moved away leaves behind: caches alone."""
    return path.is_dir() and any(file.is_file() and file.parent.name not in NOT_PROJECT for file in path.rglob("*"))


def documented_tree() -> set[str]:
    """Names in the fenced listing of docs/architecture.md that begins with server.py; those of folders end in a slash."""
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", (ROOT / "docs" / "architecture.md").read_text())
    tree = next(block for block in blocks if block.startswith("server.py"))
    named: set[str] = set()
    for line in tree.splitlines():
        names = re.match(r"[\w.-]+\.\w+(?=\s)|(?:[\w.-]+/(?:\s+|$))+", line)
        named.update(names[0].split() if names else ())
    return named


def test_every_folder_and_program_is_in_the_documented_tree() -> None:
    folders = {f"{path.name}/" for path in ROOT.iterdir() if not path.name.startswith(".") and holds_files(path)}
    programs = {path.name for path in ROOT.glob("*.py")}

    assert (folders - {f"{name}/" for name in NOT_PROJECT}) | programs <= documented_tree()


def test_everything_in_the_documented_tree_exists() -> None:
    assert {name for name in documented_tree() if not (ROOT / name).exists()} == set()


def test_import_linter_looks_at_every_room() -> None:
    assert sorted(SETTINGS["root_packages"]) == ROOMS


@pytest.mark.parametrize(("contract", "free"), [("http", {"app", "client", "web"}), ("outside", {"client"})])
def test_contracts_leave_no_room_out(contract: str, free: set[str]) -> None:
    rule = next(rule for rule in SETTINGS["contracts"] if rule["id"] == contract)

    assert set(rule["source_modules"]) == set(ROOMS) - free


def test_nobody_imports_a_program() -> None:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            assert imported_by(path).isdisjoint(PROGRAMS), path


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "models"])
def test_the_init_file_of_a_room_is_one_docstring(room: str) -> None:
    body = ast.parse((ROOT / room / "__init__.py").read_text()).body

    assert len(body) == 1
    assert ast.get_docstring(ast.Module(body, []))


def imported_by(path: Path) -> set[str]:
    """Top-level names that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names
