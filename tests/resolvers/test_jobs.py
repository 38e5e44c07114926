"""Jobs over GraphQL: what may be created, how they are found, and that they are their owner's alone."""

from datetime import timedelta
from typing import Any

import pytest

from base.words import JobStatus, Role, UploadStatus
from models import Job
from models.fields import now
from tests.web_app import App, Person

CREATE = "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id kind status title externalId priority options totalSize attempt version awaiting actions uploads { nodes { id } } owner { id } } }"
LIST = "query ($filter: JobFilter, $order: JobOrder, $first: Int, $after: String, $last: Int, $before: String) { batches(filter: $filter, orderBy: $order, first: $first, after: $after, last: $last, before: $before) { nodes { id title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"
UNKNOWN = "batch-1754556928-12a41dbec0f3"
WORK = {"custom": {"kind": "counting"}}


async def created(app: App, person: Person, **values: Any) -> dict[str, Any]:
    job: dict[str, Any] = (await app.data(CREATE, person, input={"work": WORK, **values}))["createBatch"]
    return job


async def listed(app: App, person: Person, **variables: Any) -> list[str]:
    return [node["id"] for node in (await app.data(LIST, person, **variables))["batches"]["nodes"]]


async def set_columns(job_id: str, **columns: Any) -> None:
    await Job.filter(id=job_id).update(**columns)


async def test_a_batch_over_complete_uploads_waits_for_a_worker(app: App) -> None:
    person = await app.person()
    uploads = [await app.upload(person, b"abc"), await app.upload(person, b"de")]
    ids = [upload.id for upload in uploads]
    job = await created(app, person, uploadIds=ids, title="Mine", externalId="key", priority=7)

    assert job == {
        "id": job["id"], "kind": "counting", "status": "PENDING", "title": "Mine", "externalId": "key", "priority": 7,
        "options": {}, "totalSize": 5, "attempt": 1, "version": job["version"], "awaiting": None, "actions": ["PAUSE", "CANCEL"],
        "uploads": {"nodes": [{"id": id_} for id_ in ids]}, "owner": {"id": person.id},
    }  # fmt: skip


async def test_a_batch_whose_owner_starts_it_waits_for_them(app: App) -> None:
    person = await app.person()
    job = await created(app, person, uploadIds=[(await app.upload(person)).id], autoStart=False)
    assert (job["status"], job["awaiting"], job["actions"]) == ("AWAITING_INPUT", "start", ["START", "CANCEL"])
    start = "mutation ($id: ID!, $input: StartJobInput) { startJob(id: $id, input: $input) { status ... on Batch { options } } }"
    changed = {"options": {"number": 5}}
    started = (await app.data(start, person, id=job["id"], input=changed))["startJob"]

    assert started == {"status": "PENDING", "options": {"number": 5}}
    assert (await app.ask(start, person, id=job["id"])).code == "CANNOT_START"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"work": {"custom": {"kind": "countingTask"}}}, "BAD_INPUT", "input.work.custom.kind"),
        ({"work": {"custom": {"kind": "counting", "options": 5}}}, "BAD_INPUT", "input.work.custom.options"),
        ({"work": {"custom": {"kind": "counting", "options": []}}}, "BAD_INPUT", "input.work.custom.options"),
        ({"work": {"leads": {"batchSize": 0}}}, "BAD_INPUT", "input.work.leads.batchSize"),
        ({"work": {"leads": {"batchSize": 10_001}}}, "BAD_INPUT", "input.work.leads.batchSize"),
        ({"work": {"leads": {"country": "Nowhere"}}}, "BAD_INPUT", "input.work.leads.country"),
        ({"title": "x" * 501}, "BAD_INPUT", "input.title"),
        ({"externalId": "x" * 256}, "BAD_INPUT", "input.externalId"),
        ({"priority": 101}, "BAD_INPUT", "input.priority"),
        ({"priority": -101}, "BAD_INPUT", "input.priority"),
        ({"uploadIds": []}, "BAD_INPUT", "input.uploadIds"),
        ({"uploadIds": ["nonsense"]}, "INVALID_ID", "input.uploadIds"),
        ({"uploadIds": [""]}, "INVALID_ID", "input.uploadIds"),
        ({"uploadIds": [UNKNOWN]}, "UPLOAD_NOT_FOUND", "input.uploadIds"),
        ({"uploadIds": ["upload-1754556928-12a41dbec0f3"]}, "UPLOAD_NOT_FOUND", "input.uploadIds"),
        ({"uploadIds": [f"upload-1754556928-{number:012x}" for number in range(5000)]}, "BAD_INPUT", "input.uploadIds"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_batch_is_refused_with_code_and_field_and_nothing_is_made(
    app: App, changes: dict[str, Any], code: str, field: str
) -> None:
    person = await app.person()
    new = {"work": WORK, "uploadIds": [(await app.upload(person)).id], **changes}
    answer = await app.ask(CREATE, person, input=new)

    assert (answer.code, answer.field, answer.data) == (code, field, None)
    assert await Job.all().count() == 0


@pytest.mark.parametrize(
    ("custom", "words"),
    [
        ({"kind": "nonsense"}, "alignment, counting, countingTask"),
        ({"kind": ""}, "alignment, counting, countingTask"),
        ({"kind": "counting", "options": {"number": "x"}}, "number"),
        ({"kind": "counting", "options": {"other": 1}}, "other"),
    ],
)
async def test_a_kind_or_an_option_that_is_not_known_is_named(app: App, custom: dict[str, Any], words: str) -> None:
    person = await app.person()
    answer = await app.ask(
        CREATE, person, input={"work": {"custom": custom}, "uploadIds": [(await app.upload(person)).id]}
    )

    assert answer.code == "BAD_INPUT"
    assert words in answer.errors[0]["message"]
    assert await Job.all().count() == 0


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        ({"status": UploadStatus.EXPIRED}, "INVALID_STATE"),
        ({"status": UploadStatus.REJECTED}, "INVALID_STATE"),
        ({"status": UploadStatus.DELETED}, "UPLOAD_NOT_FOUND"),
        ({"name": "a.exe"}, "UNSUPPORTED_TYPE"),
    ],
)
async def test_an_upload_that_cannot_be_used_is_refused(app: App, upload: dict[str, Any], code: str) -> None:
    person = await app.person()
    answer = await app.ask(CREATE, person, input={"work": WORK, "uploadIds": [(await app.upload(person, **upload)).id]})

    assert (answer.code, answer.field) == (code, "input.uploadIds")


