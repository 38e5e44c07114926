"""Equal subscriptions on the wire: who shares, what depends on the viewer, and slow readers."""

import asyncio
import gc
import socket
from contextlib import AsyncExitStack
from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType, get_named_type, is_composite_type, is_required_argument
from tortoise.transactions import in_transaction

from base.words import JobStatus, Role
from events.messages import Event, access_topic
from execution.groups.watches import Change
from jobs.outbox import OutboxMessages
from jobs.rows import change_job, job_of
from models import User
from schema.build import build_schema
from schema.viewer_fields import viewer_fields
from schema.watching import WatchingOperation
from tests.web.streams_for_tests import MULTIPART, SSE, opened
from tests.web_app import App, Served, until
from web.bounds import Bounds

WATCH = (
    "subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) { id status version progress { percentage } } }"
)
ACTIONS = "subscription ($id: ID!) { jobUpdated(id: $id) { status actions } }"
MESSAGES = "subscription ($id: ID!) { jobUpdated(id: $id) { status statusMessage } }"
SCHEMA = build_schema()._schema


async def change(app: App, job_id: str, **columns: Any) -> None:
    """Change a job as a worker does, and tell it."""
    messages = OutboxMessages()
    async with in_transaction() as db:
        row = await change_job(db, job_id, set(JobStatus), **columns)
        assert row is not None
        messages.job_changed(row)
    await app.services.request.outbox.send(messages)


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each execution of a subscription on a change."""
    made: list[object] = []
    result_of = WatchingOperation.result_of

    async def noting(self: WatchingOperation, change: Any) -> Any:
        made.append(change)
        return await result_of(self, change)

    monkeypatch.setattr(WatchingOperation, "result_of", noting)
    return made


async def test_many_users_on_all_transports_are_one_group(app: App, live: Served, executions: list[object]) -> None:
    owner = await app.person()
    job_id = await app.batch(owner)
    people = [owner, *[await app.person(Role.ADMIN) for _ in range(8)]]
    async with AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(await live.wire_of(person)) for person in people]
        streams = [
            await stack.enter_async_context(opened(live, accept, WATCH, person, id=job_id))
            for accept in (SSE, MULTIPART)
            for person in people[:3]
        ]
        for wire in wires:
            await wire.subscribe(WATCH, "an id", id=job_id)
            await wire.next("an id")
        for stream in streams:
            await stream.data()
        assert app.listeners == len(wires) + len(streams)
        executions.clear()
        await change(app, job_id, percentage=30.0)
        await change(app, job_id, status=JobStatus.FAILED)
        for status in ("PENDING", "FAILED"):
            for told in [*[await wire.next("an id") for wire in wires], *[await stream.data() for stream in streams]]:
                assert (told["jobUpdated"]["status"], told["jobUpdated"]["progress"]) == (status, {"percentage": 30.0})
        for wire in wires:
            assert await wire.receive() == {"id": "an id", "type": "complete"}
        assert [await stream.end() for stream in streams] == [True] * len(streams)

    assert (len(executions), app.listeners) == (2, 0)


async def test_actions_are_those_of_the_viewer_and_viewers_of_one_role_share_them(
    app: App, live: Served, executions: list[object]
) -> None:
    owner = await app.person()
    job_id = await app.batch(owner)
    people = [owner, owner, await app.person(Role.ADMIN), await app.person(Role.ADMIN)]
    wires = [await live.wire_of(person) for person in people]
    for wire in wires:
        await wire.subscribe(ACTIONS, id=job_id)
        await wire.next()
    executions.clear()
    await change(app, job_id, status=JobStatus.COMPLETED, percentage=100.0)
    told = [(await wire.next())["jobUpdated"]["actions"] for wire in wires]
    for wire in wires:
        await wire.connection.close()

    assert told == [[], [], ["DELETE", "PURGE"], ["DELETE", "PURGE"]]
    assert len(executions) == 2


async def test_who_loses_a_right_leaves_the_group_and_the_others_stay(app: App, live: Served) -> None:
    job_id = await app.batch(await app.person())
    loses, stays = await app.person(Role.ADMIN), await app.person(Role.ADMIN)
    first, second = await live.wire_of(loses), await live.wire_of(stays)
    for wire in (first, second):
        await wire.subscribe(WATCH, id=job_id)
        await wire.next()
    await User.filter(id=loses.id).update(role=Role.USER)
    for mailbox in list(app.services.request.hub._listeners[access_topic(loses.id)]):
        mailbox.lose()
    assert await first.close_code() == 4403
    await change(app, job_id, status=JobStatus.PAUSED)
    assert (await second.next())["jobUpdated"]["status"] == "PAUSED"
    async with await live.wire_of(loses) as again:
        await again.subscribe(WATCH, id=job_id)
        assert await again.error() == "BATCH_NOT_FOUND"
    await second.connection.close()


def selection_of(type_name: str, depth: int = 3) -> str:
    """All fields of a type that need no argument and do not depend on the viewer, and theirs."""
    type_ = SCHEMA.type_map[type_name]
    fields = []
    for name, field in getattr(type_, "fields", {}).items():
        inner = get_named_type(field.type)
        if name in viewer_fields(SCHEMA) or any(map(is_required_argument, field.args.values())):
            continue
        if not is_composite_type(inner):
            fields.append(name)
        elif depth > 1:
            fields.append(f"{name} {selection_of(inner.name, depth - 1)}")
    return f"{{ __typename {' '.join(fields)} }}"


@pytest.mark.parametrize("type_", ["Batch", "Task"])
async def test_every_field_that_is_not_marked_is_answered_without_a_viewer(app: App, live: Served, type_: str) -> None:
    assert isinstance(SCHEMA.type_map[type_], GraphQLObjectType)
    person = await app.person()
    job_id = await app.batch(person) if type_ == "Batch" else await made_task(app, await app.person())
    admin = await app.person(Role.ADMIN)
    name = f"{type_.lower()}Updated"
    async with await live.wire_of(admin) as wire:
        await wire.subscribe(f"subscription ($id: ID!) {{ {name}(id: $id) {selection_of(type_, 2)} }}", id=job_id)
        first = (await wire.next())[name]
        await change(app, job_id, status=JobStatus.FAILED, error_code="INTERNAL_ERROR", error_message="No.")
        second = (await wire.next())[name]  # of the group; it must have no errors

    assert (first["id"], second["id"], second["status"]) == (job_id, job_id, "FAILED")
    assert set(first) == set(second)


async def made_task(app: App, owner: Any) -> str:
    upload = await app.upload(owner)
    new = {"work": {"custom": {"kind": "countingTask"}}, "uploadIds": [upload.id]}
    mutation = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
    return str((await app.data(mutation, owner, input=new))["createTask"]["id"])


async def test_an_upload_is_watched_without_a_viewer_too(app: App, live: Served) -> None:
    person = await app.person()
    data = await app.data('mutation { createUpload(input: {filename: "a", size: 3}) { id url } }', person)
    upload = data["createUpload"]
    async with await live.wire_of(person) as wire:
        watch = f"subscription ($id: ID!) {{ uploadUpdated(id: $id) {selection_of('Upload', 2)} }}"
        await wire.subscribe(watch, id=upload["id"])
        first = (await wire.next())["uploadUpdated"]
        path = "/" + upload["url"].split("/", 3)[3]
        headers = {
            "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"
        }  # fmt: skip
        assert (await app.http.patch(path, content=b"a b", headers=headers)).status_code == 204
        while (told := (await wire.next())["uploadUpdated"])["status"] != "COMPLETED":
            pass

    assert (first["offset"], told["offset"], told["url"].split("?")[0]) == (0, 3, first["url"].split("?")[0])


async def test_an_id_that_is_used_again_at_once_hears_only_of_the_new_operation(app: App, live: Served) -> None:
    person = await app.person()
    old, new = await app.batch(person), await app.batch(person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=old)
        await wire.next()
        await wire.send({"id": "1", "type": "complete"})
        await wire.subscribe(WATCH, id=new)
        await change(app, old, status=JobStatus.PAUSED)
        assert (await wire.next())["jobUpdated"]["id"] == new
        await change(app, old, status=JobStatus.PENDING)
        await change(app, new, status=JobStatus.PAUSED)
        assert (await wire.next())["jobUpdated"] | {"version": 0, "progress": 0} == {
            "id": new, "status": "PAUSED", "version": 0, "progress": 0
        }  # fmt: skip


@pytest.mark.parametrize("bounds", [Bounds(stalled_seconds=1)])
async def test_a_socket_that_reads_nothing_is_ended_and_the_others_hear_everything(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    stuck = socket.socket()
    stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    stuck.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(stuck, ("127.0.0.1", live.port))
    head = ["GET /graphql HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==",
            "Sec-WebSocket-Protocol: graphql-transport-ws", "", ""]  # fmt: skip
    await loop.sock_sendall(stuck, "\r\n".join(head).encode())
    await loop.sock_recv(stuck, 4_096)
    payload = {"query": MESSAGES, "variables": {"id": job_id}}
    for message in (
        {"type": "connection_init", "payload": {"Authorization": f"Bearer {person.token}"}},
        {"type": "subscribe", "id": "1", "payload": payload},
    ):
        await loop.sock_sendall(stuck, frame_of(message))
    async with await live.wire_of(person) as wire:
        await wire.subscribe(MESSAGES, id=job_id)
        await wire.next()
        await until(lambda: app.listeners == 2)
        statuses = [JobStatus.PAUSED, JobStatus.PENDING] * 100
        for status in statuses:
            await change(app, job_id, status=status, status_message="x" * 50_000)
            assert (await wire.next())["jobUpdated"]["status"] == status
            if app.listeners == 1:
                break
        await until(lambda: app.listeners == 1, 10)
        await change(app, job_id, status=JobStatus.CANCELLED, status_message="end")
        assert (await wire.next())["jobUpdated"] == {"status": "CANCELLED", "statusMessage": "end"}
    stuck.close()


def frame_of(message: dict[str, Any]) -> bytes:
    """A masked text frame (RFC 6455, section 5.2), with a mask of zeros."""
    content = orjson.dumps(message)
    size = len(content).to_bytes(2, "big")
    return b"\x81" + (bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + size) + bytes(4) + content


async def test_of_a_change_that_was_told_nothing_stays(app: App, live: Served) -> None:
    owner = await app.person()
    job_id = await app.batch(owner)
    async with await live.wire_of(owner) as wire:
        await wire.subscribe(WATCH, id=job_id)
        await wire.next()
        for percentage in (10.0, 20.0):
            await change(app, job_id, percentage=percentage)
            await wire.next()
        await until(lambda: not kept_states(job_id))


def kept_states(job_id: str) -> list[object]:
    """Whatever in memory holds a state of the job."""
    gc.collect()
    states = [one for one in gc.get_objects() if type(one) in {Event, Change, job_of}]
    return [one for one in states if job_id in repr(one)]
