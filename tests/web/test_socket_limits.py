"""Limits of sockets, and their close codes."""

import asyncio
import gc

import pytest
from prometheus_client import REGISTRY

from base.errors import Refusal
from schema.build import build_schema
from tests.web_app import App, Served, until
from tests.wire import Wires
from web.concurrency import WAITING_PER_ADDRESS, MemoryBudget, footprint_of

SCHEMA = build_schema()
WATCH_ALL = "subscription { jobsUpdated { id } }"
TYPENAME = "{ __typename }"
LARGE = 90_000


def kept() -> float:
    return REGISTRY.get_sample_value("waybill_socket_operation_bytes") or 0.0


def texts_of(letter: str) -> int:
    """How often anything in the process holds on to a long text that is full of this letter."""
    gc.collect()
    values = (value for holder in gc.get_objects() for value in gc.get_referents(holder))
    return sum(isinstance(value, str) and value[-LARGE // 2 :].count(letter) == LARGE // 2 for value in values)


@pytest.mark.parametrize("type_", ["subscribe", "complete"])
async def test_an_id_of_more_than_200_characters_closes_with_4400(live: Served, type_: str) -> None:
    wire = await live.wire_of()
    await wire.send({"id": "x" * 201, "type": type_, "payload": {"query": TYPENAME}})

    assert await wire.close_code() == 4400
    assert wire.connection.close_reason == "The id is a string of at most 200 characters"


async def test_an_id_of_200_characters_is_taken(live: Served) -> None:
    async with await live.wire_of() as wire:
        await wire.subscribe(TYPENAME, "x" * 200)
        assert await wire.next("x" * 200) == {"__typename": "Query"}


async def test_a_running_subscription_keeps_neither_text_nor_comments_nor_extensions(app: App, live: Served) -> None:
    person = await app.person()
    wire = await live.wire()
    await wire.send(
        {"type": "connection_init", "payload": {"Authorization": f"Bearer {person.token}", "x": "q" * LARGE}}
    )
    assert (await wire.receive())["type"] == "connection_ack"
    payload = {"query": f"{WATCH_ALL} #{'k' * LARGE}", "extensions": {"x": "j" * LARGE}}
    await wire.send({"id": "1", "type": "subscribe", "payload": payload})
    await until(lambda: app.listeners == 1)
    del payload

    assert (texts_of("k"), texts_of("j"), texts_of("q")) == (0, 0, 0)
    await wire.connection.close()


async def test_what_running_operations_keep_is_counted_until_they_end(app: App, live: Served) -> None:
    before = kept()
    async with await live.wire_of(await app.person()) as wire:
        await wire.subscribe(WATCH_ALL, "1", x="y" * 1_000)
        await until(lambda: kept() >= before + 8_000)
        first = kept() - before
        await wire.subscribe(WATCH_ALL, "2", x="y" * 1_000)  # the same document
        await until(lambda: kept() > before + first)
        assert kept() - before < 2 * first
        await wire.send({"id": "1", "type": "complete"})
        await until(lambda: kept() <= before + first)
        assert "waybill_socket_operation_bytes" in (await app.http.get("/metrics")).text
    await until(lambda: kept() == before)


async def test_an_operation_that_would_keep_too_much_is_refused_alone(app: App, live: Served) -> None:
    before = kept()
    async with await live.wire_of(await app.person()) as wire:
        for number in range(3):
            await wire.subscribe(WATCH_ALL, str(number), x="y" * 900_000)
        assert await wire.error("2") == "QUOTA_EXCEEDED"
        await wire.subscribe(TYPENAME, "short")
        assert await wire.next("short") == {"__typename": "Query"}
        await wire.receive()
        await wire.send({"id": "0", "type": "complete"})
        await until(lambda: app.listeners == 1)
        await wire.subscribe(WATCH_ALL, "again", x="y" * 900_000)
        await until(lambda: app.listeners == 2)
    await until(lambda: kept() == before)


async def test_an_operation_that_is_completed_before_it_begins_gives_its_room_back(app: App, live: Served) -> None:
    before = kept()
    async with await live.wire_of(await app.person()) as wire:
        for number in range(20):
            await wire.subscribe(WATCH_ALL, str(number), x="y" * 10_000)
            await wire.send({"id": str(number), "type": "complete"})
        await wire.subscribe(TYPENAME, "last")
        assert await wire.next("last") == {"__typename": "Query"}
        await until(lambda: kept() == before)


def test_memory_is_bounded_for_each_socket_and_for_all_of_a_user() -> None:
    memory = MemoryBudget(socket_bytes=100_000, user_bytes=150_000)
    document = SCHEMA.read(TYPENAME)
    load = footprint_of(document, json_bytes=10_000, text_characters=10)
    memory.reserve("a", "user", load)
    with pytest.raises(Refusal, match="one connection"):
        memory.reserve("a", "user", load)
    with pytest.raises(Refusal, match="one user"):
        memory.reserve("b", "user", load)
    memory.reserve("b", "other", load)
    memory.release("a", "user", load)
    memory.reserve("c", "user", load)


async def test_a_token_that_is_too_long_to_be_one_closes_with_4403(live: Served) -> None:
    wire = await live.wire()
    await wire.send({"type": "connection_init", "payload": {"Authorization": "Bearer " + "x" * 20_000}})

    assert await wire.close_code() == 4403


async def test_an_introduction_with_a_payload_of_null_is_taken(live: Served) -> None:
    async with await live.wire() as wire:
        await wire.send({"type": "connection_init", "payload": None})
        assert await wire.receive() == {"type": "connection_ack"}


async def test_of_one_address_only_so_many_wait_for_their_introduction(live: Served) -> None:
    wires = [await live.wire() for _ in range(WAITING_PER_ADDRESS)]
    late = await live.wire()
    assert await late.close_code() == 1013
    assert late.connection.close_reason == "Too many connections of this address wait for connection_init"

    await wires[0].init()
    async with await live.wire() as wire:  # who has introduced themselves, waits no more
        await wire.init()
    await asyncio.gather(*(wire.connection.close() for wire in wires))
    async with await live.wire() as wire:
        await wire.init()


@pytest.mark.parametrize("offered", ["graphql-ws", "soap", "soap, graphql-ws"])
async def test_a_browser_sees_4406_because_its_subprotocol_is_accepted_first(live: Served, offered: str) -> None:
    wires = Wires(live.port)
    wire = await wires.connect()
    head = ["GET /graphql HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==",
            f"Sec-WebSocket-Protocol: {offered}", "", ""]  # fmt: skip
    await wire.send("\r\n".join(head))
    status, headers = await wire.answer()
    frame = await asyncio.wait_for(wire.reader.readexactly(4), 5)
    await wires.close()

    # Source: RFC 6455, section 4.1: a client fails a connection whose subprotocol is none that it offered.
    assert (status, headers["sec-websocket-protocol"]) == (101, offered.split(",", maxsplit=1)[0])
    assert (frame[0], int.from_bytes(frame[2:4], "big")) == (0x88, 4406)


@pytest.mark.parametrize("offered", [("graphql-ws", "graphql-transport-ws"), ("graphql-transport-ws", "graphql-ws")])
async def test_who_offers_both_subprotocols_gets_the_new_one(live: Served, offered: tuple[str, str]) -> None:
    async with await live.wire(protocols=offered) as wire:
        assert wire.connection.subprotocol == "graphql-transport-ws"
        await wire.init()


@pytest.mark.parametrize("mebibytes", [2, 32])
async def test_who_sends_a_large_frame_reads_1009_after_sending_all_of_it(live: Served, mebibytes: int) -> None:
    wires = Wires(live.port)
    wire = await wires.connect()
    head = ["GET /graphql HTTP/1.1", "Host: test", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: MDEyMzQ1Njc4OUFCQ0RFRg==",
            "Sec-WebSocket-Protocol: graphql-transport-ws", "", ""]  # fmt: skip
    await wire.send("\r\n".join(head))
    assert (await wire.answer())[0] == 101
    wire.writer.write(b"\x81\xff" + (mebibytes * 2**20).to_bytes(8, "big") + b"mask")
    for _ in range(mebibytes):
        wire.writer.write(b"x" * 2**20)
        await wire.writer.drain()
    frame = await asyncio.wait_for(wire.reader.readexactly(4), 5)
    rest = await asyncio.wait_for(wire.reader.read(), 5)  # the server has ended its side, too
    await wires.close()

    assert (frame[0], int.from_bytes(frame[2:4], "big")) == (0x88, 1009)
    assert len(rest) == frame[1] - 2
