"""Subscriptions: the present state first, every change of status, progress at the pace that was asked for, then the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError
from tortoise.transactions import in_transaction

import resolvers.live
from base.words import JobStatus, LogLevel, Role
from jobs.history import add_lines
from jobs.live import job_event
from jobs.outbox import Letters
from jobs.rows import change_job, lock_job
from models import Job, LogEntry
from tests.web_app import App, Person, Served, Wire, until

WATCH = "subscription ($id: ID!, $pace: Float! = 20) { jobUpdated(id: $id, maxPerSecond: $pace) { id status progress { percentage } version } }"
WATCH_ALL = "subscription ($filter: JobFilter) { jobsUpdated(filter: $filter, maxPerSecond: 20) { id status } }"
LOGS = "subscription ($id: ID, $after: ID, $level: LogLevel! = INFO) { logs(jobId: $id, after: $after, minLevel: $level) { id message jobId } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


async def move(app: App, job_id: str, **columns: Any) -> None:
    """Change a job as a worker does, and tell it."""
    letters = Letters()
    async with in_transaction() as db:
        row = await change_job(db, job_id, set(JobStatus), **columns)
        assert row is not None
        letters.job_changed(row)
    await app.house.means.outbox.send(letters)


async def say(app: App, job_id: str, *messages: str, level: LogLevel = LogLevel.INFO, is_told: bool = True) -> None:
    """Write to a job's log as a worker does; the event is lost where it is not told."""
    letters = Letters()
    async with in_transaction() as db:
        row = await lock_job(db, job_id)
        assert row is not None
        await add_lines(db, row, [(level, message) for message in messages], letters)
    if is_told:
        await app.house.means.outbox.send(letters)


async def finished(wire: Wire, id_: str = "1") -> bool:
    return await wire.receive() == {"id": id_, "type": "complete"}


async def test_a_watched_job_tells_its_state_then_each_change_and_ends(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id)
        seen = [(await wire.next())["jobUpdated"]]
        for status in (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.COMPLETED):
            await move(app, job_id, status=status)
            seen.append((await wire.next())["jobUpdated"])
        assert await finished(wire)

    assert [job["status"] for job in seen] == ["AWAITING_INPUT", "PENDING", "PROCESSING", "COMPLETED"]
    assert [job["version"] for job in seen] == sorted({job["version"] for job in seen})
    assert app.listeners == 0


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED])
async def test_a_finished_job_is_told_once(app: App, live: Served, status: JobStatus) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await Job.filter(id=job_id).update(status=status)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id)
        assert (await wire.next())["jobUpdated"]["status"] == status
        assert await finished(wire)


async def test_progress_comes_at_the_pace_that_was_asked_for_and_the_latest_wins(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await move(app, job_id, status=JobStatus.PROCESSING)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id, pace=10)
        await wire.next()
        started = time.monotonic()
        seen: list[dict[str, Any]] = []
        for step in range(1, 51):
            await move(app, job_id, percentage=float(step))
            await asyncio.sleep(0.01)
        await move(app, job_id, status=JobStatus.COMPLETED, percentage=100.0)
        while not seen or seen[-1]["status"] != "COMPLETED":
            seen.append((await wire.next())["jobUpdated"])
        seconds = time.monotonic() - started
        assert await finished(wire)

    assert 2 <= len(seen) <= seconds * 10 + 2
    shown = [job["progress"]["percentage"] for job in seen]
    assert shown == sorted(shown)


async def test_no_status_is_lost_at_the_slowest_pace(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    statuses = [JobStatus.PROCESSING, JobStatus.PENDING] * 5 + [JobStatus.FAILED]
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id, pace=0.1)
        await wire.next()
        for status in statuses:
            await move(app, job_id, status=status)
        assert [(await wire.next())["jobUpdated"]["status"] for _ in statuses] == statuses
        assert await finished(wire)


async def test_a_watcher_who_missed_events_reads_the_state_anew(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=job_id)
        await wire.next()
        await Job.filter(id=job_id).update(status=JobStatus.COMPLETED, version=99)
        app.house.means.hub.deliver_loss()
        assert (await wire.next())["jobUpdated"]["status"] == "COMPLETED"
        assert await finished(wire)


@pytest.mark.parametrize("pace", [0.0, 0.09, 20.1, -1.0, 1e300])
async def test_a_pace_out_of_range_is_bad_input(app: App, live: Served, pace: float) -> None:
    person = await app.person()
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH, id=await app.batch(person), pace=pace)
        assert await wire.error() == "BAD_INPUT"
    assert app.listeners == 0


