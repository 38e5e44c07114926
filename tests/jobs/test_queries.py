"""Reads: who sees what, filters that agree with the live lists, searches, and odd input."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from base.words import FileRole, ItemStatus, JobStatus, JobType, LogLevel, Role
from jobs.contents import find_files, find_items, levels_from, list_events, list_items, list_job_uploads, list_lines
from jobs.lifecycle import cancel_job, start_job
from jobs.queries import JobCriteria, JobOrderField, find_job, list_jobs, options_of_jobs, page_jobs, pages_of
from jobs.rows import change_job
from jobs.snapshots import active_jobs, is_listed, job_event, job_of_event
from models import File, Item, Job, Upload
from models.fields import now
from models.ids import new_id
from models.listing import Listing, Window
from models.paging import read_page
from tests.job_harness import JobHarness, completed, page_of, viewer_of
from tests.statements import counted_statements
from uploads.queries import page_uploads

OTHER = viewer_of("user-1754556928-0000000000ff")
ADMIN = viewer_of("user-1754556928-0000000000aa", Role.ADMIN)

ALL = JobCriteria()
KEPT_BY_ASYNCPG = 15 * 1024
"""Characters: it has a longer statement planned each time that it comes."""


async def listed(
    harness: JobHarness, criteria: JobCriteria = ALL, order: JobOrderField = JobOrderField.CREATED_AT
) -> list[str]:
    listing = list_jobs(harness.viewer, criteria, order, is_descending=False)
    return [row["id"] for row in (await page_jobs(listing, Window())).rows]


async def test_jobs_are_seen_by_their_owner_and_by_admins_alone(harness: JobHarness) -> None:
    job = await harness.add_job()
    assert (await find_job(harness.viewer, job.id)).id == (await find_job(ADMIN, job.id)).id == job.id
    sentences = set()
    for viewer, id_, type_ in (
        (OTHER, job.id, None), (harness.viewer, new_id("batch"), None), (harness.viewer, job.id, JobType.TASK),
    ):  # fmt: skip
        with pytest.raises(Refusal) as caught:
            await find_job(viewer, id_, type_)
        sentences.add((caught.value.code, caught.value.message))
    assert sentences == {
        (ErrorCode.BATCH_NOT_FOUND, "There is no such batch."), (ErrorCode.TASK_NOT_FOUND, "There is no such task."),
    }  # fmt: skip


@pytest.mark.parametrize("id_", ["", "1", "batch-1-2", "batch-1754556928-12a41dbec0f3\0", "task-'; DROP TABLE jobs"])
async def test_what_is_no_id_is_refused_as_such(harness: JobHarness, id_: str) -> None:
    with pytest.raises(Refusal) as caught:
        await find_job(harness.viewer, id_)
    assert caught.value.code is ErrorCode.INVALID_ID


async def test_items_and_files_are_seen_by_who_sees_their_job(harness: JobHarness) -> None:
    job = await harness.plan(1)
    item = await Item.get(job_id=job.id)
    values: dict[str, Any] = {"content_type": "a/b", "size_bytes": 1, "sha256": "0", "storage_key": "k", "name": "a"}
    files = [
        await File.create(id=new_id("file"), job_id=job.id, owner_id=job.owner_id, role=role, **values)
        for role in (FileRole.RESULT, FileRole.INTERMEDIATE)
    ]
    (row,) = await find_items(harness.viewer, [item.id])
    assert not isinstance(row, Refusal)
    assert row["id"] == item.id
    for viewer, codes in (
        (ADMIN, [None, ErrorCode.FILE_NOT_FOUND]),
        (harness.viewer, [None, ErrorCode.FILE_NOT_FOUND]),
        (OTHER, [ErrorCode.FILE_NOT_FOUND] * 2),
    ):
        found = await find_files(viewer, [file.id for file in files])
        assert [one.code if isinstance(one, Refusal) else None for one in found] == codes
    (refused,) = await find_items(OTHER, [item.id])
    assert isinstance(refused, Refusal)
    assert refused.code is ErrorCode.NOT_FOUND
    await Job.filter(id=job.id).update(deleted_at=now())
    (gone,) = await find_files(ADMIN, [files[0].id])
    assert isinstance(gone, Refusal)
    assert gone.code is ErrorCode.FILE_NOT_FOUND


async def test_lists_live_lists_and_criteria_agree(harness: JobHarness) -> None:
    done = await harness.put_into(JobStatus.COMPLETED)
    waiting = await harness.add_job(title="Ärger 100%_\\", priority=3)
    await Job.filter(id=waiting.id).update(reference="A-1")
    jobs = [await Job.get(id=done.id), await Job.get(id=waiting.id)]
    moment = jobs[1].created_at
    for criteria, wanted in (
        (JobCriteria(), jobs),
        (JobCriteria(ids=[done.id]), jobs[:1]),
        (JobCriteria(ids=[]), []),
        (JobCriteria(types=[JobType.BATCH]), jobs),
        (JobCriteria(types=[JobType.TASK]), []),
        (JobCriteria(kinds=["plain", "other"]), jobs),
        (JobCriteria(statuses=[JobStatus.PENDING]), jobs[1:]),
        (JobCriteria(is_active=True), jobs[1:]),
        (JobCriteria(is_active=False), jobs[:1]),
        (JobCriteria(reference="A-1"), jobs[1:]),
        (JobCriteria(created_after=moment), jobs[1:]),
        (JobCriteria(created_before=moment), jobs[:1]),
        (JobCriteria(search="100%_\\"), jobs[1:]),
        (JobCriteria(search="A.TXT"), jobs),
        (JobCriteria(search="%"), jobs[1:]),
        (JobCriteria(owner_id=harness.viewer.user_id, is_active=True), jobs[1:]),
    ):
        ids = [job.id for job in wanted]
        assert await listed(harness, criteria) == ids, criteria
        assert [job.id for job in jobs if await is_listed(harness.viewer, criteria, job)] == ids, criteria
        counted = Window(first=0, is_counted=True)
        assert (await page_jobs(list_jobs(harness.viewer, criteria), counted)).total == len(ids)
        assert await active_jobs(harness.viewer, criteria) == [id_ for id_ in ids if id_ == waiting.id]


@pytest.mark.parametrize("order", list(JobOrderField))
async def test_every_order_works_on_every_database(harness: JobHarness, order: JobOrderField) -> None:
    ids = {(await harness.add_job(title=title)).id for title in ("b", None, "a")}
    assert set(await listed(harness, order=order)) == ids


async def test_filters_with_odd_text_are_answered(harness: JobHarness) -> None:
    await harness.add_job()
    for text in ("a\0", "\ud800", "'; --"):
        assert await listed(harness, JobCriteria(kinds=[text])) == []
        assert await listed(harness, JobCriteria(reference=text)) == []
        assert len(await listed(harness, JobCriteria(search=text))) == (text == "a\0")  # NUL is in no stored text
    with pytest.raises(Refusal) as caught:
        await listed(harness, JobCriteria(search="x" * 501))
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "filter.search")


async def test_another_owners_jobs_are_for_admins(harness: JobHarness) -> None:
    job = await harness.add_job()
    with pytest.raises(Refusal) as caught:
        list_jobs(OTHER, JobCriteria(owner_id=harness.viewer.user_id))
    assert caught.value.code is ErrorCode.FORBIDDEN
    page = await page_jobs(list_jobs(ADMIN, JobCriteria(owner_id=harness.viewer.user_id)), Window())
    assert [row["id"] for row in page.rows] == [job.id]


async def test_deleted_jobs_are_in_no_list(harness: JobHarness) -> None:
    job = await harness.add_job()
    await Job.filter(id=job.id).update(deleted_at=datetime.now(UTC))
    assert await listed(harness) == []
    assert not await is_listed(harness.viewer, JobCriteria(), await Job.get(id=job.id))
    with pytest.raises(Refusal):
        await find_job(harness.viewer, job.id)


async def test_items_come_in_pages_by_index(harness: JobHarness) -> None:
    job = await harness.plan(7)
    claim = await harness.claim()
    await harness.record(claim, *(completed(index) for index in (0, 1, 2)), is_done=False)
    first = await page_of(list_items(), job.id, first=3)
    second = await page_of(list_items(), job.id, first=3, after=first.cursors[-1])
    assert [row["index"] for row in (*first.rows, *second.rows)] == [0, 1, 2, 3, 4, 5]
    assert (first.has_next, second.has_next) == (True, True)
    pending = await page_of(list_items(ItemStatus.PENDING, needs_review=False), job.id)
    assert [row["index"] for row in pending.rows] == [3, 4, 5, 6]


async def test_uploads_of_a_job_come_in_their_order(harness: JobHarness) -> None:
    uploads = [await harness.add_upload(name=f"{name}.txt") for name in "cab"]
    page = await page_of(list_job_uploads(), (await harness.add_job(*uploads)).id)
    assert [row["filename"] for row in page.rows] == ["c.txt", "a.txt", "b.txt"]


async def test_a_cursor_is_one_of_its_list_and_of_no_other(harness: JobHarness) -> None:
    job = await harness.plan(3)
    uploads = [await harness.add_upload() for _ in range(3)]
    listings: list[tuple[Listing, str | None]] = [
        (list_items(), job.id), (list_job_uploads(), (await harness.add_job(*uploads)).id)
    ]  # fmt: skip
    for order in JobOrderField:
        listings += [(list_jobs(harness.viewer, ALL, order, is_descending=flag), None) for flag in (True, False)]
    cursors = [(await page_of(*listing, first=1)).cursors[0] for listing in listings]
    for place, listing in enumerate(listings):
        for other, cursor in enumerate(cursors):
            if other == place:
                assert (await page_of(*listing, after=cursor)).rows
                continue
            with pytest.raises(Refusal) as caught:
                await page_of(*listing, after=cursor)
            assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "after")


async def test_ids_of_events_and_lines_are_their_cursors(harness: JobHarness) -> None:
    job = await harness.plan(1)
    page = await page_of(list_events(), job.id)
    assert page.cursors == [str(row["id"]) for row in page.rows]
    assert (await page_of(list_lines(LogLevel.DEBUG), job.id, after=str(10**18 - 1))).rows == []


async def test_a_forged_cursor_is_refused_before_anything_is_read(harness: JobHarness) -> None:
    job = await harness.plan(1)
    mark, _ = orjson.loads(urlsafe_b64decode((await page_of(list_items(), job.id)).cursors[0] + "=="))
    forged = urlsafe_b64encode(orjson.dumps([mark, 2**31])).decode().rstrip("=")
    with counted_statements() as statements, pytest.raises(Refusal) as caught:
        await page_of(list_items(), job.id, after=forged)
    assert (caught.value.code, caught.value.field, statements) == (ErrorCode.BAD_INPUT, "after", [])


async def test_a_job_survives_the_way_through_an_event(harness: JobHarness) -> None:
    await harness.add_job(options={"note": "a"})
    told = harness.events[-1]
    job = job_of_event(type(told).decode(told.encode()))
    stored = await Job.get(id=job.id)
    short: dict[str, Any] = {"options": {}, "search_text": "", "queued_at": None}  # no watcher sees them
    assert {name: getattr(job, name) for name in Job._meta.db_fields} == {
        name: getattr(stored, name) for name in Job._meta.db_fields
    } | short
    assert job_event(stored).version == stored.version


def test_levels_begin_with_the_least() -> None:
    assert levels_from(LogLevel.WARNING) == [LogLevel.WARNING, LogLevel.ERROR]


def test_criteria_compare_moments_as_the_database_does() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    job = Job(created_at=moment, status=JobStatus.PENDING)
    criteria = JobCriteria(created_after=moment)
    assert criteria.matches(job)
    assert not replace(criteria, created_before=moment).matches(job)
    assert replace(criteria, created_before=moment + timedelta(microseconds=1)).matches(job)


async def test_a_search_knows_neither_case_nor_ways_of_writing(harness: JobHarness) -> None:
    titled = await harness.add_job(title="A\u0308RGER in der Straße")
    named = await harness.add_job(await harness.add_upload(name="ŁÓDŹ.txt"))
    for search, wanted in (("ärger", titled), ("STRASSE", titled), ("łódź", named), ("ŁÓDŹ.TXT", named)):
        assert await listed(harness, JobCriteria(search=search)) == [wanted.id], search
    assert await listed(harness, JobCriteria(search="straße łódź")) == []


async def test_a_search_knows_no_white_space_but_one(harness: JobHarness) -> None:
    jobs = {(await harness.add_job(title=title)).id for title in ("March  leads", "March leads", "\tmarch\u00a0leads ")}
    await harness.add_job(title="Marchleads")
    for search in ("march leads", "  March   leads ", "march\tLEADS"):
        assert set(await listed(harness, JobCriteria(search=search))) == jobs, search


async def test_a_search_finds_every_file_name_however_many_there_are(harness: JobHarness) -> None:
    names = [f"{'long name ' * 40}{number}.txt" for number in (1, 2, 3)]
    job = await harness.add_job(*[await harness.add_upload(name=name) for name in names], title="x" * 450)
    for search in ("NAME 1.txt", "name 3.TXT", "X" * 450):
        assert await listed(harness, JobCriteria(search=search)) == [job.id], search
        assert await is_listed(harness.viewer, JobCriteria(search=search), job)
    assert await listed(harness, JobCriteria(search="name 4.txt")) == []


async def test_what_is_searched_goes_with_the_title_and_the_inputs(harness: JobHarness) -> None:
    job = await harness.add_job(await harness.add_upload(name="first.txt"), title="Old", auto_start=False)
    more = await harness.add_upload(name="second.txt")
    await start_job(harness.viewer, job.id, lambda _: harness.kind, harness.outbox, add_upload_ids=[more.id])
    async with in_transaction() as db:
        assert await change_job(db, job.id, {JobStatus.PENDING}, title="New")
    found = {search: await listed(harness, JobCriteria(search=search)) for search in ("old", "new", "first", "second")}
    assert found == {"old": [], "new": [job.id], "first": [job.id], "second": [job.id]}


async def test_lists_read_no_long_columns_that_nobody_asked_for(harness: JobHarness) -> None:
    upload = await harness.add_upload(metadata="filename YQ==", concat=None)
    job = await harness.add_job(upload, options={"note": "long"})
    (short,) = (await page_jobs(list_jobs(harness.viewer, ALL), Window())).rows
    assert set(short) == set(Job._meta.db_fields) - {"options", "search_text", "summary"}
    texts = await options_of_jobs([job.id, "task-1754556928-12a41dbec0f3", job.id], 10**6)
    assert [orjson.loads(text) for text in texts] == [{"note": "long"}, {}, {"note": "long"}]
    (linked,) = (await page_of(list_job_uploads(), job.id)).rows
    (listed,) = (await page_uploads(harness.viewer, None, Window())).rows
    assert linked == listed
    assert set(listed) == set(Upload._meta.db_fields) - {"metadata", "concat"}


async def test_no_more_options_are_read_than_an_answer_may_have(harness: JobHarness) -> None:
    jobs = [
        Job(
            id=new_id("batch"), owner_id=harness.viewer.user_id, type="BATCH", kind="counting", status="UPLOADED",
            options={"anything": "x" * 2000},
        )
        for _ in range(300)
    ]  # fmt: skip
    await Job.bulk_create(jobs)
    for most, wanted in ((10**6, 3), (128 * 1024, 1)):
        with counted_statements() as statements:
            await options_of_jobs([job.id for job in jobs], most)
        assert sum("id, options" in statement for statement in statements) == wanted


async def test_pages_of_many_parents_are_one_short_statement(harness: JobHarness) -> None:
    jobs = [await harness.add_job(*[await harness.add_upload() for _ in range(count)]) for count in (1, 2, 3)]
    with counted_statements() as statements:
        pages = await pages_of(list_job_uploads(), [job.id for job in jobs * 20], Window(first=2))
    assert [len(page.rows) for page in pages] == [1, 2, 2] * 20
    (statement,) = statements
    assert len(statement) < KEPT_BY_ASYNCPG


@pytest.mark.parametrize("listing", [list_items(), list_events(), list_job_uploads()])
@pytest.mark.parametrize("is_counted", [False, True])
@pytest.mark.parametrize("window", [Window(first=1), Window(last=2), Window(first=1, offset=1), Window(first=0)])
async def test_pages_of_many_parents_are_what_each_is_alone(
    harness: JobHarness, listing: Listing, window: Window, is_counted: bool
) -> None:
    jobs = [await harness.add_job(*[await harness.add_upload() for _ in range(count)]) for count in (2, 0, 3)]
    for job in jobs[:2]:
        await cancel_job(harness.viewer, job.id, harness.outbox)
    window = replace(window, is_counted=is_counted)
    ids = [job.id for job in [*jobs, jobs[0]]]
    db = get_connection("default")
    assert await pages_of(listing, ids, window) == [
        await read_page(db, listing.where(f"{listing.parent} = ?", id_), window) for id_ in ids
    ]
