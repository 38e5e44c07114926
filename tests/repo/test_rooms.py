"""The tree in the README equals the folders, and the rooms keep what the README says about them."""

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


def tree_of_readme() -> set[str]:
    """Names in the fenced listing of the README that begins with server.py; those of folders end in a slash."""
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", (ROOT / "README.md").read_text())
    tree = next(block for block in blocks if block.startswith("server.py"))
    named: set[str] = set()
    for line in tree.splitlines():
        names = re.match(r"[\w.-]+\.\w+(?=\s)|(?:[\w.-]+/(?:\s+|$))+", line)
        named.update(names[0].split() if names else ())
    return named


def test_every_folder_and_program_is_in_the_tree_of_the_readme() -> None:
    folders = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}
    programs = {path.name for path in ROOT.glob("*.py")}

    assert (folders - {f"{name}/" for name in NOT_PROJECT}) | programs <= tree_of_readme()


def test_everything_in_the_tree_of_the_readme_exists() -> None:
    assert {name for name in tree_of_readme() if not (ROOT / name).exists()} == set()


def test_import_linter_looks_at_every_room() -> None:
    assert sorted(SETTINGS["root_packages"]) == ROOMS


@pytest.mark.parametrize(("contract", "free"), [("http", {"client", "web"}), ("outside", {"client"})])
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
