"""Plans of downloads over GraphQL: servers are asked, nothing is stored, and it ends in time."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from base.words import Role
from tests.databases import read_tables
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving
from tests.web_app import App, Person, opened_app

PLAN = """query ($url: String!, $options: DownloadOptionsInput) {
  planDownload(url: $url, options: $options) { url name contentType size willDownload reason } }"""
PAGE = b"""<html><body><a href="one.bin">1</a> <img src="/two.png"> <a href="gone.bin">3</a>
<a href="page.html">more</a> <a href="mailto:a@example.org">mail</a></body></html>"""


@pytest.fixture
async def app(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    async with opened_app(tmp_path, empty_database, download_allow_private=True) as app:
        yield app


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    async with serving(Origin(content=bytes(700))) as origin:
        yield origin


def page_at(path: str) -> Any:
    """A page at `path`, nothing at whatever says gone, and the file elsewhere."""

    def changed(asked: Asked, reply: Reply) -> Reply:
        if "gone" in asked.target:
            return Reply(404, [("Content-Length", "0")])
        if asked.target != path:
            return reply
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(PAGE)))]
        return Reply(200, headers, PAGE)

    return changed


async def plan(app: App, person: Person, url: str, **options: Any) -> list[dict[str, Any]]:
    files: list[dict[str, Any]] = (await app.data(PLAN, person, url=url, options=options))["planDownload"]
    return files


async def test_a_file_is_told_with_what_its_server_says_and_nothing_is_stored(app: App, origin: Origin) -> None:
    person = await app.person()
    before = await read_tables()
    url = origin.url("/a.bin")

    assert await plan(app, person, url) == [
        {
            "url": url, "name": "a.bin", "contentType": "application/octet-stream", "size": 700, "willDownload": True,
            "reason": None,
        }
    ]  # fmt: skip
    assert await read_tables() == before
    assert {asked.range for asked in origin.asked} == {"bytes=0-0"}


async def test_a_page_stands_for_its_files_and_each_that_stays_away_has_a_reason(app: App, origin: Origin) -> None:
    origin.change = page_at("/list")

    files = await plan(app, await app.person(), origin.url("/list"), includeImages=False)

    told = {file["name"]: (file["size"], file["willDownload"], bool(file["reason"])) for file in files}
    assert told["one.bin"] == (700, True, False)
    assert told["two.png"] == (None, False, True)
    assert told["gone.bin"] == (None, False, True)
    assert all(file["willDownload"] is (file["reason"] is None) for file in files)
    assert len(files) <= 4


async def test_options_decide_as_they_do_for_the_download(app: App, origin: Origin) -> None:
    person = await app.person()

    (small,) = await plan(app, person, origin.url("/a.bin"), minFileSize=701)
    (late,) = await plan(app, person, origin.url("/a.bin"), dateFrom="2026-01-01T00:00:00Z")
    (fits,) = await plan(app, person, origin.url("/a.bin"), maxFileSize=700)

    assert (small["willDownload"], small["reason"]) == (False, "The file is smaller than minFileSize (701 B).")
    assert (late["willDownload"], late["reason"]) == (False, "The file changed before dateFrom.")
    assert fits["willDownload"]


async def test_credentials_and_headers_go_to_the_server_and_into_no_answer(app: App, origin: Origin) -> None:
    url = origin.url("/a.bin").replace("http://", "http://me:hunter2@")
    headers = [{"name": "X-Api-Key", "value": "s3cr3t-value"}]

    (file,) = await plan(app, await app.person(), url, headers=headers)

    assert file["url"] == origin.url("/a.bin")
    assert {asked.headers["X-Api-Key"] for asked in origin.asked} == {"s3cr3t-value"}
    assert all(asked.headers["Authorization"].startswith("Basic ") for asked in origin.asked)


@pytest.mark.parametrize(
    ("url", "options", "code"),
    [
        ("nonsense", {}, "BAD_INPUT"),
        ("ftp://example.org/", {}, "URL_NOT_ALLOWED"),
        ("https://example.org/", {"maxRetries": -1}, "BAD_INPUT"),
        ("http://127.0.0.1:1/list", {}, "DOWNLOAD_FAILED"),
    ],
)
async def test_what_cannot_be_planned_is_refused(app: App, url: str, options: dict[str, Any], code: str) -> None:
    assert (await app.ask(PLAN, await app.person(), url=url, options=options)).code == code


async def test_addresses_that_are_not_public_are_refused_and_workers_plan_nothing(
    tmp_path: Path, empty_database: Path
) -> None:
    (tmp_path / "other").mkdir()
    async with opened_app(tmp_path / "other", empty_database) as app:
        person, worker = await app.person(), await app.person(Role.WORKER)
        assert (await app.ask(PLAN, person, url="http://127.0.0.1/")).code == "URL_NOT_ALLOWED"
        assert (await app.ask(PLAN, person, url="http://localhost/list")).code == "URL_NOT_ALLOWED"
        assert (await app.ask(PLAN, worker, url="https://example.org/")).code == "FORBIDDEN"
