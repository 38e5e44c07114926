import asyncio
import random
import time
from collections.abc import Callable

import pytest

from events.mailbox import CAPACITY, Mailbox, StateLost
from tests.events.events_for_tests import (
    JOB,
    OTHER,
    event_now,
    is_told_of_loss,
    job_event,
    line_event,
    next_of,
    versions_now,
)

SetClock = Callable[[float], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Puts the mailbox's clock to so many seconds."""
    seconds = 1_000.0

    def set_clock(moment: float) -> None:
        nonlocal seconds
        seconds = 1_000.0 + moment

    monkeypatch.setattr("events.mailbox.time.monotonic", lambda: seconds)
    return set_clock


async def test_the_first_event_of_a_key_is_due_at_once() -> None:
    mailbox = Mailbox(interval=10)
    mailbox.put(job_event(1))
    assert await versions_now(mailbox) == [1]


@pytest.mark.parametrize("column", ["status", "stage", "awaiting", "deleted_at", "attempt"])
async def test_what_is_more_than_progress_is_due_at_once(column: str) -> None:
    mailbox = Mailbox(interval=10)
    mailbox.put(job_event(1))
    assert await versions_now(mailbox) == [1]
    mailbox.put(job_event(2, **{column: "changed"}))
    assert await versions_now(mailbox) == [2]


async def test_progress_waits_for_the_interval_and_only_the_latest_is_told(clock: SetClock) -> None:
    mailbox = Mailbox(interval=1)
    mailbox.put(job_event(1))
    assert await versions_now(mailbox) == [1]
    for version in (2, 3, 4):
        mailbox.put(job_event(version))
    clock(0.999)
    assert await versions_now(mailbox) == []
    clock(1)
    assert await versions_now(mailbox) == [4]
    mailbox.put(job_event(5))
    assert await versions_now(mailbox) == []
    clock(2)
    assert await versions_now(mailbox) == [5]


async def test_a_reader_wakes_when_the_interval_is_over_without_another_event() -> None:
    mailbox = Mailbox(interval=0.05)
    mailbox.put(job_event(1))
    mailbox.put(job_event(2))
    began = time.monotonic()
    assert (await next_of(mailbox)).version == 2
    mailbox.put(job_event(3))
    assert (await next_of(mailbox)).version == 3
    assert time.monotonic() - began >= 0.05


async def test_a_waiting_reader_wakes_at_once_for_a_change_of_status() -> None:
    mailbox = Mailbox(interval=60)
    mailbox.put(job_event(1))
    assert (await next_of(mailbox)).version == 1
    mailbox.put(job_event(2))
    reader = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0.01)
    mailbox.put(job_event(3, "COMPLETED"))
    assert (await asyncio.wait_for(reader, 5)).row["status"] == "COMPLETED"
    assert await versions_now(mailbox) == []


async def test_no_change_of_status_is_left_out_while_nobody_reads() -> None:
    mailbox = Mailbox(interval=60)
    mailbox.seen(job_event(1, "UPLOADED"))
    statuses = ["PENDING", "PROCESSING", "PAUSED", "PENDING", "PROCESSING", "COMPLETED"]
    for place, status in enumerate(statuses):
        mailbox.put(job_event(2 * place + 2, status))
        mailbox.put(job_event(2 * place + 3, status))
    told = []
    while (event := await event_now(mailbox)) is not None:
        told.append((event.row["status"], event.version))
    assert told == [(status, 2 * place + 3) for place, status in enumerate(statuses)]


async def test_progress_before_a_change_of_status_is_not_told_after_it() -> None:
    mailbox = Mailbox(interval=60)
    mailbox.put(job_event(1))
    assert await versions_now(mailbox) == [1]
    mailbox.put(job_event(2))
    mailbox.put(job_event(3, "PAUSED"))
    assert await versions_now(mailbox) == [3]


@pytest.mark.parametrize("seed", range(20))
async def test_versions_only_rise_and_every_status_is_told_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    mailbox = Mailbox(interval=chance.choice([0, 60]))
    told, sent = [], []
    status = "PENDING"
    for version in range(1, 200):
        if chance.random() < 0.2:
            status = chance.choice([name for name in ("PENDING", "PROCESSING", "PAUSED") if name != status])
            sent.append(status)
        elif version == 1:
            sent.append(status)
        mailbox.put(job_event(version, status))
        while chance.random() < 0.3 and (event := await event_now(mailbox)) is not None:
            told.append(event)
    while (event := await event_now(mailbox)) is not None:
        told.append(event)
    versions = [event.version for event in told]
    assert versions == sorted(set(versions))
    runs = [
        event.row["status"]
        for place, event in enumerate(told)
        if not place or told[place - 1].row["status"] != event.row["status"]
    ]
    assert runs == [name for place, name in enumerate(sent) if not place or sent[place - 1] != name]


@pytest.mark.parametrize("version", [1, 2])
async def test_what_is_not_newer_than_what_was_told_or_waits_is_dropped(version: int) -> None:
    mailbox = Mailbox()
    mailbox.put(job_event(2))
    mailbox.put(job_event(version, "COMPLETED"))
    assert await versions_now(mailbox) == [2]
    mailbox.put(job_event(version, "COMPLETED"))
    assert await versions_now(mailbox) == []


