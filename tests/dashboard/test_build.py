"""The built files are what the sources say."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.programs import NPM_CI, node_or_skip
from tests.dashboard.browser import FOLDER
from web.dashboard import DASHBOARD

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "frontend" / "dashboard"
LEFT_OUT = shutil.ignore_patterns("node_modules")
BUILD_SECONDS = 300


def contents_of(folder: Path, pattern: str = "**/*") -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.glob(pattern) if path.is_file()}


@pytest.mark.long
def test_the_committed_files_are_what_a_build_from_the_lock_file_makes(tmp_path: Path) -> None:
    node_or_skip(FOLDER)
    copy = tmp_path / "frontend" / "dashboard"
    shutil.copytree(SOURCES, copy, ignore=LEFT_OUT)
    shutil.copy(ROOT / "schema.graphql", tmp_path)
    for command in (NPM_CI, ("npm", "run", "build")):
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=BUILD_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr

    assert contents_of(copy, "src/**/*.generated.ts") == contents_of(SOURCES, "src/**/*.generated.ts")
    assert contents_of(tmp_path / "web" / "assets" / "dashboard") == contents_of(DASHBOARD)
