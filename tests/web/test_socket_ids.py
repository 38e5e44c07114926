"""Ids of operations on a socket: one operation at a time has one."""

import asyncio
from typing import Any

import pytest

from execution.groups.subscriber import Subscriber
from tests.web_app import App, Served, until

WATCH_ALL = "subscription { jobsUpdated { id } }"
TYPENAME = "{ __typename }"


async def test_an_id_that_is_in_use_closes_with_4409(app: App, live: Served) -> None:
    wire = await live.wire_of(await app.person())
    await wire.subscribe(WATCH_ALL)
    await wire.subscribe(WATCH_ALL)

    assert await wire.close_code() == 4409
    await until(lambda: app.listeners == 0)


async def test_an_id_may_be_used_again_after_its_operation(live: Served) -> None:
    async with await live.wire_of() as wire:
        for _ in range(3):
            await wire.subscribe("{ nope }")
            assert await wire.error() == "GRAPHQL_VALIDATION_FAILED"


async def test_an_id_that_is_taken_again_belongs_to_its_new_operation(
    live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the operation that had it before takes its time to end."""
    subscribers: list[Subscriber] = []
    ended: list[Subscriber] = []
    may_end = [asyncio.Event(), asyncio.Event()]

    async def watch(_pipeline: Any, _admitted: Any, _context: Any, subscriber: Subscriber) -> None:
        subscribers.append(subscriber)
        number = len(subscribers) - 1
        try:
            await asyncio.Event().wait()
        finally:
            await may_end[number].wait()
            ended.append(subscriber)

    monkeypatch.setattr("web.pipeline.Pipeline.watch", watch)
    async with await live.wire() as wire:
        await wire.init()
        await wire.subscribe(WATCH_ALL, "again")
        await until(lambda: len(subscribers) == 1)
        await wire.send({"id": "again", "type": "complete"})
        await wire.subscribe(WATCH_ALL, "again")
        await until(lambda: len(subscribers) == 2)
        may_end[0].set()
        await until(lambda: len(ended) == 1)

        await wire.send({"id": "again", "type": "complete"})
        await wire.subscribe(TYPENAME, "after")
        assert await wire.next("after") == {"__typename": "Query"}
        subscribers[1]._outlet.write(b"{}")
        assert await wire.receive() == {"id": "after", "type": "complete"}
        await wire.subscribe(TYPENAME, "last")
        assert await wire.next("last") == {"__typename": "Query"}
        may_end[1].set()
        await until(lambda: len(ended) == 2)
