"""The package of docs/processors.md, packed as a wheel."""

import re
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "processors.md").read_text("utf-8")
_BLOCK = re.compile(r"```(?:python|toml)\n# ([\w./]+)[^\n]*\n(.*?)```", re.DOTALL)
_WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def documented_files() -> dict[str, str]:
    """What each file of the page holds, by the path in its first line."""
    found = dict[str, str](_BLOCK.findall(PAGE))
    assert {"wordcount/kind.py", "wordcount/processor.py", "pyproject.toml"} <= set(found)
    return found


def documented_wheel(folder: Path) -> Path:
    """A wheel of the package `wordcount` as the page has it."""
    files = documented_files()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    modules = {path: text for path, text in files.items() if path.startswith("wordcount/")}
    return make_wheel(folder, project["name"], project["version"], modules, project["entry-points"])


def make_wheel(
    folder: Path, name: str, version: str, files: Mapping[str, str], entry_points: Mapping[str, Mapping[str, str]]
) -> Path:
    """A wheel (Binary Distribution Format 1.0) of `files` with `entry_points` by group; pip installs it without a network."""
    groups = [
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in of.items())
        for group, of in entry_points.items()
    ]
    info = f"{name}-{version}.dist-info"
    parts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": _WHEEL,
        f"{info}/entry_points.txt": "\n".join(groups),
    }
    record = "".join(f"{path},,\n" for path in [*parts, f"{info}/RECORD"])
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**parts, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return wheel
