"""Anonymous sessions: however many somebody opens, the limits are those of one user, and nothing of them is kept for good."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from auth.audit import Action, note
from background.people import sweep_people
from base.words import JobStatus, Role
from jobs.scheduling.claims import claim_slices
from jobs.scheduling.selection import Budget
from models import AuditEntry, Job, Session, Upload, User
from models.fields import now
from models.ids import new_id
from tests.kinds import COUNTING
from tests.web_app import App, opened_app, served

START = "mutation { startAnonymousSession { accessToken user { id } } }"
CREATE = 'mutation ($n: BigInt!) { createUpload(input: {filename: "a.txt", size: $n}) { id url } }'
TYPENAME = "{ __typename }"
HERE, NEAR_BY, ELSEWHERE = "2001:db8:1:2::a", "2001:db8:1:2:ffff::b", "2001:db8:1:3::a"
"""The first two are in one /64."""
PROXIED = {"allow_anonymous": True, "trusted_proxies": ("127.0.0.1",)}


@pytest.fixture
async def open_to_all(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Two of everything."""
    limits = {
        "open_uploads_per_user": 2, "upload_bytes_per_user": 100, "sockets_per_user": 2, "rate_limit_per_minute": 20,
    }  # fmt: skip
    async with opened_app(tmp_path, empty_database, **PROXIED, **limits) as app:
        yield app


async def guest(app: App, address: str = HERE) -> str:
    """The access token of a new anonymous session at an address."""
    answer = await app.ask(START, None, {"X-Forwarded-For": address})
    assert answer.data, answer.errors
    return str(answer.data["startAnonymousSession"]["accessToken"])


async def create(app: App, token: str, size: int = 1) -> str:
    """The code with which an upload is refused; the number of its bytes where it is not."""
    answer = await app.ask(CREATE, token, n=size)
    return answer.code if answer.errors else "created"


async def test_unfinished_uploads_of_all_sessions_of_an_address_count_together(open_to_all: App) -> None:
    first, second, third = [await guest(open_to_all, address) for address in (HERE, NEAR_BY, ELSEWHERE)]
    assert [await create(open_to_all, token) for token in (first, second)] == ["created", "created"]
    assert [await create(open_to_all, token) for token in (first, second)] == ["QUOTA_EXCEEDED"] * 2
    assert await create(open_to_all, await guest(open_to_all)) == "QUOTA_EXCEEDED"
    assert await create(open_to_all, third) == "created"
    assert await create(open_to_all, (await open_to_all.person()).token) == "created"


async def test_bytes_of_all_sessions_of_an_address_count_together(open_to_all: App) -> None:
    first, second = await guest(open_to_all), await guest(open_to_all, NEAR_BY)
    assert await create(open_to_all, first, 60) == "created"
    assert await create(open_to_all, second, 60) == "QUOTA_EXCEEDED"
    assert await create(open_to_all, await guest(open_to_all, ELSEWHERE), 60) == "created"


async def test_operations_of_all_sessions_of_an_address_count_together_with_those_of_nobody(open_to_all: App) -> None:
    tokens = [await guest(open_to_all, address) for address in (HERE, NEAR_BY)]
    answers = [await open_to_all.ask(TYPENAME, tokens[number % 2]) for number in range(18)]
    assert not any(answer.errors for answer in answers)
    assert (await open_to_all.ask(TYPENAME, tokens[0])).code == "RATE_LIMITED"
    assert (await open_to_all.ask(TYPENAME, None, {"X-Forwarded-For": HERE})).code == "RATE_LIMITED"
    assert not (await open_to_all.ask(TYPENAME, await open_to_all.person(), {"X-Forwarded-For": HERE})).errors


async def test_sockets_of_all_sessions_of_an_address_count_together(open_to_all: App) -> None:
    tokens = [await guest(open_to_all, address) for address in (HERE, NEAR_BY, HERE)]
    async with served(open_to_all) as live:
        wires = [await live.wire() for _ in tokens]
        for wire, token in zip(wires[:2], tokens, strict=False):
            await wire.init(token)
        with pytest.raises(ConnectionClosed) as closed:
            await wires[2].init(tokens[2])
        for wire in wires:
            await wire.connection.close()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


async def test_running_jobs_of_all_sessions_of_an_address_count_together(open_to_all: App) -> None:
    guests = [await guest(open_to_all, address) for address in (HERE, NEAR_BY, ELSEWHERE)]
    mutation = "mutation { createTask(input: {work: {demo: {}}, uploadIds: []}) { id } }"
    jobs = [(await open_to_all.ask(mutation, token)).data["createTask"]["id"] for token in guests]  # type: ignore[index]
    stages = {"demo": COUNTING.phases}
    taken = [await claim_slices("w", stages, open_to_all.services.request.outbox, Budget(jobs=1)) for _ in range(3)]
    assert [claim.job.id if claim else None for claim in taken] == [jobs[0], jobs[2], None]
    assert (await Job.get(id=jobs[1])).status is JobStatus.PENDING


