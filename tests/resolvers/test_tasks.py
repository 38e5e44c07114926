"""Tasks over GraphQL: created, listed, watched, and done by workers of other programs."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from tortoise.connection import get_connection

from base.words import JobStatus, Role
from models import Job, Upload
from models.fields import now
from models.sql import fetch_rows
from tests.web_app import App, Person, Served

CREATE = """mutation ($input: CreateTaskInput!) { createTask(input: $input) {
  id kind status title priority options cost leaseId actions stages { name } uploads { nodes { id } } } }"""
CLAIM = 'mutation ($queue: String! = "default", $seconds: Int! = 60) { claimTask(queue: $queue, leaseSeconds: $seconds) { id leaseId status options uploads { nodes { filename url } } } }'
REPORT = "mutation ($id: ID!, $lease: ID!, $input: ReportTaskInput!) { reportTask(id: $id, leaseId: $lease, input: $input) { status leaseId progress { percentage processedItems failedItems totalItems } error { code message isRetryable } files { name } } }"
REPORT_WITH_LINKS = (
    "mutation ($id: ID!, $lease: ID!) { reportTask(id: $id, leaseId: $lease, input: {}) { uploads { nodes { url } } } }"
)
REPORT_DONE_WITH_LINKS = REPORT_WITH_LINKS.replace("{}", "{status: COMPLETED}")
TASK_WITH_LINKS = "query ($id: ID!) { task(id: $id) { leaseId uploads { nodes { url } } } }"
CLAIM_NAMED = "mutation ($id: ID!) { claimTask(id: $id) { id leaseId } }"
EXTERNAL: dict[str, Any] = {"external": {"queue": "default", "options": {"a": 1}}}


async def created(app: App, person: Person, **values: Any) -> dict[str, Any]:
    task: dict[str, Any] = (await app.data(CREATE, person, input={"work": EXTERNAL, **values}))["createTask"]
    return task


async def claimed(app: App, worker: Person) -> dict[str, Any]:
    task: dict[str, Any] = (await app.data(CLAIM, worker))["claimTask"]
    return task


async def test_a_task_needs_no_upload_and_waits_for_a_worker(app: App) -> None:
    person = await app.person()
    task = await created(app, person, title="Mine", priority=7)
    assert task == {
        "id": task["id"], "kind": "external", "status": "PENDING", "title": "Mine", "priority": 7, "cost": None,
        "options": {"queue": "default", "options": {"a": 1}}, "leaseId": None, "actions": ["PAUSE", "CANCEL"],
        "stages": [{"name": "upload"}, {"name": "work"}], "uploads": {"nodes": []},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("work", "field"),
    [
        ({"demo": {"items": -1}}, "input.work.demo.items"),
        ({"demo": {"seconds": 1e9}}, "input.work.demo.seconds"),
        ({"external": {"queue": ""}}, "input.work.external.queue"),
        ({"custom": {"kind": "counting"}}, "input.work.custom.kind"),
        ({"custom": {"kind": "leads"}}, "input.work.custom.kind"),
        ({"custom": {"kind": "external", "options": []}}, "input.work.custom.options"),
    ],
)
async def test_what_cannot_be_a_task_is_refused_with_its_field(app: App, work: dict[str, Any], field: str) -> None:
    person = await app.person()
    answer = await app.ask(CREATE, person, input={"work": work})
    assert (answer.code, answer.field) == ("BAD_INPUT", field)
    assert await Job.all().count() == 0


async def test_a_list_of_tasks_has_tasks_alone_and_own_ones(app: App) -> None:
    person, other = await app.person(), await app.person()
    mine = [(await created(app, person))["id"] for _ in range(2)]
    await created(app, other)
    await app.batch(person)
    found = await app.data(
        "query ($id: ID!) { tasks { totalCount nodes { id } } task(id: $id) { id } }", person, id=mine[0]
    )
    assert found == {
        "tasks": {"totalCount": 2, "nodes": [{"id": id_} for id_ in reversed(mine)]},
        "task": {"id": mine[0]},
    }
    assert (await app.ask("query ($id: ID!) { task(id: $id) { id } }", other, id=mine[0])).code == "TASK_NOT_FOUND"


async def test_a_worker_reads_the_inputs_of_its_task_and_can_do_nothing_else_with_them(app: App) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    upload = await app.upload(person, b"abc", "in.txt")
    await created(app, person, uploadIds=[upload.id])
    task = await claimed(app, worker)
    (source,) = task["uploads"]["nodes"]
    path = source["url"].removeprefix("http://test")
    assert (await app.http.get(path)).content == b"abc"
    for method in ("HEAD", "PATCH", "DELETE"):
        assert (await app.http.request(method, path, headers={"Tus-Resumable": "1.0.0"})).status_code == 404
    assert (await app.http.get(f"/files/{upload.id}", headers=worker.header)).status_code == 404
    assert (await Upload.get(id=upload.id)).status == "COMPLETED"


def path_of(task: dict[str, Any]) -> str:
    """The path of the link to the only input."""
    (source,) = task["uploads"]["nodes"]
    return str(source["url"].removeprefix("http://test"))


async def test_a_link_to_an_input_ends_a_minute_after_the_lease_and_a_report_or_a_look_gives_a_fresh_one(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    upload = await app.upload(person, b"abc", "in.txt")
    await created(app, person, uploadIds=[upload.id])
    task = await claimed(app, worker)
    held, first = {"id": task["id"], "lease": task["leaseId"]}, path_of(task)
    assert (await app.http.get(first)).content == b"abc"
    seconds = int(first.rpartition("~")[2].partition(".")[0])
    assert 100 < seconds - time.time() <= 121
    forged = first.replace(f"~{seconds}.", f"~{seconds + 1000}.")
    assert (await app.http.get(forged)).json()["error"]["code"] == "UPLOAD_NOT_FOUND"

    monkeypatch.setattr("uploads.endpoints.now", lambda: now() + timedelta(seconds=200))
    late = await app.http.get(first)
    assert (late.status_code, late.json()["error"]["code"]) == (410, "RESULT_EXPIRED")
    await fetch_rows(get_connection("default"), "UPDATE slices SET payload = '{\"leaseSeconds\": 600}'")
    reported = (await app.data(REPORT_WITH_LINKS, worker, **held))["reportTask"]
    looked_at = (await app.data(TASK_WITH_LINKS, worker, id=task["id"]))["task"]
    for fresh in (path_of(reported), path_of(looked_at)):
        assert (await app.http.get(fresh)).content == b"abc"
    assert looked_at["leaseId"] == task["leaseId"]


async def test_a_worker_reads_a_task_only_while_it_holds_it(app: App) -> None:
    person, worker, colleague = await app.person(), await app.person(Role.WORKER), await app.person(Role.WORKER)
    upload = await app.upload(person, b"abc", "in.txt")
    await created(app, person, uploadIds=[upload.id])
    task = await claimed(app, worker)
    assert (await app.ask(TASK_WITH_LINKS, colleague, id=task["id"])).code == "TASK_NOT_FOUND"
    await fetch_rows(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 61")
    assert (await app.ask(TASK_WITH_LINKS, worker, id=task["id"])).code == "TASK_NOT_FOUND"
    again = await claimed(app, worker)
    assert again["id"] == task["id"]
    done = await app.data(REPORT_DONE_WITH_LINKS, worker, id=task["id"], lease=again["leaseId"])
    assert (await app.http.get(path_of(done["reportTask"]))).status_code == 410
    assert (await app.ask(TASK_WITH_LINKS, worker, id=task["id"])).code == "TASK_NOT_FOUND"
    assert (await app.http.get(f"/files/{upload.id}", headers=person.header)).content == b"abc"


async def test_a_worker_claims_the_task_that_it_names_and_no_other(app: App) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    urgent = (await created(app, person, priority=9))["id"]
    named = (await created(app, person, work={"external": {"queue": "elsewhere"}}))["id"]
    assert (await app.data(CLAIM_NAMED, worker, id=named))["claimTask"]["id"] == named
    assert (await Job.get(id=urgent)).status is JobStatus.PENDING
    again = await app.ask(CLAIM_NAMED, worker, id=named)
    assert (again.code, again.field) == ("INVALID_STATE", "id")
    for id_, code in (
        ("task-1754556928-12a41dbec0f3", "TASK_NOT_FOUND"), (await app.batch(person), "TASK_NOT_FOUND"), ("x", "INVALID_ID"),
    ):  # fmt: skip
        assert (await app.ask(CLAIM_NAMED, worker, id=id_)).code == code
    await app.data("mutation ($id: ID!) { pauseJob(id: $id) { id } }", person, id=urgent)
    assert (await app.ask(CLAIM_NAMED, worker, id=urgent)).code == "INVALID_STATE"
    assert (await app.ask(CLAIM_NAMED, person, id=urgent)).code == "FORBIDDEN"


async def test_of_two_that_claim_the_same_task_by_its_id_one_has_it(app: App) -> None:
    person, workers = await app.person(), [await app.person(Role.WORKER) for _ in range(4)]
    task_id = (await created(app, person))["id"]
    answers = await asyncio.gather(*(app.ask(CLAIM_NAMED, worker, id=task_id) for worker in workers))
    assert sorted(answer.code if answer.errors else "claimed" for answer in answers) == ["INVALID_STATE"] * 3 + [
        "claimed"
    ]


async def test_a_worker_reports_progress_and_results(app: App) -> None:
    person, worker = await app.person(), await app.person(Role.WORKER)
    task_id = (await created(app, person))["id"]
    task = await claimed(app, worker)
    assert (task["id"], task["status"], bool(task["leaseId"])) == (task_id, "PROCESSING", True)
    held = {"id": task_id, "lease": task["leaseId"]}
    half = await app.data(REPORT, worker, **held, input={"totalItems": 4, "processedItems": 2, "failedItems": 1})
    assert half["reportTask"]["progress"] == {"percentage": 50, "processedItems": 2, "failedItems": 1, "totalItems": 4}
    assert half["reportTask"]["leaseId"] == task["leaseId"]
    result = await app.upload(worker, b"out", "out.txt")
    done = {"status": "COMPLETED", "resultUploadIds": [result.id]}
    assert (await app.data(REPORT, worker, **held, input=done))["reportTask"]["files"] == [{"name": "out.txt"}]
    assert (await app.ask(REPORT, worker, **held, input={})).code == "INVALID_STATE"
    query = "query ($id: ID!) { task(id: $id) { status files { name } bundleUrl } }"
    seen = (await app.data(query, person, id=task_id))["task"]
    assert (seen["status"], seen["files"]) == ("COMPLETED", [{"name": "out.txt"}])
    bundle = await app.http.get(seen["bundleUrl"].removeprefix("http://test"))
    assert bundle.status_code == 200


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        (CREATE, {"input": {"work": EXTERNAL}}),
        ('mutation { createUpload(input: {filename: "a", size: 1}) { id } }', {}),
    ],
)
async def test_a_worker_without_a_task_makes_nothing(app: App, query: str, variables: dict[str, Any]) -> None:
    worker = await app.person(Role.WORKER)
    assert (await app.ask(query, worker, **variables)).code == "FORBIDDEN"
    headers = {**worker.header, "Tus-Resumable": "1.0.0", "Upload-Length": "1"}
    assert (await app.http.post("/files/", headers=headers)).status_code == 403
    assert (await Job.all().count(), await Upload.all().count()) == (0, 0)


@pytest.mark.parametrize("role", [Role.USER, Role.ADMIN])
async def test_nobody_else_claims(app: App, role: Role) -> None:
    person = await app.person(role)
    task = await created(app, person)
    assert (await app.ask(CLAIM, person)).code == "FORBIDDEN"
    assert (await app.ask(REPORT, person, id=task["id"], lease="lease-1-1", input={})).code == "FORBIDDEN"


async def test_the_verbs_answer_the_job_as_it_is_then(app: App) -> None:
    person, admin = await app.person(), await app.person(Role.ADMIN)
    id_ = (await created(app, person))["id"]
    for verb, status in (("pauseJob", "PAUSED"), ("resumeJob", "PENDING"), ("cancelJob", "CANCELLED")):
        answer = await app.data(f"mutation ($id: ID!) {{ {verb}(id: $id) {{ id status }} }}", person, id=id_)
        assert answer[verb] == {"id": id_, "status": status}
    update = "mutation ($id: ID!, $input: UpdateJobInput!) { updateJob(id: $id, input: $input) { title priority } }"
    changed = (await app.data(update, person, id=id_, input={"title": "New", "priority": -3}))["updateJob"]
    assert changed == {"title": "New", "priority": -3}
    for wrong in ({"title": "x" * 501}, {"priority": 101}, {"bandwidthLimit": 5}):
        assert (await app.ask(update, person, id=id_, input=wrong)).code == "BAD_INPUT"
    assert (await app.data("mutation ($id: ID!) { deleteJob(id: $id) }", person, id=id_))["deleteJob"] == id_
    assert (await app.ask("mutation ($id: ID!) { purgeJob(id: $id) }", person, id=id_)).code == "FORBIDDEN"
    assert (await app.data("mutation ($id: ID!) { purgeJob(id: $id) }", admin, id=id_))["purgeJob"] == id_
    assert await Job.all().count() == 0


async def test_cancelling_many_needs_a_filter(app: App) -> None:
    person = await app.person()
    ids = [(await created(app, person, title=title))["id"] for title in ("a", "b")]
    cancel = "mutation ($filter: JobFilter!) { cancelJobs(filter: $filter) { id status } }"
    assert (await app.ask(cancel, person, filter={})).code == "BAD_INPUT"
    answer = (await app.data(cancel, person, filter={"ids": [ids[1]]}))["cancelJobs"]
    assert answer == [{"id": ids[1], "status": "CANCELLED"}]
    assert (await Job.get(id=ids[0])).status is JobStatus.PENDING


async def test_a_watched_task_ends_with_its_last_state(live: Served) -> None:
    person, worker = await live.app.person(), await live.app.person(Role.WORKER)
    task_id = (await created(live.app, person))["id"]
    async with await live.wire_of(person) as wire:
        await wire.subscribe("subscription ($id: ID!) { taskUpdated(id: $id) { status } }", id=task_id)
        assert (await wire.next())["taskUpdated"] == {"status": "PENDING"}
        task = await claimed(live.app, worker)
        assert (await wire.next())["taskUpdated"] == {"status": "PROCESSING"}
        await live.app.data(REPORT, worker, id=task_id, lease=task["leaseId"], input={"status": "COMPLETED"})
        assert (await wire.next())["taskUpdated"] == {"status": "COMPLETED"}
        assert (await wire.receive())["type"] == "complete"