@pytest.mark.parametrize(
    "subscription",
    ["subscription ($id: ID!) { jobUpdated(id: $id) { id } }", "subscription ($id: ID!) { batchUpdated(id: $id) { id } }",
     "subscription ($id: ID!) { logs(jobId: $id) { id } }"],
)  # fmt: skip
async def test_a_foreign_job_and_an_unknown_one_look_the_same(app: App, live: Served, subscription: str) -> None:
    owner, stranger = await app.person(), await app.person()
    job_id = await app.batch(owner)
    answers = []
    for who in (stranger, None):
        async with await live.wire_of(who) as wire:
            for id_ in (job_id, "batch-1754556928-12a41dbec0f3"):
                await wire.subscribe(subscription, id=id_)
                answers.append(await wire.error())

    assert answers == ["BATCH_NOT_FOUND", "BATCH_NOT_FOUND", "UNAUTHENTICATED", "UNAUTHENTICATED"]
    assert app.listeners == 0


async def test_a_foreign_upload_cannot_be_watched(app: App, live: Served) -> None:
    owner, stranger = await app.person(), await app.person()
    upload = await app.upload(owner)
    async with await live.wire_of(stranger) as wire:
        await wire.subscribe("subscription ($id: ID!) { uploadUpdated(id: $id) { id } }", id=upload.id)
        assert await wire.error() == "UPLOAD_NOT_FOUND"


async def test_a_watched_upload_tells_its_bytes_and_ends_when_it_is_complete(app: App, live: Served) -> None:
    person = await app.person()
    create = 'mutation { createUpload(input: {filename: "a.txt", size: 4}) { id url } }'
    upload = (await app.data(create, person))["createUpload"]
    watch = "subscription ($id: ID!) { uploadUpdated(id: $id, maxPerSecond: 20) { status offset } }"
    async with await live.wire_of(person) as wire:
        await wire.subscribe(watch, id=upload["id"])
        assert await wire.next() == {"uploadUpdated": {"status": "UPLOADING", "offset": 0}}
        for offset, content in ((0, b"ab"), (2, b"cd")):
            headers = {**TUS, "Upload-Offset": str(offset)}
            assert (await app.http.patch(upload["url"], content=content, headers=headers)).status_code == 204
        seen = [(await wire.next())["uploadUpdated"]]
        while seen[-1]["status"] != "COMPLETED":
            seen.append((await wire.next())["uploadUpdated"])
        assert seen[-1] == {"status": "COMPLETED", "offset": 4}
        assert await finished(wire)


async def test_a_list_starts_with_what_is_active_and_tells_what_comes_and_goes(app: App, live: Served) -> None:
    person, stranger = await app.person(), await app.person()
    done, first = await app.batch(person), await app.batch(person)
    await Job.filter(id=done).update(status=JobStatus.COMPLETED)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL, filter={"isActive": True})
        assert await wire.next() == {"jobsUpdated": {"id": first, "status": "PENDING"}}
        await app.batch(stranger)
        second = await app.batch(person)
        assert await wire.next() == {"jobsUpdated": {"id": second, "status": "PENDING"}}
        await move(app, first, status=JobStatus.COMPLETED)
        assert await wire.next() == {"jobsUpdated": {"id": first, "status": "COMPLETED"}}
        await move(app, first, title="nobody sees this: it is not in the list any more")
        await move(app, second, status=JobStatus.PROCESSING)
        assert await wire.next() == {"jobsUpdated": {"id": second, "status": "PROCESSING"}}


async def test_a_list_tells_that_a_job_was_deleted_which_had_ended_before_it_began(app: App, live: Served) -> None:
    admin = await app.person(Role.ADMIN)
    ended, other = await app.batch(admin), await app.batch(admin)
    await Job.filter(id__in=[ended, other]).update(status=JobStatus.FAILED)
    await Job.filter(id=other).update(kind="another")
    watch = "subscription ($filter: JobFilter) { jobsUpdated(filter: $filter) { id deletedAt } }"
    async with await live.wire_of(admin) as wire:
        await wire.subscribe(watch, filter={"kinds": ["counting"]})
        await until(lambda: app.listeners > 0)
        for id_ in (other, ended):
            await app.data("mutation ($id: ID!) { deleteJob(id: $id) }", admin, id=id_)
        told = (await wire.next())["jobsUpdated"]
        assert (told["id"], told["deletedAt"] is not None) == (ended, True)


