"""Subscriptions: the present state first, every change of status, progress at the pace that was asked for, then the end."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError

import resolvers.log_watches
import resolvers.watches
from base.words import JobStatus, Role
from jobs.snapshots import job_event
from models import Job
from models.fields import now
from tests.resolvers.live_for_tests import LOGS, TUS, WATCH, WATCH_ALL, finished, move, say
from tests.web_app import App, Person, Served, until


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
        app.services.request.hub.deliver_loss()
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


async def test_a_list_tells_again_what_ended_while_nobody_listened(app: App, live: Served) -> None:
    person = await app.person()
    earlier, meanwhile, running = [await app.batch(person) for _ in range(3)]
    page_read_at = now()
    for job_id, ended_at in ((earlier, page_read_at - timedelta(hours=1)), (meanwhile, page_read_at)):
        await Job.filter(id=job_id).update(status=JobStatus.COMPLETED, finished_at=ended_at)
    watch = "subscription ($since: DateTime) { jobsUpdated(endedSince: $since) { id status } }"
    async with await live.wire_of(person) as wire:
        await wire.subscribe(watch, since=page_read_at.isoformat())
        assert await wire.next() == {"jobsUpdated": {"id": running, "status": "PENDING"}}
        assert await wire.next() == {"jobsUpdated": {"id": meanwhile, "status": "COMPLETED"}}
        await move(app, running, status=JobStatus.COMPLETED)
        assert await wire.next() == {"jobsUpdated": {"id": running, "status": "COMPLETED"}}


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


@pytest.mark.parametrize(
    "wanted", [{"statuses": ["CANCELLED"]}, {"isActive": False, "statuses": ["CANCELLED", "FAILED"]}]
)
async def test_a_list_tells_that_a_job_began_anew_which_had_ended_before_it(
    app: App, live: Served, wanted: dict[str, Any]
) -> None:
    person = await app.person()
    ended, other = await app.batch(person), await app.batch(person)
    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=ended)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL, filter=wanted)
        await until(lambda: app.listeners > 0)
        await move(app, other, attempt=2)  # it was in none of these statuses
        await app.data("mutation ($id: ID!) { retryJob(id: $id) { id } }", person, id=ended)
        assert await wire.next() == {"jobsUpdated": {"id": ended, "status": "PENDING"}}


async def test_a_list_tells_nothing_older_after_a_jobs_end(app: App, live: Served) -> None:
    person = await app.person()
    first, second = await app.batch(person), await app.batch(person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL)
        assert {(await wire.next())["jobsUpdated"]["id"] for _ in range(2)} == {first, second}
        late = job_event(await Job.get(id=first))
        await move(app, first, status=JobStatus.COMPLETED)
        assert await wire.next() == {"jobsUpdated": {"id": first, "status": "COMPLETED"}}
        app.services.request.hub.deliver(late)
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


async def test_a_list_that_missed_events_tells_what_changed_and_ended_meanwhile(app: App, live: Served) -> None:
    person = await app.person()
    first, second = await app.batch(person), await app.batch(person)
    async with await live.wire_of(person) as wire:
        await wire.subscribe(WATCH_ALL)
        assert {(await wire.next())["jobsUpdated"]["id"] for _ in range(2)} == {first, second}
        await Job.filter(id=first).update(status=JobStatus.COMPLETED, version=99)
        await Job.filter(id=second).update(status=JobStatus.PAUSED, version=99)
        app.services.request.hub.deliver_loss()
        told = [(await wire.next())["jobsUpdated"] for _ in range(2)]

    assert told == [{"id": second, "status": "PAUSED"}, {"id": first, "status": "COMPLETED"}]


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

    monkeypatch.setattr("resolvers.watches.find_job", count)
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

    for module, name in (
        (resolvers.watches, "find_job"),
        (resolvers.watches, "active_jobs"),
        (resolvers.log_watches, "find_job"),
    ):
        monkeypatch.setattr(module, name, away_at_first(getattr(module, name)))
    async with await live.wire_of(person) as wire:
        away += [True, True]
        await wire.subscribe(query, id=job_id, after="0")
        await until(lambda: not away)
        await say(app, job_id, "a line")
        assert await wire.next()
        away += [True, True]
        app.services.request.hub.deliver_loss()
        await until(lambda: not away)
        await say(app, job_id, "another line")
        await move(app, job_id, status=JobStatus.PENDING)
        assert await wire.next()
