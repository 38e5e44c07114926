"""The committed dashboard: whole, small, without other hosts."""

import gzip
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from web.dashboard import DASHBOARD

ROOT = Path(__file__).parents[2]
PAGE = (DASHBOARD / "index.html").read_text(encoding="utf-8")
FILES = {path.name: path for path in sorted((DASHBOARD / "assets").iterdir())}
FIRST_SCREEN_BYTES = 350_000
HASHED_NAME = re.compile(r"[\w.-]+-[\w-]{8}\.(js|css|svg)")
STATIC_IMPORT = re.compile(r"(?:from|import)\s*[\"'`]\./([\w.-]+\.js)[\"'`]")
DEPENDENCY = re.compile(r"[\"'`](?:\./|\.\./|assets/)?([\w.-]+-[\w-]{8}\.(?:js|css))[\"'`]")
FIRST_PAGE = "JobsPage"


def text_of(name: str) -> str:
    return FILES[name].read_text(encoding="utf-8")


def with_imports(names: set[str]) -> set[str]:
    """`names` and all that they import before they run."""
    found: set[str] = set()
    while left := names - found:
        found |= left
        names = found | {
            imported for name in left if name.endswith(".js") for imported in STATIC_IMPORT.findall(text_of(name))
        }
    return found


def test_the_first_screen_takes_at_most_350_kilobytes_compressed() -> None:
    named = {url.rpartition("/")[2] for url in re.findall(r"(?:src|href)=\"\./assets/([^\"]+)\"", PAGE)}
    pages = {name for name in FILES if name.startswith(FIRST_PAGE)}
    first = with_imports(named | pages)

    assert pages
    assert sum(len(gzip.compress(FILES[name].read_bytes(), 6)) for name in first) <= FIRST_SCREEN_BYTES


def test_every_file_that_is_named_is_there() -> None:
    in_page = set(re.findall(r"(?:src|href)=\"\./assets/([^\"]+)\"", PAGE))
    in_scripts = {name for file in FILES if file.endswith(".js") for name in DEPENDENCY.findall(text_of(file))}

    assert in_page
    assert in_page | in_scripts <= set(FILES)


def test_no_file_is_left_over_from_an_earlier_build() -> None:
    texts = [PAGE, *(text_of(name) for name in FILES)]

    assert [name for name in FILES if not any(name in text for text in texts)] == []


def test_names_carry_a_hash_so_that_they_may_be_kept_for_ever() -> None:
    assert [name for name in FILES if not HASHED_NAME.fullmatch(name)] == []


def test_the_page_runs_no_inline_script_and_has_no_inline_style() -> None:
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", PAGE) == []
    assert re.findall(r"<style|\sstyle=|\son\w+\s*=", PAGE) == []


def test_nothing_is_fetched_from_another_host() -> None:
    remote = re.compile(
        r"(?:\b(?:src|href)=|url\(|@import|\bimport\(|\bfrom|fetch\(|new (?:Worker|WebSocket|EventSource)\()\s*[\"'`]?(?:https?:|wss?:)?//"
    )

    assert {name: found for name in FILES if (found := remote.findall(text_of(name)))} == {}
    assert remote.findall(PAGE) == []


def test_there_are_no_source_maps() -> None:
    assert [path.name for path in DASHBOARD.rglob("*.map")] == []


@pytest.mark.parametrize("folder", ["frontend/dashboard", "tests/dashboard"])
def test_lock_files_name_no_registry_but_the_public_one(folder: str) -> None:
    lock = (ROOT / folder / "package-lock.json").read_text()
    hosts = {urlsplit(url).hostname for url in re.findall(r'"resolved": "([^"]+)"', lock)}

    assert hosts <= {"registry.npmjs.org"}
