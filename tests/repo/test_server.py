"""The program server.py as an operator meets it: what it says, what it leaves behind, how it stops."""

import asyncio
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from client.api import Waybill
from client.server_process import ServerProcess
from tests.processes import alive, children_of

ROOT = Path(__file__).parents[2]
QUIET = {"WAYBILL_WORKERS": "0"}
LOGIN = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken } }"


def run(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run server.py on a data folder until it ends, which it must do by itself."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    own = {"WAYBILL_DATA_DIR": str(data_dir), "WAYBILL_PORT": "0", **QUIET, **environment}
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *arguments],
        env={**kept, **own}, cwd=data_dir.parent, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip


async def ask(server: ServerProcess, query: str, token: str = "", **variables: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = {"query": query, "variables": variables}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{server.base_url}/graphql", json=body) as answer,
    ):
        found: dict[str, Any] = orjson.loads(await answer.read())
    return found


async def token_of(server: ServerProcess, password: str) -> str:
    answer = await ask(server, LOGIN, u="admin", p=password)
    return str(answer["data"]["login"]["accessToken"])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    async with ServerProcess(tmp_path / "data", QUIET) as server:
        yield server


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"WAYBILL_PORT": "x"}, "WAYBILL_PORT "),
        ({"WAYBILL_SECRET_KEY": "short"}, "WAYBILL_SECRET_KEY is too short"),
        ({"WAYBILL_CORS_ORIGINS": "nonsense"}, "WAYBILL_CORS_ORIGINS has 'nonsense', which is not an origin"),
        ({"WAYBILL_HOST": "192.0.2.1"}, "Port 0 of 192.0.2.1 cannot be used"),
        ({"WAYBILL_DATABASE_URL": "postgres://u:hush@127.0.0.1:1/x"}, "The database cannot be opened"),
        ({"WAYBILL_DATABASE_URL": "sqlite:////dev/null/x.sqlite3"}, "The database cannot be opened"),
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
    done = run(tmp_path / "data", "--check", WAYBILL_HOST="0.0.0.0", WAYBILL_SECRET_KEY="k" * 32)
    lines = done.stdout.splitlines()

    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in lines if line.startswith("WAYBILL_")} >= {"WAYBILL_HOST", "WAYBILL_LOG_LEVEL"}
    assert next(line for line in lines if line.startswith("WAYBILL_HOST")).split()[1:3] == ["0.0.0.0", "environment"]
    assert "k" * 32 not in done.stdout
    assert sum(line.startswith("UNSAFE: ") for line in lines) == 2
    assert lines[-1] == "2 to look at."
    assert not (tmp_path / "data").exists()


def test_the_schema_is_printed_without_any_setting(tmp_path: Path) -> None:
    done = run(tmp_path / "data", "--print-schema", WAYBILL_PORT="nonsense")

    assert (done.returncode, done.stdout) == (0, (ROOT / "schema.graphql").read_text())


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


async def test_the_first_start_says_the_admins_password_once_and_keeps_the_key_to_itself(server: ServerProcess) -> None:
    password, name = server.admin_password, server.admin_name
    key = server.data_dir / "secret_key"
    token = await token_of(server, password)
    before = key.read_text()
    await server.restart()

    assert (name, len(password)) == ("admin", 20)
    assert "Admin:" not in server.output()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_text() == before
    assert password not in server.output()
    assert (await ask(server, "{ viewer { username role } }", token))["data"]["viewer"] == {
        "username": "admin", "role": "ADMIN",
    }  # fmt: skip


async def test_a_password_from_the_settings_is_never_printed(tmp_path: Path) -> None:
    environment = {**QUIET, "WAYBILL_ADMIN_PASSWORD": "hush-hush-hush"}
    async with ServerProcess(tmp_path / "data", environment) as server:
        assert await token_of(server, "hush-hush-hush")
        assert "hush" not in server.output()


async def test_a_second_server_on_the_same_data_folder_says_so(server: ServerProcess) -> None:
    done = run(server.data_dir)
    reset = run(server.data_dir, "--reset-admin-password")

    assert (done.returncode, reset.returncode) == (1, 1)
    assert (
        done.stderr
        == reset.stderr
        == (
            f"Another server (process {server.pid}) uses the data folder {server.data_dir}: "
            "stop it, or set WAYBILL_DATA_DIR to another folder.\n"
        )
    )
    assert server.is_running


