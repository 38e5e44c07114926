"""Strangers at a running server: bounded load, short logs."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_plainly
from tests.databases import copied_sqlite
from tests.journeys.commands import run_server_command
from tests.wire import Wire, Wires

PER_ADDRESS = 40


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    environment = {"WAYBILL_WORKERS": "0", "WAYBILL_CONNECTIONS_PER_ADDRESS": str(PER_ADDRESS), "WAYBILL_PROT": "1"}
    async with ServerProcess(
        copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data"), environment
    ) as server:
        yield server


@pytest.fixture
async def wires(server: ServerProcess) -> AsyncIterator[Wires]:
    wires = Wires(int(server.base_url.rpartition(":")[2]))
    yield wires
    await wires.close()


async def is_healthy(wires: Wires) -> bool:
    wire = await wires.connect()
    await wire.request("GET", "/health", "Connection: close")
    status, _ = await wire.answer()
    wire.writer.close()
    return status == 200


async def until_logged(server: ServerProcess, before: int, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in server.output()[before:]:  # noqa: ASYNC110  a log offers nothing else to wait for
            await asyncio.sleep(0.01)


async def said(wire: Wire) -> bytes:
    return await asyncio.wait_for(wire.reader.read(), 30)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"CONNECT waybill.example:443 HTTP/1.1\r\nHost: waybill.example:443\r\n\r\n", b"405"),
        (b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"TRACE /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"405"),
        (b"PROPFIND / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"405"),
        (b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"404"),
    ],
)
async def test_a_head_that_is_not_served_ends_at_once_with_one_short_line(
    server: ServerProcess, wires: Wires, sent: bytes, status: bytes
) -> None:
    wire = await wires.connect()
    before = len(server.output())
    await wire.send(sent)
    answer = await said(wire)

    assert answer.split()[1] == status
    assert await is_healthy(wires)
    await until_logged(server, before, "/health ")
    line, _ = (line for line in server.output()[before:].splitlines() if "/ready " not in line)
    assert len(line) < 300


async def test_one_address_has_so_many_connections_and_each_other_one_is_refused_at_once(
    server: ServerProcess, wires: Wires
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(PER_ADDRESS):
            wire = await wires.connect()
            stack.callback(wire.writer.close)
        await asyncio.sleep(0.1)
        before = server.output().count("connections refused")
        for _ in range(200):
            wire = await wires.connect()
            assert (await said(wire)).startswith(b"HTTP/1.1 503 ")
            wire.writer.close()
        assert server.output().count("connections refused") <= before + 2
    while not await is_healthy_soon(wires):  # noqa: ASYNC110  a server elsewhere offers nothing to wait for
        await asyncio.sleep(0.02)


async def is_healthy_soon(wires: Wires) -> bool:
    """Connections that were closed a moment ago may still be counted."""
    try:
        return await is_healthy(wires)
    except OSError:
        return False


async def test_what_a_line_takes_of_a_callers_words_is_bounded(server: ServerProcess, wires: Wires) -> None:
    name, before = "Q" * 200_000, len(server.output())
    body = f'{{"query": "query {name} {{ __typename }}", "operationName": "{name}"}}'
    long = "x" * 30_000
    for method, path, lines, content in (
        ("POST", "/graphql", ("Content-Type: application/json", f"Content-Length: {len(body)}"), body),
        ("GET", f"/{long}", (f"User-Agent: {long}", f"X-Request-ID: {long}", f"X-Forwarded-For: {long}"), ""),
        ("GET", "/graphql", ("Connection: Upgrade", "Upgrade: websocket", f"Origin: https://{long}"), ""),
        ("POST", "/files/", ("Upload-Length: 5", f"Upload-Metadata: filename {long}"), ""),
        ("PATCH", f"/files/upload-1-{long}", ("Upload-Offset: 0",), ""),
        ("GET", f"/results/file-1/{long}?sig={long}", (), ""),
    ):
        wire = await wires.connect()
        await wire.request(method, path, *lines)
        await wire.send(content)
        await wire.answer()
        wire.writer.close()
    assert await is_healthy(wires)
    await until_logged(server, before, "/health ")
    written = server.output()[before:].splitlines()
    assert len(written) >= 6
    assert max(map(len, written)) < 3_000


async def test_a_mistyped_setting_is_told_at_the_start(server: ServerProcess) -> None:
    assert "Did you mean WAYBILL_PORT?" in server.output()


@pytest.mark.long
async def test_who_says_nothing_for_thirty_seconds_is_gone(wires: Wires) -> None:
    wire = await wires.connect()
    async with asyncio.timeout(45):
        assert await wire.reader.read() == b""


async def test_a_slash_too_many_opens_a_socket_as_well(wires: Wires) -> None:
    for path in ("/graphql", "/graphql/"):
        wire = await wires.connect()
        lines = ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
        protocol = "Sec-WebSocket-Protocol: graphql-transport-ws"
        await wire.request("GET", path, "Connection: Upgrade", "Upgrade: websocket", *lines, protocol)
        status, headers = await wire.answer()

        assert (status, headers["sec-websocket-protocol"]) == (101, "graphql-transport-ws")


@pytest.fixture
def _nothing_is_masked() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.long
@pytest.mark.usefixtures("_nothing_is_masked")
async def test_all_that_a_server_writes_is_for_its_user_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("something")
    data_dir = tmp_path / "data"
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "1"}) as server, Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        await send_plainly(waybill, tmp_path / "a.txt")
        assert (await run_server_command(data_dir, "--backup", str(tmp_path / "backup"))).code == 0
    written = [path for folder in (data_dir, tmp_path / "backup") for path in folder.rglob("*")]

    assert {"waybill.sqlite3", "secret_key", "lock"} <= {path.name for path in written}
    assert any("upload-" in str(path) for path in written)
    assert [path for path in written if path.stat().st_mode & 0o077] == []
