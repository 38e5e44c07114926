"""Limits of new jobs, over GraphQL."""

from pathlib import Path
from typing import Any

import pytest

from base.words import Role
from models import Job, LogEntry
from tests.databases import read_tables
from tests.web_app import App, opened_app

CREATE_BATCH = "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id } }"
CREATE_TASK = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
CLAIM = "mutation { claimTask { id leaseId } }"
REPORT = "mutation ($id: ID!, $lease: ID!, $input: ReportTaskInput!) { reportTask(id: $id, leaseId: $lease, input: $input) { status statusMessage error { message } } }"
START = "mutation ($id: ID!, $options: JSON) { startJob(id: $id, input: {options: $options}) { status } }"
KIB = 1024


def text_of(size: int, frame: str) -> str:
    """A text with which the JSON `frame`, which has {} in its place, is `size` bytes long."""
    return "x" * (size - len(frame) + 2)


@pytest.mark.parametrize(
    ("work", "field"),
    [
        ({"custom": {"kind": "counting", "options": {"anything": "x" * 64 * KIB}}}, "input.work.custom.options"),
        ({"custom": {"kind": "counting", "options": {"anything": "é" * 33 * KIB}}}, "input.work.custom.options"),
        ({"leads": {"columns": {f"c{n}": "x" * 100 for n in range(700)}}}, "input.work.leads.columns"),
    ],
)
async def test_options_of_a_batch_over_64_kib_are_refused_and_nothing_is_written(
    app: App, work: dict[str, Any], field: str
) -> None:
    person = await app.person()
    upload = await app.upload(person)
    before = await read_tables()
    answer = await app.ask(CREATE_BATCH, person, input={"work": work, "uploadIds": [upload.id]})
    assert (answer.code, answer.field) == ("BAD_INPUT", field)
    assert await read_tables() == before


async def test_options_of_exactly_64_kib_are_taken_and_those_of_a_demo_may_be_longer(app: App) -> None:
    person = await app.person()
    frame = '{"queue":"default","options":"{}"}'
    external = {"external": {"options": text_of(64 * KIB, frame)}}
    await app.data(CREATE_TASK, person, input={"work": external})
    external = {"external": {"options": text_of(64 * KIB + 1, frame)}}
    answer = await app.ask(CREATE_TASK, person, input={"work": external})
    assert (answer.code, answer.field) == ("BAD_INPUT", "input.work.external")
    failing = list(range(90_000, 100_000))
    await app.data(CREATE_TASK, person, input={"work": {"demo": {"items": 100_000, "failItems": failing}}})


async def test_an_answer_cannot_make_options_grow_beyond_the_limit(app: App) -> None:
    person = await app.person()
    work = {"custom": {"kind": "counting", "options": {"anything": {"first": "x" * 40 * KIB}}}}
    upload = await app.upload(person)
    made = await app.data(CREATE_BATCH, person, input={"work": work, "uploadIds": [upload.id], "autoStart": False})
    before = await read_tables()
    answer = await app.ask(START, person, id=made["createBatch"]["id"], options={"anything": "x" * 64 * KIB})
    assert (answer.code, answer.field) == ("BAD_INPUT", "input.options")
    assert await read_tables() == before
    await app.data(START, person, id=made["createBatch"]["id"], options={"anything": "x" * 60 * KIB})


@pytest.mark.parametrize(
    ("report", "field"),
    [
        ({"stage": "x" * 101}, "input.stage"),
        ({"message": "x" * 2_001}, "input.message"),
        ({"status": "FAILED", "errorMessage": "x" * 2_001}, "input.errorMessage"),
    ],
)
async def test_a_report_with_too_long_a_text_is_refused_and_changes_nothing(
    app: App, report: dict[str, Any], field: str
) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    await app.data(CREATE_TASK, person, input={"work": {"external": {}}})
    task = (await app.data(CLAIM, worker))["claimTask"]
    before = await read_tables("jobs", "job_events", "log_entries")
    answer = await app.ask(REPORT, worker, id=task["id"], lease=task["leaseId"], input=report)
    assert (answer.code, answer.field) == ("BAD_INPUT", field)
    assert await read_tables("jobs", "job_events", "log_entries") == before


async def test_a_report_with_texts_as_long_as_they_may_be_is_kept_whole(app: App) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    await app.data(CREATE_TASK, person, input={"work": {"external": {}}})
    task = (await app.data(CLAIM, worker))["claimTask"]
    report = {"status": "FAILED", "stage": "s" * 100, "message": "m" * 2_000, "errorMessage": "e" * 2_000}
    answer = await app.data(REPORT, worker, id=task["id"], lease=task["leaseId"], input=report)
    assert answer["reportTask"]["error"] == {"message": "e" * 2_000}
    assert "m" * 2_000 in [line.message for line in await LogEntry.filter(job_id=task["id"])]


async def test_one_user_has_so_many_unfinished_jobs_and_a_cancelled_one_makes_room(
    tmp_path: Path, empty_database: Path
) -> None:
    async with opened_app(tmp_path, empty_database, unfinished_jobs_per_user=2) as app:
        person, other = await app.person(), await app.person()
        new = {"work": {"external": {}}, "externalId": "first"}
        first = (await app.data(CREATE_TASK, person, input=new))["createTask"]["id"]
        await app.data(CREATE_TASK, person, input={"work": {"demo": {}}})
        answer = await app.ask(CREATE_TASK, person, input={"work": {"demo": {}}})
        assert answer.code == "QUOTA_EXCEEDED"
        assert await Job.all().count() == 2
        assert (await app.data(CREATE_TASK, person, input=new))["createTask"]["id"] == first
        await app.data(CREATE_TASK, other, input={"work": {"demo": {}}})
        await app.data(f'mutation {{ cancelJob(id: "{first}") {{ id }} }}', person)
        await app.data(CREATE_TASK, person, input={"work": {"demo": {}}})
        retry = await app.ask(f'mutation {{ retryJob(id: "{first}") {{ id }} }}', person)
        assert retry.code == "QUOTA_EXCEEDED"
