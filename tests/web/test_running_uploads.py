"""Uploads that send: however slowly those of one user do, others have room, at one address and at the next."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from models import Upload
from tests.statements import counted_statements
from tests.web_app import App, opened_app, served
from tests.wire import Wire, Wires, path_in

START = "mutation { startAnonymousSession { accessToken } }"
CREATE = 'mutation { createUpload(input: {filename: "a.txt", size: 4}) { url } }'
HERE, NEAR_BY, ELSEWHERE = "2001:db8:1:2::a", "2001:db8:1:2:ffff::b", "2001:db8:1:3::a"
"""The first two are in one /64."""
SETTINGS = {
    "running_uploads": 4, "running_uploads_per_user": 2, "allow_anonymous": True, "trusted_proxies": ("127.0.0.1",),
}  # fmt: skip


@pytest.fixture
async def app(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Takes in four bodies at a time, two of one user."""
    async with opened_app(tmp_path, empty_database, **SETTINGS) as app:
        yield app


@asynccontextmanager
async def connected(app: App) -> AsyncIterator[Wires]:
    """Raw connections to the served application."""
    async with served(app) as live:
        wires = Wires(live.port)
        yield wires
        await wires.close()


async def guest(app: App, address: str) -> str:
    """The access token of a new anonymous session at an address."""
    answer = await app.ask(START, None, {"X-Forwarded-For": address})
    assert answer.data, answer.errors
    return str(answer.data["startAnonymousSession"]["accessToken"])


async def new_path(app: App, token: str) -> str:
    """The signed path of a new upload of four bytes."""
    answer = await app.ask(CREATE, token)
    assert answer.data, answer.errors
    return path_in(answer.data["createUpload"]["url"])


async def begin(wires: Wires, path: str, *lines: str) -> Wire:
    """A request that sends half of its body, and is being taken in."""
    wire = await wires.connect()
    await wire.patch(path, 0, "Content-Length: 4", "Expect: 100-continue", *lines)
    assert (await wire.answer())[0] == 100
    await wire.send("ab")
    return wire


async def attempt(wires: Wires, path: str, *lines: str) -> tuple[int, dict[str, str]]:
    """What a whole body is answered that is only sent when it is asked for, as a client may."""
    wire = await wires.connect()
    await wire.patch(path, 0, "Content-Length: 4", "Expect: 100-continue", *lines)
    status, headers = await wire.answer()
    if status != 100:
        return status, headers
    await wire.send("abcd")
    return await wire.answer()


async def test_who_sends_as_much_as_one_user_may_keeps_nobody_else_out(app: App) -> None:
    anna, ben = await app.person(), await app.person()
    first, second, third = [await new_path(app, anna.token) for _ in range(3)]
    async with connected(app) as wires:
        held = [await begin(wires, first), await begin(wires, second, f"Authorization: Bearer {anna.token}")]
        # By whichever right: that of the path alone, with the owner's token, or with somebody else's.
        for lines in ([], [f"Authorization: Bearer {anna.token}"], [f"Authorization: Bearer {ben.token}"]):
            status, headers = await attempt(wires, third, *lines)
            assert (status, headers["retry-after"]) == (503, "2")
        unsigned = third.partition("~")[0]
        assert (await attempt(wires, unsigned, f"Authorization: Bearer {anna.token}"))[0] == 503
        assert (await attempt(wires, await new_path(app, ben.token)))[0] == 204
        await held[0].send("cd")
        assert (await held[0].answer())[0] == 204
        assert (await attempt(wires, third))[0] == 204
    assert await Upload.filter(owner_id=anna.id, status="COMPLETED").count() == 2


async def test_the_refusal_says_why_and_tells_tus_clients_to_come_again(app: App) -> None:
    anna = await app.person()
    paths = [await new_path(app, anna.token) for _ in range(3)]
    async with connected(app) as wires:
        for path in paths[:2]:
            await begin(wires, path)
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        answer = await app.http.patch(paths[2], content=b"abcd", headers=headers)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert answer.json()["error"]["code"] == "SERVICE_UNAVAILABLE"
        assert answer.json()["error"]["message"].startswith("You are sending 2 files, as many as one user may send")
        head = await app.http.head(paths[2], headers={"Tus-Resumable": "1.0.0"})
        assert (head.status_code, head.headers["Upload-Offset"]) == (200, "0")


async def test_anonymous_sessions_of_one_address_send_as_much_as_one_user(app: App) -> None:
    tokens = [await guest(app, address) for address in (HERE, NEAR_BY, HERE, ELSEWHERE)]
    paths = [await new_path(app, token) for token in tokens]
    async with connected(app) as wires:
        for path in paths[:2]:
            await begin(wires, path)
        assert [(await attempt(wires, path))[0] for path in paths[2:]] == [503, 204]


async def test_the_owner_is_looked_up_once_and_not_with_every_request(app: App) -> None:
    anna = await app.person()
    paths = [await new_path(app, anna.token) for _ in range(3)]
    asked = []
    async with connected(app) as wires:
        for path in paths:
            with counted_statements() as statements:
                assert (await attempt(wires, path))[0] == 204
            asked.append(sum("quota_key" in statement for statement in statements))
    assert asked == [1, 0, 0]
