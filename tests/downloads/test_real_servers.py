"""The same against nginx and Caddy: whole, paused and resumed, changed, empty, busy."""

import asyncio
import hashlib
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from downloads.bandwidth import Bandwidth
from tests.clients.programs import program_or_skip
from tests.downloads.conftest import Fetching
from tests.redis_server import free_port

CONTENT = b"".join(hashlib.sha256(bytes([number % 251, number // 251])).digest() for number in range(60_000))
CHANGED = CONTENT[::-1]
OLD = 1_735_689_600
START_SECONDS = 20


def nginx(folder: Path, port: int) -> list[str]:
    user = "user root;" if os.getuid() == 0 else ""
    rooms = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = " ".join(f"{room}_temp_path {folder}/{room};" for room in rooms)
    path = folder / "nginx.conf"
    path.write_text(
        f"{user} pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {places} types {{ text/plain txt; }} default_type application/octet-stream;\n"
        "gzip on; gzip_types *; limit_req_zone $binary_remote_addr zone=busy:1m rate=1r/s;\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/site;\n"
        "location /busy/ { limit_req zone=busy; alias " + f"{folder}/site/;" + " } } }\n"
    )
    return [program_or_skip("nginx"), "-p", str(folder), "-c", str(path), "-g", "daemon off;"]


def caddy(folder: Path, port: int) -> list[str]:
    path = folder / "Caddyfile"
    path.write_text(
        "{\n\tadmin off\n\tauto_https off\n}\n"
        f"http://127.0.0.1:{port} {{\n\troot * {folder}/site\n\tencode gzip zstd\n\tfile_server\n}}\n"
    )
    return [program_or_skip("caddy"), "run", "--adapter", "caddyfile", "--config", str(path)]


@asynccontextmanager
async def running(command: Callable[[Path, int], list[str]]) -> AsyncIterator[tuple[str, Path]]:
    """The server over a folder with files. Yields its address and the folder."""
    with tempfile.TemporaryDirectory(prefix="waybill-origin-") as name:
        folder, port = Path(name), free_port()
        site = folder / "site"
        site.mkdir()
        for file, content in (("large.txt", CONTENT), ("empty.bin", b"")):
            (site / file).write_bytes(content)
            os.utime(site / file, (OLD, OLD))
        home = {"HOME": name, "XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command(folder, port), stdout=log, stderr=log, env={**os.environ, **home})
        try:
            await _listening(process, port, folder / "log")
            yield f"http://127.0.0.1:{port}", site
        finally:
            process.kill()
            await asyncio.to_thread(process.wait)


async def _listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert process.poll() is None, log.read_text()
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def pause_in_the_middle(fetching: Fetching, url: str) -> int:
    """Fetch some of it, and cancel. Returns how many bytes came."""
    request = fetching.request(url, bandwidth=Bandwidth(1_000_000), chunk_bytes=50_000)
    task = asyncio.create_task(fetching.fetcher.fetch(request))
    async with asyncio.timeout(20):
        while request.meter.received_bytes < 100_000:  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.005)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return request.meter.received_bytes


@pytest.mark.parametrize("command", [nginx, caddy])
async def test_a_real_server_is_fetched_from_paused_and_resumed(
    fetching: Fetching, command: Callable[[Path, int], list[str]]
) -> None:
    async with running(command) as (address, site):
        url = f"{address}/large.txt"
        probed = await fetching.fetcher.probe(url, fetching.request("").options)
        assert (probed.total, probed.content_type, probed.is_resumable) == (len(CONTENT), "text/plain", True)
        assert (await fetching.fetcher.probe(f"{address}/empty.bin", fetching.request("").options)).total == 0

        had = await pause_in_the_middle(fetching, url)
        request = fetching.request(url)
        file = await fetching.fetcher.fetch(request)
        assert (await fetching.content(), file.sha256) == (CONTENT, hashlib.sha256(CONTENT).hexdigest())
        assert 0 < had < len(CONTENT)
        assert fetching.warnings == []
        assert file.modified_at is not None
        assert file.modified_at.timestamp() == OLD
        await fetching.fetcher.discard(request.key, request.folder)

        await pause_in_the_middle(fetching, url)
        (site / "large.txt").write_bytes(CHANGED)  # of the same length, at another time
        await fetching.fetch(url)
        assert await fetching.content() == CHANGED
        assert len(fetching.warnings) == 1
        await fetching.fetcher.discard(request.key, request.folder)

        assert (await fetching.fetch(f"{address}/empty.bin")).size_bytes == 0


async def test_nginx_that_is_too_busy_is_asked_again(fetching: Fetching) -> None:
    async with running(nginx) as (address, _site):
        for _ in range(4):
            await fetching.fetch(f"{address}/busy/large.txt", max_retries=20, retry_interval_seconds=0.02)
            await fetching.fetcher.discard("files/f3/file-1", fetching.folder)

    assert any("503" in message for message in fetching.warnings)
