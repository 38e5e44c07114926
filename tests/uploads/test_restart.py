"""Killed servers, and uploads that go on by tuspy."""

import io
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tusclient.client import TusClient

from tests.redis_server import free_port
from tests.uploads.app_for_tests import OWNER, TUS, id_in, sha256
from tests.uploads.server_for_tests import CHECKPOINT_BYTES
from tests.wire import OFFSET_TYPE

CONTENT = os.urandom(3_000_000)


@contextmanager
def serving(data_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server process; killed at the end if it still lives."""
    command = [sys.executable, "-m", "tests.uploads.server_for_tests", str(data_dir), str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(port))
            yield process
        finally:
            process.kill()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path


def committed(data_dir: Path) -> tuple[int, str]:
    """Offset and status in the database, read beside the server."""
    with sqlite3.connect(data_dir / "waybill.sqlite3") as connection:
        row = connection.execute("SELECT offset_bytes, status FROM uploads").fetchone()
    connection.close()
    return int(row[0]), str(row[1])


def begin(url: str, length: int) -> socket.socket:
    """A PATCH whose head is sent."""
    target = httpx2.URL(url)
    wire = socket.create_connection((target.host, target.port or 80))
    wire.sendall(
        f"PATCH {target.path} HTTP/1.1\r\nHost: test\r\nTus-Resumable: 1.0.0\r\nContent-Type: {OFFSET_TYPE}\r\n"
        f"Upload-Offset: 0\r\nContent-Length: {length}\r\n\r\n".encode()
    )
    return wire


@pytest.mark.long
def test_after_kill_9_in_the_middle_of_a_patch_the_offset_is_true_and_the_file_equal(data_dir: Path, port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    with serving(data_dir, port) as process:
        created = httpx2.post(
            f"{base}/files/", headers=TUS | {"Authorization": f"Bearer {OWNER}", "Upload-Length": str(len(CONTENT))}
        )
        url = created.headers["Location"]
        with begin(url, len(CONTENT)) as wire:
            wire.sendall(CONTENT[:CHECKPOINT_BYTES])
            wait_until(lambda: committed(data_dir)[0] == CHECKPOINT_BYTES)
            file = next(data_dir.glob(f"uploads/*/{id_in(url)}"))
            wire.sendall(CONTENT[CHECKPOINT_BYTES:2_500_000])
            wait_until(lambda: file.stat().st_size == 2_500_000)
            process.kill()
            process.wait()

    offset, status = committed(data_dir)
    stored = file.read_bytes()
    assert (status, offset) == ("UPLOADING", CHECKPOINT_BYTES)
    assert len(stored) == 2_500_000
    assert stored[:offset] == CONTENT[:offset]

    with serving(data_dir, port):
        assert httpx2.head(url, headers=TUS).headers["Upload-Offset"] == str(offset)
        headers = TUS | {"Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE}
        answer = httpx2.patch(url, headers=headers, content=CONTENT[offset:])
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(len(CONTENT)))
        read = httpx2.get(url)
        assert (read.content, read.headers["ETag"]) == (CONTENT, f'"{sha256(CONTENT)}"')


def test_a_start_completes_what_was_stored_whole_before_the_crash(data_dir: Path, port: int) -> None:
    base = f"http://127.0.0.1:{port}"
    with serving(data_dir, port) as process:
        headers = TUS | {"Authorization": f"Bearer {OWNER}", "Upload-Length": str(len(CONTENT))}
        created = httpx2.post(f"{base}/files/", headers=headers | {"Content-Type": OFFSET_TYPE}, content=CONTENT[:-1])
        url = created.headers["Location"]
        process.kill()
        process.wait()
    with next(data_dir.glob(f"uploads/*/{id_in(url)}")).open("ab") as file:
        file.write(CONTENT[-1:])
    with sqlite3.connect(data_dir / "waybill.sqlite3") as connection:
        connection.execute("UPDATE uploads SET offset_bytes = size_bytes, status = 'FINALISING'")
    connection.close()
    with serving(data_dir, port):
        wait_until(lambda: committed(data_dir) == (len(CONTENT), "COMPLETED"))
        assert httpx2.get(url).headers["ETag"] == f'"{sha256(CONTENT)}"'


def test_tuspy_uploads_in_one_go_in_chunks_and_without_metadata(data_dir: Path, port: int) -> None:
    with serving(data_dir, port):
        client = TusClient(f"http://127.0.0.1:{port}/files/", headers={"Authorization": f"Bearer {OWNER}"})
        for chunk_size, metadata in (
            (len(CONTENT), {"filename": "a.bin"}),
            (700_000, {"filename": "ä.bin"}),
            (10**6, {}),
        ):
            uploader = client.uploader(file_stream=io.BytesIO(CONTENT), chunk_size=chunk_size, metadata=metadata)
            uploader.upload()
            assert uploader.url is not None
            assert httpx2.get(uploader.url).content == CONTENT
