"""Starts of server.py that fail, and what --check, --backup and --print-schema say."""

import os
import re
import socket
from pathlib import Path
from typing import Any

import orjson
import pytest

from client.server_process import READY, ServerProcess
from tests.programs.server.program import QUIET, ROOT, run, token_of
from tests.small_disk import mounted


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"WAYBILL_PORT": "x"}, "WAYBILL_PORT "),
        ({"WAYBILL_SECRET_KEY": "short"}, "WAYBILL_SECRET_KEY is too short"),
        pytest.param(
            {"WAYBILL_CORS_ORIGINS": "nonsense"},
            "WAYBILL_CORS_ORIGINS has 'nonsense', which is not an origin",
            marks=pytest.mark.long,
        ),
        ({"WAYBILL_HOST": "192.0.2.1"}, "Port 0 of 192.0.2.1 cannot be used"),
        ({"WAYBILL_DATABASE_URL": "postgres://u:hush@127.0.0.1:1/x"}, "The database cannot be opened"),
        pytest.param(
            {"WAYBILL_DATABASE_URL": "sqlite:////dev/null/x.sqlite3"},
            "The database cannot be opened",
            marks=pytest.mark.long,
        ),
        ({"WAYBILL_DATA_DIR": "/dev/null/x"}, "The data folder /dev/null/x cannot be used"),
    ],
)
def test_what_keeps_it_from_starting_is_said_in_a_sentence(
    tmp_path: Path, environment: dict[str, str], words: str
) -> None:
    done = run(tmp_path / "data", **environment)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(words), done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr
    assert "is ready" not in done.stdout


@pytest.mark.long
def test_the_host_of_a_database_is_told_and_no_number_of_an_error(tmp_path: Path) -> None:
    done = run(tmp_path / "data", WAYBILL_DATABASE_URL="postgres://u:hush@127.0.0.1:1/x")
    nowhere = run(tmp_path / "data", "--backup", "/dev/null/x")

    assert "(postgres://u:(hidden)@127.0.0.1:1/x: " in done.stderr
    assert nowhere.stderr.startswith("The backup cannot be written to /dev/null/x (Not a directory")
    assert not re.search(r"Errno|Error \d|hush", done.stderr + nowhere.stderr)


def test_a_disk_with_too_little_room_is_told_before_anything_is_taken_in(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 32 * 2**20) as disk:
        checked = run(disk / "data", "--check")
    assert checked.returncode == 0
    assert re.search(
        rf"^ROOM: The disk of the data folder {disk}/data has \d+ MiB free, and uploads and jobs need more than 64 MiB: make room",
        checked.stdout,
        re.MULTILINE,
    )


class StartedServer(ServerProcess):
    """A server that is not asked whether all of its parts are ready: one of them is not."""

    async def _is_ready(self) -> bool:
        return READY.search(self.output()) is not None


async def test_a_server_on_a_disk_with_too_little_room_starts_with_a_warning(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", 32 * 2**20) as disk:
        async with StartedServer(disk / "data", QUIET, tmp_path / "log") as server:
            told = [line for line in server.output().splitlines() if "make room there" in line]
    assert len(told) == 1
    assert "warning" in told[0]


@pytest.mark.long
async def test_a_redis_that_does_not_answer_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with StartedServer(
        tmp_path / "data", QUIET | {"WAYBILL_REDIS_URL": "redis://u:hush@127.0.0.1:1/0"}
    ) as server:
        output = server.output()
    assert "Redis cannot be used: check WAYBILL_REDIS_URL (redis://u:(hidden)@127.0.0.1:1/0: " in output
    assert "Connect call failed" in output or "refused" in output
    assert not re.search(r"Errno|Error \d|hush", output)


async def test_every_line_is_json_where_that_is_wanted_from_the_first_to_the_last(server_folder: Path) -> None:
    async with ServerProcess(server_folder, QUIET | {"WAYBILL_LOG_FORMAT": "json"}) as server:
        assert await token_of(server, server.admin_password)
        assert await server.stop() == 0
        lines = [orjson.loads(line) for line in server.output().splitlines()]
    events = [line["event"] for line in lines]

    assert any(re.match(r"Waybill \S+ is ready: http", event) for event in events)
    assert events[-1] == "stopped"
    assert [line["signal"] for line in lines if line["event"] == "stopping"] == ["SIGTERM"]
    assert all(line["level"] and line["logger"] and line["timestamp"] for line in lines)


def spoil_with_a_folder(path: Path) -> None:
    path.mkdir()


def spoil_with_noise(path: Path) -> None:
    path.write_bytes(os.urandom(5000))


@pytest.mark.parametrize("spoil", [spoil_with_a_folder, spoil_with_noise])
def test_a_database_file_that_is_none_is_said_in_a_sentence(tmp_path: Path, spoil: Any) -> None:
    (tmp_path / "data").mkdir()
    spoil(tmp_path / "data" / "waybill.sqlite3")
    done = run(tmp_path / "data")

    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be opened: check WAYBILL_DATABASE_URL and WAYBILL_DATA_DIR (")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("key", ["", "short\n"])
def test_a_damaged_secret_key_is_not_used(tmp_path: Path, key: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text(key)
    done = run(tmp_path / "data")

    assert (done.returncode, "is damaged" in done.stderr, len(done.stderr.splitlines())) == (1, True, 1)


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path / "data", WAYBILL_PORT=port)

    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} of 127.0.0.1 cannot be used (Address already in use): set WAYBILL_PORT or WAYBILL_HOST to another.\n"
    )