async def test_the_pace_of_one_job_does_not_hold_up_another(clock: SetClock) -> None:
    mailbox = Mailbox(interval=1)
    mailbox.put(job_event(1))
    assert await versions_now(mailbox) == [1]
    mailbox.put(job_event(2))
    mailbox.put(job_event(7, job_id=OTHER))
    assert await versions_now(mailbox) == [7]
    clock(1)
    assert await versions_now(mailbox) == [2]


async def test_log_lines_are_all_told_at_once_and_in_order() -> None:
    mailbox = Mailbox(interval=60)
    for number in range(1, 6):
        mailbox.put(line_event(number))
    assert [(await next_of(mailbox)).row["id"] for _ in range(5)] == [1, 2, 3, 4, 5]


async def test_log_lines_leave_no_trace_once_they_are_told() -> None:
    mailbox = Mailbox()
    for number in range(1, 100):
        mailbox.put(line_event(number))
        await next_of(mailbox)
    assert not mailbox._delivered


async def test_a_snapshot_makes_what_is_older_stale(clock: SetClock) -> None:
    mailbox = Mailbox(interval=1)
    for version, status in ((1, "PENDING"), (2, "PROCESSING"), (4, "PAUSED")):
        mailbox.put(job_event(version, status))
    mailbox.seen(job_event(2, "PROCESSING"))
    assert await versions_now(mailbox) == [4]


async def test_a_snapshot_counts_as_told_for_the_pace(clock: SetClock) -> None:
    mailbox = Mailbox(interval=1)
    mailbox.seen(job_event(1))
    mailbox.put(job_event(2))
    assert await versions_now(mailbox) == []
    clock(1)
    assert await versions_now(mailbox) == [2]


async def test_a_snapshot_of_one_job_leaves_the_others_alone() -> None:
    mailbox = Mailbox()
    mailbox.put(job_event(1))
    mailbox.seen(job_event(5, job_id=OTHER))
    assert await versions_now(mailbox) == [1]


async def test_what_is_forgotten_begins_anew_and_nothing_older_is_told() -> None:
    mailbox = Mailbox(interval=60)
    mailbox.seen(job_event(5))
    mailbox.forget(f"job:{JOB}")
    mailbox.forget("job:unknown")
    mailbox.put(job_event(4))
    mailbox.put(job_event(5))
    assert await versions_now(mailbox) == []
    mailbox.put(job_event(6))
    assert await versions_now(mailbox) == [6]


async def test_of_what_is_forgotten_only_the_latest_versions_are_kept() -> None:
    mailbox = Mailbox(most_forgotten=1)
    for id_ in (JOB, OTHER):
        mailbox.seen(job_event(5, id=id_))
        mailbox.forget(f"job:{id_}")
        mailbox.put(job_event(4, id=id_))
    assert await versions_now(mailbox) == []
    mailbox.put(job_event(3, id=JOB))
    assert await versions_now(mailbox) == [3]


async def test_a_full_mailbox_says_once_that_the_state_is_to_be_read_anew() -> None:
    mailbox = Mailbox()
    for number in range(CAPACITY):
        mailbox.put(line_event(number + 1))
    assert len(mailbox._waiting) == CAPACITY
    mailbox.put(line_event(CAPACITY + 1))
    await is_told_of_loss(mailbox)
    assert await event_now(mailbox) is None
    mailbox.put(line_event(CAPACITY + 2))
    assert (await next_of(mailbox)).row["id"] == CAPACITY + 2


async def test_a_full_mailbox_still_takes_the_latest_progress() -> None:
    mailbox = Mailbox(interval=60)
    mailbox.seen(job_event(1))
    mailbox.put(job_event(2))
    for number in range(CAPACITY - 1):
        mailbox.put(line_event(number + 1))
    mailbox.put(job_event(3))
    assert len(mailbox._waiting) == CAPACITY
    assert not mailbox._has_lost


async def test_after_a_loss_comes_only_what_arrived_later() -> None:
    mailbox = Mailbox()
    mailbox.put(job_event(1))
    mailbox.lose()
    mailbox.put(job_event(3))
    await is_told_of_loss(mailbox)
    mailbox.seen(job_event(2))
    assert await versions_now(mailbox) == [3]


async def test_two_losses_before_anybody_reads_are_one() -> None:
    mailbox = Mailbox()
    mailbox.lose()
    mailbox.lose()
    await is_told_of_loss(mailbox)
    assert await event_now(mailbox) is None


async def test_a_waiting_reader_is_told_of_a_loss() -> None:
    mailbox = Mailbox()
    reader = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.lose()
    with pytest.raises(StateLost):
        await asyncio.wait_for(reader, 5)


async def test_a_reader_who_is_cancelled_takes_nothing_along() -> None:
    mailbox = Mailbox()
    reader = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    reader.cancel()
    mailbox.put(job_event(1))
    await asyncio.wait([reader])
    assert await versions_now(mailbox) == [1]


async def test_a_mailbox_can_be_iterated() -> None:
    mailbox = Mailbox()
    for version in (1, 2, 3):
        mailbox.put(job_event(version, str(version)))
    versions = []
    async for event in mailbox:
        versions.append(event.version)
        if len(versions) == 3:
            break
    assert versions == [1, 2, 3]
