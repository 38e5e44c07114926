"""Two servers that share a PostgreSQL and a Redis: what ends for somebody at one ends at the other."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.api import Data, Waybill, WaybillError
from client.server_process import ServerProcess

pytestmark = pytest.mark.long

PASSWORD = "a password of the tests"
LOGIN = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken } }"
WATCH = "subscription { jobsUpdated { id } }"
CREATE_USER = 'mutation ($u: String!) { createUser(username: $u, password: "a password of the tests") { id } }'
CREATE_BATCH = """mutation ($id: ID!) {
  createBatch(input: {work: {leads: {}}, uploadIds: [$id], autoStart: false}) { id } }"""
CREATE_UPLOAD = 'mutation { createUpload(input: {filename: "a.csv", size: 5}) { id } }'


@pytest.fixture
async def pair(tmp_path: Path, shared: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    """The addresses of both."""
    first = ServerProcess(tmp_path / "data", shared, tmp_path / "first.log")
    second = ServerProcess(tmp_path / "data", shared, tmp_path / "second.log")
    async with first, second:  # not at the same moment: the first makes the tables and the key
        yield first.base_url, second.base_url


@asynccontextmanager
async def signed_in(base_url: str, username: str = "admin") -> AsyncIterator[Waybill]:
    async with Waybill(base_url) as waybill:
        await waybill.login(username, PASSWORD)
        yield waybill


@asynccontextmanager
async def watching(waybill: Waybill) -> AsyncIterator[AsyncGenerator[Data]]:
    """A socket on which the first message has come, because there is a job that is not finished."""
    upload = (await waybill.execute(CREATE_UPLOAD))["createUpload"]
    await waybill.execute(CREATE_BATCH, {"id": upload["id"]})
    async with aclosing(waybill.subscribe(WATCH)) as messages:
        await anext(messages)
        yield messages


async def close_code(messages: AsyncGenerator[Data]) -> str:
    """With what the server closes the socket, within ten seconds."""
    try:
        async with asyncio.timeout(10):
            async for _ in messages:
                pass
    except WaybillError as error:
        return error.code
    return "completed"


async def code_of(waybill: Waybill, query: str, **variables: Any) -> str:
    try:
        await waybill.execute(query, variables)
    except WaybillError as error:
        return error.code
    return "ok"


async def test_who_is_disabled_at_one_server_is_out_at_the_other_within_ten_seconds(pair: tuple[str, str]) -> None:
    async with signed_in(pair[0]) as admin:
        ada = (await admin.execute(CREATE_USER, {"u": "ada"}))["createUser"]["id"]
        async with signed_in(pair[1], "ada") as there, watching(there) as messages:
            await admin.execute("mutation ($id: ID!) { updateUser(id: $id, isDisabled: true) { id } }", {"id": ada})
            assert await close_code(messages) == "SOCKET_4403"
            assert await code_of(there, "{ viewer { id } }") == "INVALID_TOKEN"


async def test_a_new_role_a_sign_out_and_a_new_password_close_sockets_at_the_other_server(
    pair: tuple[str, str],
) -> None:
    async with signed_in(pair[0]) as admin:
        ada = (await admin.execute(CREATE_USER, {"u": "ada"}))["createUser"]["id"]
        role = "mutation ($id: ID!) { updateUser(id: $id, role: ADMIN) { id } }"
        async with signed_in(pair[1], "ada") as there, watching(there) as messages:
            await admin.execute(role, {"id": ada})
            assert await close_code(messages) == "SOCKET_4403"
            assert await code_of(there, "{ users { id } }") == "ok"
        async with signed_in(pair[1], "ada") as there, watching(there) as messages:
            async with Waybill(pair[0], there.token) as same:
                await same.execute("mutation { logout }")
            assert await close_code(messages) == "SOCKET_4403"
        async with signed_in(pair[1], "ada") as there, watching(there) as messages:
            async with signed_in(pair[0], "ada") as elsewhere:
                change = 'mutation ($p: String!) { changePassword(current: $p, new: "another password") { id } }'
                await elsewhere.execute(change, {"p": PASSWORD})
                assert await code_of(elsewhere, "{ viewer { id } }") == "ok"
            assert await close_code(messages) == "SOCKET_4403"


async def test_an_api_token_that_is_revoked_at_one_server_ends_at_the_other(pair: tuple[str, str]) -> None:
    async with signed_in(pair[0]) as admin:
        created = await admin.execute('mutation { createApiToken(name: "a program") { id token } }')
        token = created["createApiToken"]
        async with Waybill(pair[1], token["token"]) as program, watching(program) as messages:
            await admin.execute("mutation ($id: ID!) { revokeApiToken(id: $id) }", {"id": token["id"]})
            assert await close_code(messages) == "SOCKET_4403"
            assert await code_of(program, "{ viewer { id } }") == "INVALID_TOKEN"


async def test_who_guesses_at_two_servers_is_slowed_as_at_one_and_nobody_is_locked_out(pair: tuple[str, str]) -> None:
    codes = []
    for number in range(5):
        async with Waybill(pair[number % 2]) as guesser:
            codes.append(await code_of(guesser, LOGIN, u="admin", p="wrong"))
    assert codes == ["INVALID_CREDENTIALS"] * 5
    for base_url in pair:
        async with Waybill(base_url) as guesser:
            assert await code_of(guesser, LOGIN, u="admin", p=PASSWORD) == "RATE_LIMITED"
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=elsewhere) as session:
        body = {"query": LOGIN, "variables": {"u": "admin", "p": PASSWORD}}
        async with session.post(f"{pair[0]}/graphql", json=body) as response:
            assert (await response.json())["data"]["login"]["accessToken"]