def test_check_prints_every_setting_and_what_is_unsafe_and_opens_nothing(tmp_path: Path) -> None:
    key, address = "9f86d081884c7d659a2feaa0c55ad015", "postgres://waybill:a@hush@host/x"
    wrong = {"WAYBILL_PROT": "1", "WAYBILL_DATABASE_URL": address, "WAYBILL_REDIS_URL": "redis://h/0?password=hush"}
    done = run(tmp_path / "data", "--check", WAYBILL_HOST="0.0.0.0", WAYBILL_SECRET_KEY=key, **wrong)
    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in lines if line.startswith("WAYBILL_")} >= {"WAYBILL_HOST", "WAYBILL_LOG_LEVEL"}
    assert next(line for line in lines if line.startswith("WAYBILL_HOST")).split()[1:3] == ["0.0.0.0", "environment"]
    assert key not in done.stdout
    assert "hush" not in done.stdout
    assert "UNKNOWN: WAYBILL_PROT in the environment is no setting and is ignored. Did you mean WAYBILL_PORT?" in lines
    assert sum(line.startswith("UNSAFE: ") for line in lines) == 2
    assert lines[-1] == "3 to look at."
    assert not (tmp_path / "data").exists()


def test_check_and_the_start_tell_all_that_is_wrong_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WAYBILL_LOG_LEVEL debug\n")
    wrong = {"WAYBILL_PORT": "x", "WAYBILL_PROT": "1", "WAYBILL_REDIS_URL": ":hush@127.0.0.1:6379"}
    wrong |= {"WAYBILL_ALLOW_ANONYMOUS": "true", "WAYBILL_TRUSTED_PROXIES": "x", "WAYBILL_PUBLIC_URL": "https://x.y"}
    checked, started = run(tmp_path / "data", "--check", **wrong), run(tmp_path / "data", **wrong)
    told = [line.split(": ", 1) for line in checked.stdout.splitlines() if line.split(":")[0].isupper()]

    assert (checked.returncode, checked.stderr, started.returncode) == (1, "", 1)
    assert [(kind, sentence.split()[0]) for kind, sentence in told] == [
        ("WRONG", "Line"),
        ("WRONG", "WAYBILL_PORT"),
        ("WRONG", "WAYBILL_REDIS_URL"),
        ("WRONG", "WAYBILL_TRUSTED_PROXIES"),
        ("UNKNOWN", "WAYBILL_PROT"),
        ("UNSAFE", "WAYBILL_ALLOW_ANONYMOUS"),
    ]
    assert started.stderr.splitlines() == [sentence for kind, sentence in told if kind != "UNSAFE"]
    assert "hush" not in checked.stdout + started.stderr
    assert checked.stdout.splitlines()[-1] == "6 to look at."


def test_the_schema_is_printed_without_any_setting(tmp_path: Path) -> None:
    done = run(tmp_path / "data", "--print-schema", WAYBILL_PORT="nonsense")

    assert (done.returncode, done.stdout) == (0, (ROOT / "schema.graphql").read_text())


@pytest.mark.long
async def test_a_backup_needs_no_lock_and_says_in_a_sentence_what_keeps_it_from_being_written(
    server: ServerProcess, tmp_path: Path
) -> None:
    first, second = (run(server.data_dir, "--backup", str(tmp_path / "backup")) for _ in range(2))
    nowhere = run(tmp_path / "nothing", "--backup", str(tmp_path / "other"))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"Backed up to {tmp_path / 'backup'}: the database and 0 files (0 bytes).\n"
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"{tmp_path / 'backup'} is there already: name a folder that is not there, or empty.\n"
    assert nowhere.returncode == 1
    assert nowhere.stderr.startswith("The database cannot be opened: ")
    assert not (tmp_path / "nothing").exists()
