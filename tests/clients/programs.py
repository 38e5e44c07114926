"""Programs of other people that tests drive: Node with the packages of `package.json`, a browser, curl."""

import asyncio
import fcntl
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import skip_or_fail

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NPM_CI = (
    "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000",
)  # fmt: skip
NPM_SECONDS = 300
OLDEST_NODE = 20
ARIADNE_CODEGEN = (
    sys.executable, "-m", "uv", "run", "--quiet", "--no-config", "--no-project", "--python", sys.executable,
    "--with-requirements", str(FOLDER / "ariadne-codegen.lock"), "--",
)  # fmt: skip
"""Runs a program beside ariadne-codegen, in an environment that uv makes once: with .venv it agrees on no ruff."""
RUN_SECONDS = 180


@dataclass(frozen=True)
class Node:
    """Runs the scripts of a folder.

    Attributes:
        path: The program `node`.
        folder: Where the scripts and their packages are.
    """

    path: str
    folder: Path = FOLDER

    async def run(self, script: str, **options: Any) -> Any:
        """What `script` prints, as JSON; it finds `options` as JSON in its one argument. Cancelled, it is killed."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            self.path, str(self.folder / script), json.dumps(options), stdout=pipe, stderr=pipe
        )
        try:
            async with asyncio.timeout(RUN_SECONDS):
                printed, complaints = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode == 0, complaints.decode()
        return json.loads(printed)


def node_or_skip(folder: Path = FOLDER) -> Node:
    """Node, the packages of `folder` installed; without them the test is skipped, or fails; see `skip_or_fail`."""
    path = program_or_skip("node")
    program_or_skip("npm", "node")
    if (version := _version_of(path)) < OLDEST_NODE:
        skip_or_fail("node", f"This test needs node {OLDEST_NODE} or newer: this one is {version}.")
    if problem := _problem_of_packages(folder):
        lock = (folder / "package-lock.json").relative_to(ROOT)
        skip_or_fail("node", f"This test needs the packages of {lock}: {problem}")
    return Node(path, folder)


def program_or_skip(name: str, required_as: str = "", also: tuple[str, ...] = ()) -> str:
    """The path of the program `name`, or of one of `also`.

    Without one the test is skipped; it fails where WAYBILL_TEST_REQUIRE names it, or what it is `required_as`.
    """
    path = next(filter(None, map(shutil.which, (name, *also))), None)
    if path is None:
        skip_or_fail(required_as or name, f"This test needs {name}: install it.")
    return path


def ariadne_codegen_or_skip() -> tuple[str, ...]:
    """What a command begins with that needs ariadne-codegen; without its packages see `skip_or_fail`."""
    done = subprocess.run([*ARIADNE_CODEGEN, "true"], capture_output=True, text=True, check=False, timeout=NPM_SECONDS)
    if done.returncode:
        said = textwrap.shorten(done.stderr, 200)
        skip_or_fail("ariadne-codegen", f"This test needs the packages of tests/clients/ariadne-codegen.lock: {said}")
    return ARIADNE_CODEGEN


@functools.cache
def _version_of(node: str) -> int:
    """The major version of `node`, which prints for example v20.19.0."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.removeprefix("v").partition(".")[0])


@functools.cache
def _problem_of_packages(folder: Path) -> str:
    """Install the packages unless they are those of the lock file; what went wrong, empty where nothing did."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    with (folder / "package.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # another run of the tests may be installing
        if stamp.exists() and stamp.read_text() == wanted:
            return ""
        try:
            done = subprocess.run(NPM_CI, cwd=folder, capture_output=True, text=True, check=False, timeout=NPM_SECONDS)
        except subprocess.TimeoutExpired:
            return f"npm ci took longer than {NPM_SECONDS} s."
        if done.returncode:
            return f"npm ci ended with status {done.returncode}: {textwrap.shorten(done.stderr, 200)}"
        stamp.write_text(wanted)
    return ""
