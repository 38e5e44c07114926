"""An nginx with the files to fetch, fast or late to answer."""

import asyncio
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

DELAY_SECONDS = 0.02
MIB = 2**20
_CONFIGURATION = """
{user} pid {folder}/pid; error_log stderr crit; worker_processes 1; events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; keepalive_requests 100000; default_type application/octet-stream;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    upstream waiting {{ server 127.0.0.1:{delay_port}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port}; root {folder}/site; autoindex on;
        location /slow/ {{ alias {folder}/site/; auth_request /wait; }}
        location = /wait {{
            internal; proxy_pass http://waiting; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_pass_request_body off; proxy_set_header Content-Length "";
        }}
    }}
}}
"""
"""Whoever asks below /slow/ waits until another server has answered: the path of the bytes stays the same."""


def write_files(site: Path, large_bytes: int, small: int, small_bytes: int, listings: int) -> None:
    """One large file and many small ones, of bytes that look random; the small ones also over so many folders."""
    site.mkdir()
    dice = random.Random(1)
    with (site / "large").open("wb") as file:
        for _ in range(0, large_bytes, MIB):
            file.write(dice.randbytes(MIB))
    for number in range(small):
        (site / f"small-{number}").write_bytes(dice.randbytes(small_bytes))
    for number in range(listings):
        folder = site / f"listing-{number}"
        folder.mkdir()
        for place in range(number, small, listings):
            (folder / f"small-{place}").hardlink_to(site / f"small-{place}")
    os.sync()


@asynccontextmanager
async def running_nginx(folder: Path) -> AsyncIterator[str]:
    """The server over `folder/site`. Yields its address."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        sys.exit("downloads: install nginx to run this benchmark.")
    port, delay_port = free_port(), free_port()
    user = "user root;" if os.getuid() == 0 else ""
    path = folder / "nginx.conf"
    text = _CONFIGURATION.format(user=user, folder=folder, port=port, delay_port=delay_port)
    await asyncio.to_thread(path.write_text, text)
    waiting = await asyncio.start_server(_wait, "127.0.0.1", delay_port)
    command = [program, "-p", str(folder), "-c", str(path), "-g", "daemon off;"]
    async with waiting:
        process = subprocess.Popen(command)  # noqa: ASYNC220  it is started once
        try:
            await _listening(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            await asyncio.to_thread(process.wait)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def _wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(DELAY_SECONDS)
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    writer.close()


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)
