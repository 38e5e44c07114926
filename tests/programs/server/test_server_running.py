"""The program server.py as an operator meets it: what it says, what it leaves behind, how it stops."""

import asyncio
import re
import signal
import stat
from pathlib import Path

import aiohttp
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from client.api import Waybill
from client.server_process import ServerProcess
from tests.processes import alive, children_of
from tests.programs.server.program import LOGIN, QUIET, ask, run, token_of

pytestmark = pytest.mark.long


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


async def test_a_password_from_the_settings_is_never_printed(server_folder: Path) -> None:
    environment = {**QUIET, "WAYBILL_ADMIN_PASSWORD": "hush-hush-hush"}
    async with ServerProcess(server_folder, environment) as server:
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
async def test_a_signal_stops_it_cleanly_in_twenty_seconds_and_tells_open_sockets(
    server_folder: Path, number: signal.Signals
) -> None:
    async with ServerProcess(server_folder, {"WAYBILL_WORKERS": "1"}) as server:
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
        process.send_signal(number)
        for opened in sockets:
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(opened.recv(), 20)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        assert await asyncio.to_thread(process.wait, 20) == 0
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
    process.send_signal(signal.SIGTERM)

    assert await asyncio.to_thread(process.wait, 20) == 0
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
        async with asyncio.timeout(60):
            while (await waybill.execute("query ($id: ID!) { job(id: $id) { isActive } }", job))["job"]["isActive"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_a_server_that_is_killed_leaves_no_process_behind(server_folder: Path) -> None:
    async with ServerProcess(server_folder, {"WAYBILL_WORKERS": "2"}) as server:
        await put_to_work(server)
        children = children_of(server.pid)
        assert children
        await server.kill()
        async with asyncio.timeout(30):
            while alive(children):  # noqa: ASYNC110  the processes tell nobody
                await asyncio.sleep(0.02)


async def test_it_says_that_it_is_ready_when_it_answers(server: ServerProcess) -> None:
    assert re.search(r"^Waybill \S+ is ready: http://127\.0\.0\.1:\d+/graphql$", server.output(), re.MULTILINE)
    async with aiohttp.ClientSession() as session, session.get(f"{server.base_url}/ready") as answer:
        assert answer.status == 200
        assert "Server" not in answer.headers


async def test_nothing_that_lets_a_reader_in_is_logged(server_folder: Path) -> None:
    environment = {**QUIET, "WAYBILL_LOG_FORMAT": "json", "WAYBILL_LOG_LEVEL": "debug"}
    async with ServerProcess(server_folder, environment) as server:
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