async def test_a_list_tells_nothing_older_after_a_jobs_end(app: App, live: Served) -> None:
    person = await app.person()
    first, second = await app.batch(person), await app.batch(person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL)
        assert {(await wire.next())["jobsUpdated"]["id"] for _ in range(2)} == {first, second}
        late = job_event(await Job.get(id=first))
        await move(app, first, status=JobStatus.COMPLETED)
        assert await wire.next() == {"jobsUpdated": {"id": first, "status": "COMPLETED"}}
        app.house.means.hub.deliver(late)
        await move(app, second, status=JobStatus.PROCESSING)
        assert await wire.next() == {"jobsUpdated": {"id": second, "status": "PROCESSING"}}


async def test_a_list_of_an_admin_holds_everybodys_or_one_owners(app: App, live: Served) -> None:
    one, two, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    async with await live.wire_of(admin) as wire:
        await wire.subscribe(WATCH_ALL, "all")
        await wire.subscribe(WATCH_ALL, "one", filter={"ownerId": one.id})
        await until(lambda: app.listeners == 2)
        theirs, his = await app.batch(two), await app.batch(one)
        got = [await wire.receive() for _ in range(3)]

    told = sorted((message["id"], message["payload"]["data"]["jobsUpdated"]["id"]) for message in got)
    assert told == sorted([("all", theirs), ("all", his), ("one", his)])


async def test_only_admins_watch_other_owners(app: App, live: Served) -> None:
    person, other = await app.person(), await app.person()
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL, filter={"ownerId": other.id})
        assert await wire.error() == "FORBIDDEN"


async def test_a_list_that_missed_events_tells_also_what_ended_meanwhile(app: App, live: Served) -> None:
    person = await app.person()
    first, second = await app.batch(person), await app.batch(person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL)
        assert {(await wire.next())["jobsUpdated"]["id"] for _ in range(2)} == {first, second}
        await Job.filter(id=first).update(status=JobStatus.COMPLETED, version=99)
        app.house.means.hub.deliver_loss()
        told = [(await wire.next())["jobsUpdated"] for _ in range(2)]

    assert told == [{"id": second, "status": "PENDING"}, {"id": first, "status": "COMPLETED"}]


async def messages(wire: Wire, count: int) -> Sequence[str]:
    return [(await wire.next())["logs"]["message"] for _ in range(count)]


async def test_new_lines_come_as_they_are_written(app: App, live: Served) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await say(app, job_id, "before")
    async with await live.wire_of(person) as wire:
        await wire.subscribe(LOGS, id=job_id)
        await until(lambda: app.listeners == 1)
        await asyncio.sleep(0.05)
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
        app.house.means.hub.deliver_loss()
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


async def test_many_watchers_cost_no_database_reads(app: App, live: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    person: Person = await app.person()
    job_id = await app.batch(person)
    wires = [await live.wire_of(person) for _ in range(10)]
    for wire in wires:
        for number in range(20):
            await wire.subscribe(WATCH, str(number), id=job_id)
        for _ in range(20):
            await wire.receive()
    calls = 0

    async def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    monkeypatch.setattr("resolvers.live.find_job", count)
    await move(app, job_id, status=JobStatus.COMPLETED)
    for wire in wires:
        got = [await wire.receive() for _ in range(40)]
        assert sum(message["type"] == "complete" for message in got) == 20
        await wire.connection.close()

    assert (calls, app.listeners) == (0, 0)


@pytest.mark.parametrize("query", [WATCH, WATCH_ALL, LOGS])
async def test_a_database_that_restarts_ends_no_subscription(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """The state is read once the database is there, be it the first one or that after something was missed."""
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    away: list[bool] = []

    def away_at_first(read: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def reach(*arguments: Any) -> Any:
            if away:
                away.pop()
                raise DBConnectionError("[Errno 111] Connection refused")
            return await read(*arguments)

        return reach

    for name in ("find_job", "active_jobs"):
        monkeypatch.setattr(resolvers.live, name, away_at_first(getattr(resolvers.live, name)))
    async with await live.wire_of(person) as wire:
        away += [True, True]
        await wire.subscribe(query, id=job_id, after="0")
        await until(lambda: not away)
        await say(app, job_id, "a line")
        assert await wire.next()
        away += [True, True]
        app.house.means.hub.deliver_loss()
        await until(lambda: not away)
        await say(app, job_id, "another line")
        await move(app, job_id, status=JobStatus.PENDING)
        assert await wire.next()
