"""Memory of a WebSocket that watches, and what it lets go of."""

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import orjson
import pytest
from tortoise.transactions import in_transaction
from websockets.http11 import Request, Response

from base.words import JobStatus, Role
from jobs.outbox import OutboxMessages
from jobs.rows import change_job
from tests.web_app import App, Person, Served
from web.headers import RequestHeaders

WATCH = "subscription ($id: ID!) { jobUpdated(id: $id) { id status progress { percentage } } }"
SOCKETS = 40
MAX_BYTES = 40_000
"""Of one socket with one subscription, in Python's own memory."""


class Watcher:
    """A raw socket that subscribes once; it keeps nothing itself, so what grows is the server's."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        connection.setblocking(False)

    async def watch(self, port: int, token: str, job_id: str) -> None:
        """Connect, and hear the present state."""
        await asyncio.get_running_loop().sock_connect(self._connection, ("127.0.0.1", port))
        await self._send(
            b"GET /graphql HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==\r\n"
            b"Sec-WebSocket-Protocol: graphql-transport-ws\r\nX-Kept: " + b"h" * 1_000 + b"\r\n\r\n"
        )
        await self._hear(b"101 Switching Protocols")
        payload = {"Authorization": f"Bearer {token}"}
        await self._send(_frame({"type": "connection_init", "payload": payload}))
        await self._hear(b"connection_ack")
        subscription = {"query": WATCH, "variables": {"id": job_id}}
        await self._send(_frame({"id": "1", "type": "subscribe", "payload": subscription}))
        await self._hear(job_id.encode())

    async def _send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._connection, data)

    async def _hear(self, text: bytes) -> None:
        heard = b""
        async with asyncio.timeout(10):
            while text not in heard:
                data = await asyncio.get_running_loop().sock_recv(self._connection, 65_536)
                assert data, heard
                heard += data


def _frame(message: object) -> bytes:
    """A text frame whose mask is all zeros (RFC 6455, section 5.2)."""
    payload = orjson.dumps(message)
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + payload


class Watchers:
    """Opens watchers, each of a person of its own, and tells them of changes."""

    def __init__(self, app: App, live: Served, stack: ExitStack) -> None:
        self._app, self._live, self._stack = app, live, stack
        self._people: list[Person] = []
        self._jobs: list[str] = []

    async def prepare(self, count: int, jobs: int = 1) -> None:
        """Make the people and the jobs that they watch in turn; nothing of that is the sockets' memory."""
        self._people = [await self._app.person(Role.ADMIN) for _ in range(count)]
        self._jobs = [await self._app.batch(self._people[0]) for _ in range(jobs)]

    async def open(self) -> None:
        watcher = Watcher(self._stack.enter_context(socket.socket()))
        person = self._people.pop()
        await watcher.watch(self._live.port, person.token, self._jobs[len(self._people) % len(self._jobs)])

    async def tell(self) -> None:
        """Tell a change of each job."""
        messages = OutboxMessages()
        for job_id in self._jobs:
            async with in_transaction() as db:
                row = await change_job(db, job_id, set(JobStatus), percentage=50.0)
                assert row is not None
                messages.job_changed(row)
        await self._app.services.request.outbox.send(messages)
        await asyncio.sleep(0.5)


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is traced until the application is closed: CPython 3.11 may crash where that ends while native threads come in."""
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.fixture
async def watchers(app: App, live: Served) -> AsyncIterator[Watchers]:
    with ExitStack() as stack:
        yield Watchers(app, live, stack)


@pytest.mark.parametrize("jobs", [1, SOCKETS + 5])
async def test_a_watching_socket_takes_at_most_40_kb(traced: None, watchers: Watchers, jobs: int) -> None:
    await watchers.prepare(SOCKETS + 5, jobs)
    for _ in range(5):
        await watchers.open()
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(SOCKETS):
        await watchers.open()
    await watchers.tell()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    assert (after - before) / SOCKETS <= MAX_BYTES


async def tasks_at_rest() -> int:
    """How many tasks there are, once none begins or ends any more."""
    before, count = -1, len(asyncio.all_tasks())
    while before != count:
        await asyncio.sleep(0.1)
        before, count = count, len(asyncio.all_tasks())
    return count


async def test_a_watching_socket_has_two_tasks_and_no_headers_of_its_handshake(watchers: Watchers) -> None:
    await watchers.prepare(3)
    await watchers.open()
    tasks = await tasks_at_rest()
    for _ in range(2):
        await watchers.open()
    added = await tasks_at_rest() - tasks
    gc.collect()
    handshakes = [one for one in gc.get_objects() if isinstance(one, Request | Response) and "X-Kept" in one.headers]
    headers = [one for one in gc.get_objects() if isinstance(one, RequestHeaders) and one.get("x-kept")]

    assert added == 2 * 2
    assert (handshakes, headers) == ([], [])
