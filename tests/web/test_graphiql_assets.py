"""The committed GraphiQL page: whole, small, without other hosts."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

PAGE_FOLDER = Path(__file__).parents[2] / "web" / "assets" / "graphiql"
PAGE = PAGE_FOLDER / "index.html"
ASSETS = sorted((PAGE_FOLDER / "assets").iterdir())
MAX_TOTAL_BYTES = 5 * 1024 * 1024
HASHED_NAME = re.compile(r"[\w.-]+-[\w-]{8}\.(js|css|ttf)")

REMOTE = r"\s*[\"'`]?\s*(?:https?:|wss?:)?//"
REMOTE_IN_HTML = re.compile(rf"\b(?:src|srcset|href|action|data)\s*={REMOTE}", re.IGNORECASE)
REMOTE_IN_CSS = re.compile(rf"(?:\burl\(|@import){REMOTE}", re.IGNORECASE)
REMOTE_IN_SCRIPT = re.compile(
    rf"\b(?:import\(|import\s|from\s?(?=[\"'`])|importScripts\(|fetch\(|new (?:Shared)?Worker\(|new WebSocket\(|"
    rf"new EventSource\(|new URL\(|\.open\([\"'`]\w+[\"'`],|\.src=|\.href=){REMOTE}"
)
QUOTED_ASSET = re.compile(r"[\"'`](?:\./|assets/)?([\w.-]+-[\w-]{8}\.(?:js|css|ttf))[\"'`]")
ASSET_IN_CSS = re.compile(r"url\([\"']?(?:\./)?([\w.-]+)[\"']?\)")


def test_every_file_that_the_page_names_is_in_its_assets_folder() -> None:
    named = re.findall(r"(?:src|href)=\"(?!data:)([^\"]+)\"", PAGE.read_text())

    assert {url.rpartition("/")[0] for url in named} == {"./graphql/assets"}
    assert {url.rpartition("/")[2] for url in named} <= {asset.name for asset in ASSETS}


def test_every_file_that_an_asset_names_is_beside_it() -> None:
    names = {asset.name for asset in ASSETS}
    for asset in ASSETS:
        if asset.suffix == ".ttf":
            continue
        pattern = ASSET_IN_CSS if asset.suffix == ".css" else QUOTED_ASSET
        assert set(pattern.findall(asset.read_text())) <= names, asset.name


def test_no_file_is_left_over_from_an_earlier_build() -> None:
    texts = [PAGE.read_text(), *(asset.read_text() for asset in ASSETS if asset.suffix != ".ttf")]

    assert [asset.name for asset in ASSETS if not any(asset.name in text for text in texts)] == []


def test_asset_names_carry_a_hash_so_that_they_may_be_cached_for_ever() -> None:
    assert [asset.name for asset in ASSETS if not HASHED_NAME.fullmatch(asset.name)] == []


def test_page_runs_no_inline_script() -> None:
    page = PAGE.read_text()

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", page) == []
    assert re.findall(r"\son\w+\s*=", page) == []


def test_nothing_is_fetched_from_another_host() -> None:
    patterns = {".html": REMOTE_IN_HTML, ".css": REMOTE_IN_CSS, ".js": REMOTE_IN_SCRIPT}
    found = {
        file.name: matches
        for file in [PAGE, *ASSETS]
        if file.suffix in patterns and (matches := patterns[file.suffix].findall(file.read_text()))
    }

    assert found == {}


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REMOTE_IN_HTML, '<script src="https://cdn.example/x.js">'),
        (REMOTE_IN_HTML, '<link href="//cdn.example/x.css">'),
        (REMOTE_IN_CSS, "url(https://fonts.example/a.woff2)"),
        (REMOTE_IN_CSS, '@import "https://fonts.example/a.css"'),
        (REMOTE_IN_SCRIPT, "import(`https://esm.example/x`)"),
        (REMOTE_IN_SCRIPT, 'import x from "https://esm.example/x"'),
        (REMOTE_IN_SCRIPT, 'fetch("https://telemetry.example")'),
        (REMOTE_IN_SCRIPT, "new Worker('//cdn.example/w.js')"),
    ],
)
def test_the_search_for_other_hosts_would_find_one(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_scripts_need_no_unsafe_eval() -> None:
    found = [
        asset.name
        for asset in ASSETS
        if asset.suffix == ".js" and re.search(r"(?<![\w.$])(?:eval|new Function)\(", asset.read_text())
    ]

    assert found == []


def test_page_and_assets_stay_below_five_mebibytes_without_source_maps() -> None:
    files = [file for file in PAGE_FOLDER.rglob("*") if file.is_file()]

    assert sum(file.stat().st_size for file in files) < MAX_TOTAL_BYTES
    assert [file.name for file in files if file.suffix == ".map"] == []


def test_lock_file_names_no_registry_but_the_public_one() -> None:
    lock = (Path(__file__).parents[2] / "web" / "graphiql" / "package-lock.json").read_text()
    hosts = {urlsplit(url).hostname for url in re.findall(r'"resolved": "([^"]+)"', lock)}

    assert hosts <= {"registry.npmjs.org"}
