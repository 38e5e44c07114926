"""The downloads of docs/clients.md, run as they stand there."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.clients.programs import FOLDER, Node
from tests.clients.test_documented_clients import write_examples
from tests.databases import copied_sqlite
from tests.downloads.servers_for_tests import Origin, Paced, serving


@pytest.fixture
async def fetching_server(tmp_path: Path, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    settings = {"WAYBILL_WORKERS": "1", "WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true"}
    async with ServerProcess(copied_sqlite(migrated_file, tmp_path / "data"), settings) as server:
        yield server


async def test_a_page_starts_watches_and_links_downloads(
    node: Node, fetching_server: ServerProcess, tmp_path: Path
) -> None:
    folder = tmp_path / "page"
    folder.mkdir()
    write_examples(folder)
    (folder / "documented_downloads.mjs").write_bytes((FOLDER / "documented_downloads.mjs").read_bytes())
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    server = fetching_server
    async with serving(Origin(os.urandom(2**21), change=Paced(0.05))) as origin, serving(Origin(b"short")) as other:
        urls = [origin.url("/film.zip"), "ftp://example.org/a", other.url("/short.zip")]
        seen = await node.run(
            str(folder / "documented_downloads.mjs"),
            waybill=server.base_url,
            username=server.admin_name,
            password=server.admin_password,
            urls=urls,
            options={"onDuplicate": "DOWNLOAD"},
        )

        assert seen["errors"] == [[urls[1], "URL_NOT_ALLOWED"]]
        assert [one["url"] for one in seen["downloads"]] == [urls[0], urls[2]]
        async with Waybill(server.base_url) as waybill:
            for one, served in zip(seen["downloads"], (origin, other), strict=True):
                assert (one["last"]["status"], one["last"]["progress"]["percentage"]) == ("COMPLETED", 100)
                (file,) = one["files"]
                assert file["sha256"] == hashlib.sha256(served.content).hexdigest()
                assert await waybill.fetch(file["url"]) == served.content
    states = seen["downloads"][0]["states"]
    assert any(state["activeItems"] and state["hosts"] for state in states)
    assert (states[-1]["activeItems"], states[-1]["hosts"]) == ([], [])
    assert seen["warnings"] == []