async def test_the_same_upload_twice_and_more_than_the_kind_takes_are_refused(app: App) -> None:
    person = await app.person()
    ids = [(await app.upload(person)).id for _ in range(4)]
    for wrong in ([ids[0], ids[0]], ids):
        answer = await app.ask(CREATE, person, input={"work": WORK, "uploadIds": wrong})
        assert (answer.code, answer.field) == ("BAD_INPUT", "input.uploadIds")


async def test_somebody_elses_upload_does_not_exist(app: App) -> None:
    owner, stranger = await app.person(), await app.person()
    answer = await app.ask(CREATE, stranger, input={"work": WORK, "uploadIds": [(await app.upload(owner)).id]})

    assert (answer.code, answer.errors[0]["message"]) == ("UPLOAD_NOT_FOUND", "There is no such upload.")


@pytest.mark.parametrize("work", [{}, {"leads": {}, "custom": {"kind": "x"}}, {"leads": None}, {"nonsense": {}}, None])
async def test_exactly_one_kind_of_work_is_chosen(app: App, work: Any) -> None:
    assert (await app.ask(CREATE, await app.person(), input={"work": work, "uploadIds": []})).code == "BAD_INPUT"


@pytest.mark.parametrize("anything", [2**64, [[[[[[]]]]]] * 3, "x"])
async def test_options_may_hold_what_can_be_stored(app: App, anything: Any) -> None:
    person = await app.person()
    work = {"custom": {"kind": "counting", "options": {"anything": anything}}}
    answer = await app.ask(CREATE, person, input={"work": work, "uploadIds": [(await app.upload(person)).id]})

    if anything == 2**64:  # which JSON of 64 bits knows only as a float
        assert answer.data is not None
        anything = float(2**64)
    assert answer.errors == []
    assert answer.data is not None
    assert answer.data["createBatch"]["options"] == {"anything": anything}


async def test_options_that_nest_too_deep_are_refused(app: App) -> None:
    person = await app.person()
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    work = {"custom": {"kind": "counting", "options": {"anything": deep}}}
    answer = await app.ask(CREATE, person, input={"work": work, "uploadIds": [(await app.upload(person)).id]})

    assert answer.code == "BAD_INPUT"
    assert "nests too deep" in answer.errors[0]["message"]


async def test_a_number_of_more_than_64_bits_in_a_query_is_refused(app: App) -> None:
    person = await app.person()
    query = 'mutation { createBatch(input: {work: {custom: {kind: "counting", options: {anything: 123456789012345678901}}}, uploadIds: []}) { id } }'

    assert (await app.ask(query, person)).code == "BAD_INPUT"


