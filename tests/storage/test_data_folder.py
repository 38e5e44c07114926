"""The data folder: who may have it at the same time, and that its key is one, whoever starts with whom."""

import asyncio
import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from storage.data_folder import find_data_folder, lock_data_folder, read_secret_key

ROOT = Path(__file__).resolve().parents[2]
READ_WHEN_TOLD = """
import sys
from pathlib import Path
from storage.data_folder import read_secret_key
print("ready", flush=True)
sys.stdin.readline()
print(read_secret_key(Path(sys.argv[1])))
"""
KILLED = """
import os, signal, sys
from pathlib import Path
from storage.data_folder import read_secret_key
sys.addaudithook(lambda event, _: event == sys.argv[2] and os.kill(os.getpid(), signal.SIGKILL))
read_secret_key(Path(sys.argv[1]))
"""
"""Is killed at the moment of an event that Python tells its auditors."""


def test_a_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    key = read_secret_key(tmp_path)
    assert read_secret_key(tmp_path) == key
    assert len(key) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def test_all_that_start_at_once_have_the_same_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READ_WHEN_TOLD, str(tmp_path)]
    started = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    keys = {process.communicate()[0].strip() for process in started}

    assert keys == {(tmp_path / "secret_key").read_text()}
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


@pytest.mark.parametrize("event", ["open", "os.link", "os.remove"])
def test_whoever_is_killed_meanwhile_leaves_a_whole_key_or_none(tmp_path: Path, event: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), event], cwd=ROOT, check=False)
    left = tmp_path / "secret_key"
    was_there = left.exists()

    assert done.returncode == -signal.SIGKILL
    assert was_there is (event == "os.remove")
    key = left.read_text() if was_there else ""
    assert len(read_secret_key(tmp_path)) == 64
    assert read_secret_key(tmp_path) == (key or left.read_text())


def test_a_folder_is_for_one_or_for_all_who_share_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with lock_data_folder(folder, is_shared=True), lock_data_folder(folder, is_shared=True):
        with pytest.raises(Refusal, match="Another server uses the data folder") as caught:
            lock_data_folder(folder, is_shared=False)
        assert caught.value.code is ErrorCode.LOCKED
    with lock_data_folder(folder, is_shared=False):
        for is_shared in (True, False):
            with pytest.raises(Refusal, match=rf"Another server \(process {os.getpid()}\) uses the data folder"):
                lock_data_folder(folder, is_shared=is_shared)
    with lock_data_folder(folder, is_shared=True):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_where_there_are_no_locks_only_those_who_share_can_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    lock_data_folder(tmp_path, is_shared=True).close()
    with pytest.raises(Refusal, match="SQLite needs a disk of this machine"):
        lock_data_folder(tmp_path, is_shared=False)


async def test_a_worker_waits_for_the_folder_that_a_server_makes(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    finding = asyncio.create_task(find_data_folder(folder, 10))
    await asyncio.sleep(0.3)
    assert not finding.done()

    with lock_data_folder(folder, is_shared=True):
        await asyncio.wait_for(finding, 5)


@pytest.mark.parametrize("is_there", [False, True], ids=["no folder", "a folder of others"])
async def test_a_worker_does_not_work_on_a_folder_that_no_server_has_used(tmp_path: Path, is_there: bool) -> None:
    folder = tmp_path / "data"
    if is_there:
        folder.mkdir()
        (folder / "notes.txt").touch()

    with pytest.raises(Refusal, match="No server has used the data folder") as caught:
        await find_data_folder(folder, 0.1)
    assert caught.value.code is ErrorCode.SERVICE_UNAVAILABLE
    assert sorted(tmp_path.rglob("*")) == ([folder, folder / "notes.txt"] if is_there else [])


async def test_a_worker_that_may_not_write_to_the_folder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_data_folder(tmp_path, is_shared=True).close()
    monkeypatch.setattr("os.access", lambda path, _mode: path != tmp_path)

    with pytest.raises(Refusal, match="cannot be written"):
        await find_data_folder(tmp_path, 0)
