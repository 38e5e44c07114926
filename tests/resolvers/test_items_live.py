"""Items in work, over GraphQL and a socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.words import SlicePhase
from jobs.recording.items import add_items, record_items
from jobs.recording.outcomes import NOTHING, record_plan
from jobs.scheduling.claims import claim_slices
from jobs.scheduling.slices import NewSlice
from jobs.stalls import sweep_stalls
from models.sql import fetch_rows
from tests.job_harness import completed
from tests.kinds import COUNTING
from tests.web_app import App, Person, Served, Wire, opened_app, served

CREATE = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
WATCH = "subscription ($id: ID!) { taskUpdated(id: $id, maxPerSecond: 20) { status items(status: PROCESSING) { totalCount nodes { index status } } } }"
ITEMS = "query ($id: ID!, $status: ItemStatus) { task(id: $id) { items(status: $status) { totalCount nodes { index status error { code isRetryable } } } } }"
WATCH_ETA = (
    "subscription ($id: ID!) { batchUpdated(id: $id) { progress { etaSeconds estimatedCompletion processedItems } } }"
)


@pytest.fixture
async def working(tmp_path: Path, empty_database: Path) -> AsyncIterator[Served]:
    """An application that works, and gives an item three seconds."""
    async with opened_app(tmp_path, empty_database, workers=1, item_timeout=3) as app, served(app) as live:
        yield live


async def play(app: App, person: Person, **demo: Any) -> str:
    return str((await app.data(CREATE, person, input={"work": {"demo": demo}}))["createTask"]["id"])


async def items_of(app: App, person: Person, id_: str, status: str | None = None) -> dict[str, Any]:
    items: dict[str, Any] = (await app.data(ITEMS, person, id=id_, status=status))["task"]["items"]
    return items


async def next_task(wire: Wire) -> dict[str, Any]:
    message = await wire.receive(10)
    task: dict[str, Any] = message["payload"]["data"]["taskUpdated"]
    return task


async def test_an_item_in_work_is_shown_live_until_it_hangs_too_long_and_ends_alone(working: Served) -> None:
    app, person = working.app, await working.app.person()
    id_ = await play(app, person, items=4, seconds=0.2, stallAt=2)
    async with await working.wire_of(person) as wire:
        await wire.send({"id": "1", "type": "subscribe", "payload": {"query": WATCH, "variables": {"id": id_}}})
        while (task := await next_task(wire))["items"]["totalCount"] == 0:
            assert task["status"] in {"PENDING", "PROCESSING"}
        assert task["items"] == {"totalCount": 1, "nodes": [{"index": 2, "status": "PROCESSING"}]}
        waiting = await items_of(app, person, id_, "PENDING")
        assert (waiting["totalCount"], [node["index"] for node in waiting["nodes"]]) == (1, [3])
        assert [node["status"] for node in (await items_of(app, person, id_))["nodes"]] == [
            "COMPLETED", "COMPLETED", "PROCESSING", "PENDING",
        ]  # fmt: skip
        while (task := await next_task(wire))["status"] == "PROCESSING":
            assert task["items"]["totalCount"] <= 1
    assert (task["status"], task["items"]["totalCount"]) == ("COMPLETED", 0)
    failed = await items_of(app, person, id_, "FAILED")
    assert failed["nodes"] == [{"index": 2, "status": "FAILED", "error": {"code": "TIMED_OUT", "isRetryable": True}}]
    assert (await items_of(app, person, id_, "COMPLETED"))["totalCount"] == 3


async def test_the_eta_of_a_watcher_is_null_while_nothing_moves(live: Served) -> None:
    app, person = live.app, await live.app.person()
    outbox = app.services.request.outbox
    id_ = await app.batch(person)
    stages = {"counting": COUNTING.phases}
    plan = await claim_slices("w", stages, outbox)
    assert plan is not None
    await add_items(plan, 0, ["a", "b", "c"])
    await record_plan(plan, [NewSlice(SlicePhase.PROCESS, 0, 0, 3)], NOTHING, COUNTING, outbox)
    claim = await claim_slices("w", stages, outbox)
    assert claim is not None
    async with await live.wire_of(person) as wire:
        await wire.send({"id": "1", "type": "subscribe", "payload": {"query": WATCH_ETA, "variables": {"id": id_}}})
        assert (await wire.next())["batchUpdated"]["progress"]["etaSeconds"] is not None
        await fetch_rows(get_connection("default"), "UPDATE jobs SET progressed_at = progressed_at - 11")
        await sweep_stalls(outbox)
        still = {"etaSeconds": None, "estimatedCompletion": None, "processedItems": 0}
        assert (await wire.next())["batchUpdated"]["progress"] == still
        await asyncio.sleep(0)
        await record_items(claim, [completed(0)], [], COUNTING, outbox, is_done=False)
        moving = (await wire.next())["batchUpdated"]["progress"]
        assert (moving["processedItems"], moving["etaSeconds"] is None) == (1, False)
