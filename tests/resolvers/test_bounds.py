"""Bounds of reads: shared rows once, long values in parts."""

from typing import Any

import pytest
from tortoise.connection import get_connection

import resolvers.watches
from auth.viewer import Viewer
from base.words import JobStatus, JobType, Role
from jobs import queries
from jobs.rows import job_of
from models import Item, Job, JobEvent, JobUpload, Upload
from models.ids import new_id
from tests.statements import counted_statements, reads_options
from tests.web_app import App, Person, Served


async def jobs_of(person: Person, uploads: list[Upload], count: int, **columns: Any) -> list[str]:
    """Ids of tasks that use all of the uploads, by the rows that creating them leaves."""
    values: dict[str, Any] = {"type": JobType.TASK, "kind": "countingTask", "status": JobStatus.UPLOADED, **columns}
    jobs = [Job(id=new_id("task"), owner_id=person.id, **values) for _ in range(count)]
    await Job.bulk_create(jobs)
    links = [
        JobUpload(job_id=job.id, upload_id=upload.id, position=place)
        for job in jobs
        for place, upload in enumerate(uploads)
    ]
    await JobUpload.bulk_create(links)
    return [job.id for job in jobs]


async def test_what_uses_uploads_is_the_newest_hundred_and_each_job_is_read_once(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await app.person()
    uploads = [await app.upload(person) for _ in range(3)]
    ids = await jobs_of(person, uploads, 130, options={"note": "long"})
    rows: list[str] = []

    def noting(row: dict[str, Any]) -> Job:
        rows.append(row["id"])
        return job_of(row)

    monkeypatch.setattr(queries, "job_of", noting)
    for query, at_root in (
        ("{ uploads { nodes { jobs { id } again: jobs { id } } } }", 3),
        ("{ jobs(first: 4) { nodes { uploads { nodes { jobs { id } } } } } }", 4),
    ):
        rows.clear()
        with counted_statements() as statements:
            data = await app.data(query, person)
        nodes = next(iter(data.values()))["nodes"]
        assert len(nodes) == at_root
        nested = nodes if "jobs" in nodes[0] else [one for node in nodes for one in node["uploads"]["nodes"]]
        assert all([job["id"] for job in upload["jobs"]] == ids[:-101:-1] for upload in nested)
        assert len(rows) == 100
        assert len(statements) <= 5  # who calls, the list, its uploads, which jobs use them, and these
        assert not any(map(reads_options, statements))


async def test_an_upload_tells_the_jobs_that_its_viewer_may_see(app: App) -> None:
    person, admin = await app.person(), await app.person(Role.ADMIN)
    upload = await app.upload(person)
    (own,) = await jobs_of(person, [upload], 1)
    foreign = await jobs_of(admin, [upload], 100)
    query = "{ uploads { nodes { jobs { id } } } }"
    shown = [(await app.data(query, who))["uploads"]["nodes"][0]["jobs"] for who in (person, admin)]
    assert [[job["id"] for job in jobs] for jobs in shown] == [[own], foreign[::-1]]


async def test_long_plain_lists_count_as_full_pages(app: App) -> None:
    person = await app.person()
    fields = " ".join(f"f{place}: id" for place in range(11))
    for query in (
        f"{{ uploads(first: 100) {{ nodes {{ jobs {{ {fields} }} }} }} }}",
        f'{{ nodes(ids: ["{person.id}"]) {{ ... on Batch {{ items(first: 100) {{ nodes {{ {fields} }} }} }} }} }}',
    ):
        assert (await app.ask(query, person)).code == "QUERY_TOO_COMPLEX"
        assert (await app.ask(query.replace("first: 100", "first: 50"), person)).errors == []


async def test_options_go_out_as_they_are_stored(app: App) -> None:
    """What is parsed takes twenty times the memory."""
    person = await app.person()
    (id_,) = await jobs_of(person, [], 1)
    item = await Item.create(id=new_id("item"), job_id=id_, index=0, name="a")
    text = '{"b":   [[],[]], "a": 1.50}'
    db = get_connection("default")
    await db.execute_query("UPDATE jobs SET options = ?", [text])
    await db.execute_query("UPDATE items SET result = ?", [text])
    for query in (
        "{ jobs { nodes { ... on Task { options } items { nodes { result } } } } }",
        f'{{ nodes(ids: ["{id_}", "{item.id}"]) {{ ... on Task {{ options }} ... on JobItem {{ result }} }} }}',
    ):
        answer = await app.ask(query, person)
        assert answer.errors == []
        assert answer.response.text.count(text) == 2


async def test_a_watched_list_reads_its_jobs_in_pages_and_no_options_that_nobody_asked_for(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await app.person()
    ids = await jobs_of(person, [], 230, options={"note": "long"})
    pages: list[int] = []
    read = queries.read_jobs

    async def noting(viewer: Viewer, part: list[str]) -> Any:
        pages.append(len(part))
        return await read(viewer, part)

    monkeypatch.setattr(resolvers.watches, "read_jobs", noting)
    async with await live.wire_of(person) as wire:
        with counted_statements() as statements:
            await wire.subscribe("subscription { jobsUpdated { id } }")
            assert [(await wire.next())["jobsUpdated"]["id"] for _ in ids] == ids
        assert pages == [100, 100, 30]
        assert not any(map(reads_options, statements))
        await wire.subscribe("subscription { jobsUpdated { ... on Task { options } } }", "2")
        assert (await wire.next("2"))["jobsUpdated"] == {"options": {"note": "long"}}


async def test_a_history_keeps_its_newest_thousand_lines(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await JobEvent.filter(job_id=job_id).delete()
    await JobEvent.bulk_create(
        JobEvent(job_id=job_id, attempt=1, status=JobStatus.PENDING, message=str(number), is_owed=number == 0)
        for number in range(1_000)
    )
    await Job.filter(id=job_id).update(version=1_000)  # it grows with every line
    turns = " ".join(
        f'p{place}: pauseJob(id: "{job_id}") {{ id }} r{place}: resumeJob(id: "{job_id}") {{ id }}'
        for place in range(3)
    )
    await app.data(f"mutation {{ {turns} }}", person)
    query = "query ($id: ID!) { job(id: $id) { events(first: 2) { totalCount nodes { message } } } }"
    events = (await app.data(query, person, id=job_id))["job"]["events"]
    assert events == {"totalCount": 1_001, "nodes": [{"message": "0"}, {"message": "6"}]}  # 0 is still to be told
