"""Log lines, live."""

import asyncio
from collections.abc import Sequence

import pytest

from base.words import JobStatus, LogLevel
from jobs.snapshots import newest_line_id
from models import Job, LogEntry
from tests.resolvers.live_for_tests import LOGS, finished, move, say
from tests.web_app import App, Served, Wire, until


async def messages(wire: Wire, count: int) -> Sequence[str]:
    return [(await wire.next())["logs"]["message"] for _ in range(count)]


async def test_new_lines_come_as_they_are_written(app: App, live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    is_known = asyncio.Event()

    async def tell(job_id: str) -> int:
        newest = await newest_line_id(job_id)
        is_known.set()
        return newest

    monkeypatch.setattr("resolvers.log_watches.newest_line_id", tell)
    person = await app.person()
    job_id = await app.batch(person)
    await say(app, job_id, "before")
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS, id=job_id)
        await asyncio.wait_for(is_known.wait(), 20)
        await say(app, job_id, "one", "two")
        await say(app, job_id, "hidden", level=LogLevel.DEBUG)
        await say(app, job_id, "three", level=LogLevel.ERROR)
        assert await messages(wire, 3) == ["one", "two", "three"]


async def test_lines_after_one_have_no_hole_whatever_was_lost(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await say(app, job_id, *(f"line {number}" for number in range(300)))
    first = await LogEntry.filter(job_id=job_id).order_by("id").first()
    assert first is not None
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS, id=job_id, after=str(first.id))
        assert await messages(wire, 299) == [f"line {number}" for number in range(1, 300)]
        await say(app, job_id, "lost 1", "lost 2", is_told=False)
        await say(app, job_id, "told")
        assert await messages(wire, 3) == ["lost 1", "lost 2", "told"]
        await say(app, job_id, "lost 3", is_told=False)
        app.services.request.hub.deliver_loss()
        assert await messages(wire, 1) == ["lost 3"]
        await say(app, job_id, "lost 4", is_told=False)
        await move(app, job_id, status=JobStatus.COMPLETED)
        assert await messages(wire, 1) == ["lost 4"]
        assert await finished(wire)


async def test_the_log_of_a_finished_job_is_read_to_its_end(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await say(app, job_id, "one", "two")
    await Job.filter(id=job_id).update(status=JobStatus.COMPLETED)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS, id=job_id, after="0")
        assert await messages(wire, 2) == ["one", "two"]
        assert await finished(wire)


async def test_lines_of_all_ones_jobs_and_nobody_elses(app: App, live: Served) -> None:
    person, stranger = await app.person(), await app.person()
    own, foreign = await app.batch(person), await app.batch(stranger)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS)
        await until(lambda: app.listeners == 1)
        await say(app, foreign, "foreign")
        await say(app, own, "own")
        assert (await wire.next())["logs"]["jobId"] == own


@pytest.mark.parametrize("after", ["x", "", "-1", "1.5", "٣", "9" * 30])
async def test_a_line_that_cannot_be_is_bad_input(app: App, live: Served, after: str) -> None:
    person = await app.person()
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS, id=await app.batch(person), after=after)
        assert await wire.error() == "BAD_INPUT"