async def test_an_address_begins_as_many_sessions_an_hour_as_the_setting_says(
    tmp_path: Path, empty_database: Path
) -> None:
    async with opened_app(tmp_path, empty_database, **PROXIED, anonymous_sessions_per_hour=2) as app:
        for address in (HERE, NEAR_BY):
            await guest(app, address)
        answer = await app.ask(START, None, {"X-Forwarded-For": HERE})
        assert (answer.code, await User.filter(is_anonymous=True).count()) == ("RATE_LIMITED", 2)
        assert answer.errors[0]["message"].startswith("At most 2 anonymous sessions an hour: try again in ")
        assert 3500 < answer.errors[0]["extensions"]["retryAfter"] <= 3601
        await guest(app, ELSEWHERE)


async def old_guest(user_id: str | None = None, **session: Any) -> User:
    """An anonymous user of some days ago with one session, which is over unless `session` says otherwise.

    The user comes last: the server may be sweeping.
    """
    id_, days_ago = user_id or new_id("user"), now() - timedelta(days=2)
    ended = {"expires_at": now() - timedelta(hours=2), "created_at": days_ago, **session}
    await Session.create(id=new_id("session"), user_id=id_, current_hash="0" * 64, **ended)
    return await User.create(id=id_, is_anonymous=True, quota_key="address:192.0.2.1", created_at=days_ago)


async def owner_of_upload() -> str:
    """The id of a user to come who has an upload."""
    user_id = new_id("user")
    described: dict[str, Any] = {"filename": "a.txt", "content_type": "text/plain", "size_bytes": 1}
    await Upload.create(id=new_id("upload"), owner_id=user_id, **described)
    return user_id


async def test_guests_go_after_their_sessions_unless_something_is_theirs(app: App) -> None:
    future, hours_ago = now() + timedelta(days=1), now() - timedelta(hours=2)
    expired, signed_out = await old_guest(), await old_guest(expires_at=future, revoked_at=hours_ago)
    leaving = await old_guest(expires_at=future, revoked_at=now())
    present = await old_guest(expires_at=future)
    owner, worker_id = await old_guest(await owner_of_upload()), new_id("user")
    await Job.filter(id=await app.batch(await app.person())).update(owner_id=worker_id)
    worked, person = await old_guest(worker_id), await app.person(Role.ADMIN)

    await sweep_people(timedelta(days=365))
    left = {user["id"] for user in (await app.data("{ users(first: 100) { id } }", person))["users"]}
    assert left & {expired.id, signed_out.id} == set()
    assert {leaving.id, present.id, owner.id, worked.id, person.id} <= left

    await Upload.filter(owner_id=owner.id).delete()
    await sweep_people(timedelta(days=365))
    assert not await User.exists(id=owner.id)
    assert await User.exists(id=worked.id)


async def test_more_guests_than_fit_into_one_statement_go_at_once(app: App) -> None:
    days_ago = now() - timedelta(days=2)
    keeper = await owner_of_upload()
    ids = [keeper, *(new_id("user") for _ in range(1_200))]
    await User.bulk_create([User(id=id_, is_anonymous=True, created_at=days_ago) for id_ in ids], batch_size=200)
    await sweep_people(timedelta(days=365))
    assert [user.id for user in await User.filter(is_anonymous=True)] == [keeper]


async def test_entries_of_the_audit_log_go_after_their_time_and_what_names_a_guest_stays(app: App) -> None:
    gone = await old_guest()
    for age in (366, 364):
        await note(Action.SIGNED_IN, gone.id, gone.id)
        await AuditEntry.filter(at__gt=now() - timedelta(days=1)).update(at=now() - timedelta(days=age))
    await sweep_people(timedelta(days=365))
    entries = (await app.data("{ auditLog { action actor { id } objectId } }", await app.person(Role.ADMIN)))[
        "auditLog"
    ]
    assert entries == [{"action": "SIGNED_IN", "actor": None, "objectId": gone.id}]


async def test_a_server_sweeps_when_it_starts(tmp_path: Path, empty_database: Path) -> None:
    before = shutil.copyfile(empty_database, tmp_path / "before.db")
    with closing(sqlite3.connect(before)) as database, database:
        database.execute(
            "INSERT INTO users (id, role, is_anonymous, is_disabled, created_at) "
            "VALUES ('user-1754556928-00000000000a', 'USER', 1, 0, 1754556928)"
        )
    (tmp_path / "data").mkdir()
    async with opened_app(tmp_path / "data", before), asyncio.timeout(5):
        while await User.exists(is_anonymous=True):  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.01)