async def test_the_same_external_id_gives_the_same_batch(app: App) -> None:
    person, other = await app.person(), await app.person()
    first = await created(app, person, uploadIds=[(await app.upload(person)).id], externalId="key", title="One")
    again = await created(app, person, uploadIds=[(await app.upload(person)).id], externalId="key", title="Two")
    foreign = await created(app, other, uploadIds=[(await app.upload(other)).id], externalId="key")

    assert (again["id"], again["title"]) == (first["id"], "One")
    assert foreign["id"] != first["id"]
    assert await Job.all().count() == 2


@pytest.mark.parametrize(
    "operation",
    ["{ batch(id: $id) { id } }", "{ job(id: $id) { id } }", "{ node(id: $id) { id } }", "mutation { cancelJob(id: $id) { id } }",
     "mutation { startJob(id: $id) { id } }", "mutation { retryJob(id: $id) { id } }"],
)  # fmt: skip
async def test_a_foreign_job_and_an_unknown_one_look_the_same(app: App, operation: str) -> None:
    owner, stranger = await app.person(), await app.person()
    job_id = await app.batch(owner, autoStart=False)
    kind, _, rest = operation.rpartition("mutation")
    query = f"{'mutation' if kind or rest != operation else 'query'} ($id: ID!) {rest}"
    foreign, unknown = [await app.ask(query, stranger, id=id_) for id_ in (job_id, UNKNOWN)]

    assert foreign.code == unknown.code == "BATCH_NOT_FOUND"
    assert foreign.errors[0]["message"] == unknown.errors[0]["message"]
    assert (await Job.get(id=job_id)).status is JobStatus.AWAITING_INPUT


