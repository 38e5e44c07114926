"""A job's log and history: what is kept, in which order, and the chain by which a client finds holes."""

import asyncio

from jobs.contents import list_events, list_lines
from jobs.lifecycle import retry_job
from jobs.recording.logs import record_lines
from jobs.snapshots import lines_after, newest_line_id
from models import LogEntry
from processors.contract import LogLevel
from tests.job_harness import JobHarness, page_of


async def test_a_thousand_lines_are_kept_and_the_chain_has_no_hole(harness: JobHarness) -> None:
    job = await harness.plan(1)
    claim = await harness.claim()
    for first in range(0, 1200, 150):
        lines = [(LogLevel.INFO, f"line {number}") for number in range(first, first + 150)]
        await record_lines(claim, lines, harness.outbox)
    kept = await LogEntry.filter(job_id=job.id).order_by("id")
    assert [line.message for line in kept] == [f"line {number}" for number in range(200, 1200)]
    told = [event.row for event in harness.events if event.kind == "log"]
    assert [row["message"] for row in told] == [f"line {number}" for number in range(1200)]
    assert [row["previous_id"] for row in told] == [None, *(row["id"] for row in told[:-1])]
    assert [row["id"] for row in told] == sorted({row["id"] for row in told})
    assert {row["owner_id"] for row in told} == {job.owner_id}
    assert await newest_line_id(job.id) == told[-1]["id"]
    assert [row["id"] for row in await lines_after(job.id, told[-3]["id"])] == [row["id"] for row in told[-2:]]


async def test_more_than_a_thousand_lines_at_once_leave_the_newest(harness: JobHarness) -> None:
    job = await harness.plan(1)
    await record_lines(await harness.claim(), [(LogLevel.DEBUG, str(number)) for number in range(1005)], harness.outbox)
    kept = await LogEntry.filter(job_id=job.id).order_by("id")
    assert (len(kept), kept[0].message, kept[-1].message) == (1000, "5", "1004")


async def test_a_line_is_cut_at_two_thousand_characters(harness: JobHarness) -> None:
    await harness.plan(1)
    await record_lines(await harness.claim(), [(LogLevel.INFO, "ä" * 2001)], harness.outbox)
    assert (await LogEntry.get()).message == "ä" * 2000


async def test_lines_of_several_workers_at_once_form_one_chain(harness: JobHarness) -> None:
    await harness.plan(*[1] * 5)
    claims = [await harness.claim() for _ in range(5)]

    async def talk(place: int) -> None:
        for number in range(10):
            await record_lines(claims[place], [(LogLevel.INFO, f"{place}.{number}")] * 2, harness.outbox)

    await asyncio.gather(*(talk(place) for place in range(5)))
    told = sorted((event.row for event in harness.events if event.kind == "log"), key=lambda row: row["id"])
    assert len(told) == 100
    assert [row["previous_id"] for row in told] == [None, *(row["id"] for row in told[:-1])]


async def test_a_retry_goes_on_with_the_same_log_and_history(harness: JobHarness) -> None:
    job = await harness.plan(1)
    claim = await harness.claim()
    await record_lines(claim, [(LogLevel.WARNING, "first")], harness.outbox)
    await harness.fail(claim)
    await retry_job(harness.viewer, job.id, harness.outbox, only_failed_items=False)
    lines = await page_of(list_lines(LogLevel.WARNING), job.id)
    assert [(row["level"], row["message"]) for row in lines.rows] == [
        ("WARNING", "first"),
        ("ERROR", "It cannot be read."),
    ]
    events = await page_of(list_events(), job.id)
    assert [(row["status"], row["attempt"]) for row in events.rows][-2:] == [("FAILED", 1), ("PENDING", 2)]