async def test_resetting_the_admins_password_ends_their_sessions(server: ServerProcess) -> None:
    token = await token_of(server, server.admin_password)
    await server.stop()
    done = run(server.data_dir, "--reset-admin-password")
    password = re.search(r"password (\S+) \(shown this once\)", done.stdout)
    unknown = run(server.data_dir, "--reset-admin-password", WAYBILL_ADMIN_USERNAME="nobody")
    await server.start()

    assert password is not None
    assert (done.returncode, unknown.returncode) == (0, 1)
    assert unknown.stderr == "There is no admin called nobody: set WAYBILL_ADMIN_USERNAME.\n"
    assert await token_of(server, password[1])
    assert (await ask(server, LOGIN, u="admin", p=server.admin_password))["errors"][0]["extensions"]["code"] == (
        "INVALID_CREDENTIALS"
    )
    assert (await ask(server, "{ jobs { totalCount } }", token))["errors"][0]["extensions"]["code"] == "INVALID_TOKEN"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_cleanly_in_two_seconds_and_tells_open_sockets(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with ServerProcess(tmp_path / "data", {"WAYBILL_WORKERS": "1"}) as server:
        await put_to_work(server)
        token = await token_of(server, server.admin_password)
        sockets = []
        for _ in range(5):
            opened = await connect(
                f"ws{server.base_url[4:]}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")]
            )
            await opened.send(
                orjson.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}).decode()
            )
            await opened.recv()
            query = {"query": "subscription { jobsUpdated { id } }"}
            await opened.send(orjson.dumps({"id": "1", "type": "subscribe", "payload": query}).decode())
            sockets.append(opened)
        process, children = server._running(), children_of(server.pid)
        assert children
        started = time.monotonic()
        process.send_signal(number)
        for opened in sockets:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(opened.recv(), 2)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert await asyncio.to_thread(process.wait, 5) == 0
        assert time.monotonic() - started < 2
        assert "Traceback" not in server.output()
        assert not alive(children)


async def test_sockets_whose_clients_are_frozen_do_not_delay_the_end(server: ServerProcess) -> None:
    port = int(server.base_url.rpartition(":")[2])
    head = [
        "GET /graphql HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==", "Sec-WebSocket-Protocol: graphql-transport-ws", "", "",
    ]  # fmt: skip
    writers = []
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write("\r\n".join(head).encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writers.append(writer)
    process = server._running()
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)

    assert await asyncio.to_thread(process.wait, 5) == 0
    assert time.monotonic() - started < 2
    for writer in writers:
        writer.close()


async def put_to_work(server: ServerProcess) -> None:
    """Have a small file worked on, so that the children are there."""
    async with Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        create = 'mutation { createUpload(input: {filename: "a.csv", size: 22}) { id url } }'
        upload = (await waybill.execute(create, {}))["createUpload"]
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        content = b"email\nada@example.com\n"
        async with (
            aiohttp.ClientSession() as session,
            session.patch(upload["url"], data=content, headers=headers) as sent,
        ):
            assert sent.status == 204
        batch = "mutation ($id: ID!) { createBatch(input: {work: {leads: {}}, uploadIds: [$id]}) { id } }"
        job = (await waybill.execute(batch, {"id": upload["id"]}))["createBatch"]
        async with asyncio.timeout(10):
            while (await waybill.execute("query ($id: ID!) { job(id: $id) { isActive } }", job))["job"]["isActive"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_server_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    async with ServerProcess(tmp_path / "data", {"WAYBILL_WORKERS": "2"}) as server:
        await put_to_work(server)
        children = children_of(server.pid)
        assert children
        await server.kill()
        async with asyncio.timeout(5):
            while alive(children):  # noqa: ASYNC110  the processes tell nobody
                await asyncio.sleep(0.02)


async def test_it_says_that_it_is_ready_when_it_answers(server: ServerProcess) -> None:
    assert re.search(r"^Waybill \S+ is ready: http://127\.0\.0\.1:\d+/graphql$", server.output(), re.MULTILINE)
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/ready") as answer:
        assert answer.status == 200
        assert "Server" not in answer.headers


async def test_nothing_that_lets_a_reader_in_is_logged(tmp_path: Path) -> None:
    environment = {**QUIET, "WAYBILL_LOG_FORMAT": "json", "WAYBILL_LOG_LEVEL": "debug"}
    async with ServerProcess(tmp_path / "data", environment) as server:
        password = server.admin_password
        answer = await ask(
            server,
            "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken refreshToken } }",
            u="admin",
            p=password,
        )
        session = answer["data"]["login"]
        token = session["accessToken"]
        await ask(server, LOGIN, u="admin", p="a-wrong-password")
        await ask(server, LOGIN, u={"a": "a-strange-name"}, p=5)
        await ask(
            server,
            "mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken } }",
            t=session["refreshToken"],
        )
        new = await ask(
            server, 'mutation { createUpload(input: {filename: "secret name.csv", size: 1}) { url } }', token
        )
        url = new["data"]["createUpload"]["url"]
        async with aiohttp.ClientSession() as client:
            for method, asked in (
                ("HEAD", url),
                ("HEAD", url[:-3] + "xyz"),
                ("GET", f"{server.base_url}/graphql?query={{__typename}}&token={token}"),
                ("GET", f"{server.base_url}/results/file-1754556928-12a41dbec0f3/x?expires=1&signature=a-signature"),
            ):
                async with client.request(method, asked, headers={"Tus-Resumable": "1.0.0"}):
                    pass
        logged = server.output().split("is ready", 1)[1]
        lines = [orjson.loads(line) for line in logged.splitlines() if line.startswith("{")]

    secrets = [
        password,
        token,
        session["refreshToken"],
        url.rpartition("~")[2],
        "a-wrong-password",
        "a-strange-name",
        "a-signature",
    ]
    assert [secret for secret in secrets if secret in logged] == []
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) >= 9
    assert all(line["request_id"] for line in requests)