@pytest.mark.parametrize(
    ("id_", "code"),
    [
        ("nonsense", "INVALID_ID"),
        ("upload-1754556928-12a41dbec0f3", "NOT_FOUND"),
        ("task-1754556928-12a41dbec0f3", "TASK_NOT_FOUND"),
    ],
)
async def test_an_id_that_names_no_job_says_which_kind_of_wrong_it_is(app: App, id_: str, code: str) -> None:
    person = await app.person()

    assert (await app.ask("query ($id: ID!) { job(id: $id) { id } }", person, id=id_)).code == code
    assert (await app.ask("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=id_)).code == code


async def test_lists_show_ones_own_and_an_admin_everybodys(app: App) -> None:
    one, two, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    first, second = await app.batch(one), await app.batch(two)

    assert await listed(app, one) == [first]
    assert set(await listed(app, admin)) == {first, second}
    assert await listed(app, admin, filter={"ownerId": two.id}) == [second]
    assert await listed(app, one, filter={"ownerId": one.id}) == [first]
    refused = await app.ask(LIST, one, filter={"ownerId": two.id})
    assert (refused.code, refused.field) == ("FORBIDDEN", "filter.ownerId")
    assert await listed(app, one, filter={"ids": [second]}) == []


async def test_filters_choose(app: App) -> None:
    person = await app.person()
    soon, late = now() + timedelta(hours=1), now() - timedelta(hours=1)
    one = await app.batch(person, title="Leads of May_100%", autoStart=False)
    two = await app.batch(person, upload=await app.upload(person, name="Report.TXT"))
    await set_columns(two, reference="12345678", status=JobStatus.COMPLETED)

    for criteria, expected in [
        ({}, {one, two}),
        ({"search": "MAY_1"}, {one}),
        ({"search": " \t MAY_1\n"}, {one}),
        ({"search": "  "}, {one, two}),
        ({"search": "report"}, {two}),
        ({"search": "%"}, {one}),
        ({"search": "\\"}, set()),
        ({"search": "'; DROP TABLE jobs; --"}, set()),
        ({"statuses": ["COMPLETED"]}, {two}),
        ({"statuses": []}, set()),
        ({"isActive": True}, {one}),
        ({"isActive": False}, {two}),
        ({"kinds": ["counting"]}, {one, two}),
        ({"kinds": ["leads"]}, set()),
        ({"types": ["BATCH"]}, {one, two}),
        ({"types": ["TASK"]}, set()),
        ({"reference": "12345678"}, {two}),
        ({"ids": [one]}, {one}),
        ({"ids": []}, set()),
        ({"createdAfter": soon.isoformat()}, set()),
        ({"createdBefore": soon.isoformat(), "createdAfter": late.isoformat()}, {one, two}),
        ({"search": "may", "isActive": False}, set()),
    ]:  # fmt: skip
        assert set(await listed(app, person, filter=criteria)) == expected, criteria


async def test_a_filter_that_is_too_long_is_bad_input(app: App) -> None:
    answer = await app.ask(LIST, await app.person(), filter={"ids": ["x"] * 501})

    assert (answer.code, answer.field) == ("BAD_INPUT", "filter.ids")


@pytest.mark.parametrize("field", ["CREATED_AT", "UPDATED_AT", "TITLE", "STATUS", "PRIORITY"])
async def test_every_order_walks_both_ways_through_equal_values(app: App, field: str) -> None:
    person = await app.person()
    for number in range(7):
        job_id = await app.batch(person, title=["b", "a", None][number % 3], priority=number % 2)
        await set_columns(job_id, created_at=now() - timedelta(seconds=number % 2))
    order = {"field": field, "direction": "ASC"}
    ascending = await listed(app, person, order=order)
    assert await listed(app, person, order={"field": field, "direction": "DESC"}) == ascending[::-1]
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = (await app.data(LIST, person, order=order, first=2, after=after))["batches"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 7
    assert seen == ascending
    tail = (await app.data(LIST, person, order=order, last=2))["batches"]
    assert [node["id"] for node in tail["nodes"]] == ascending[-2:]


async def test_a_cursor_of_another_order_is_refused(app: App) -> None:
    person = await app.person()
    for number in range(3):
        await app.batch(person, title=str(number))
    cursor = (await app.data(LIST, person, order={"field": "TITLE"}, first=1))["batches"]["pageInfo"]["endCursor"]
    for order in ({"field": "PRIORITY"}, {"field": "TITLE", "direction": "ASC"}):
        assert (await app.ask(LIST, person, order=order, after=cursor)).codes == ["BAD_INPUT"]


async def test_cancelling_twice_is_answered_twice(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    cancel = "mutation ($id: ID!) { cancelJob(id: $id) { status isActive actions finishedAt } }"
    first, second = [(await app.data(cancel, person, id=job_id))["cancelJob"] for _ in range(2)]

    assert first == second
    assert (first["status"], first["isActive"], first["actions"]) == ("CANCELLED", False, ["RETRY"])
    assert first["finishedAt"].endswith("Z")


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.SKIPPED])
async def test_what_is_finished_cannot_be_cancelled(app: App, status: JobStatus) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await set_columns(job_id, status=status)

    assert (
        await app.ask("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
    ).code == "CANNOT_CANCEL"
    assert (await Job.get(id=job_id)).status is status


async def test_only_what_ended_badly_can_be_retried(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    retry = "mutation ($id: ID!) { retryJob(id: $id, onlyFailedItems: false) { status attempt } }"
    assert (await app.ask(retry, person, id=job_id)).code == "CANNOT_RETRY"
    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)

    assert await app.data(retry, person, id=job_id) == {"retryJob": {"status": "PENDING", "attempt": 2}}


async def test_nested_fields_are_those_of_the_job(app: App) -> None:
    person = await app.person()
    upload = await app.upload(person, b"12345", name="five.txt")
    job_id = await app.batch(person, upload=upload, title="Nested")
    query = """query ($id: ID!) { batch(id: $id) {
      stages { name label status percentage } progress { percentage totalItems processedBytes totalBytes completedSlices totalSlices completedBatches totalBatches }
      events { nodes { status stage message } totalCount } logs { nodes { message } totalCount } items { totalCount }
      files { id } uploads { nodes { filename jobs { id } } } queuePosition bundleUrl error { code } } }"""
    batch = (await app.data(query, person, id=job_id))["batch"]

    assert [stage["name"] for stage in batch["stages"]] == ["upload", "read", "count", "write"]
    assert batch["progress"] == {
        "percentage": 0.0, "totalItems": None, "processedBytes": 5, "totalBytes": 5,
        "completedSlices": 0, "totalSlices": None, "completedBatches": 0, "totalBatches": None,
    }  # fmt: skip
    assert [event["status"] for event in batch["events"]["nodes"]] == ["UPLOADED", "PENDING"]
    assert (batch["logs"], batch["items"], batch["files"]) == ({"nodes": [], "totalCount": 0}, {"totalCount": 0}, [])
    assert batch["uploads"] == {"nodes": [{"filename": "five.txt", "jobs": [{"id": job_id}]}]}
    assert (batch["queuePosition"], batch["bundleUrl"], batch["error"]) == (1, None, None)


async def test_a_job_whose_processor_is_gone_stays_readable(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)
    await set_columns(job_id, kind="uninstalled")
    found = await app.data("query ($id: ID!) { job(id: $id) { kind stages { name } } }", person, id=job_id)

    assert found == {"job": {"kind": "uninstalled", "stages": [{"name": "upload"}]}}
