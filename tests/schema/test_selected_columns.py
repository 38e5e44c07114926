"""Columns of jobs and uploads: what a selection needs is read, and nothing else."""

import re
from typing import Any

import pytest
from graphql import GraphQLNamedType, GraphQLObjectType, get_named_type, is_leaf_type

from base.words import JobStatus, UploadStatus
from models import Job, Upload
from models.fields import now
from schema.build import build_schema
from tests.resolvers.downloads_for_tests import begin
from tests.statements import counted_statements
from tests.web_app import App, Person

SCHEMA = build_schema()._schema
ROOTS = {"batch": "Batch", "task": "Task", "download": "Download"}
LISTS = {"batch": "batches", "task": "tasks", "download": "downloads"}
MUTATIONS = {
    "batch": ("createBatch", "CreateBatchInput", {"work": {"custom": {"kind": "counting"}}}),
    "task": ("createTask", "CreateTaskInput", {"work": {"custom": {"kind": "countingTask"}}}),
}
_SELECTED = re.compile(r"SELECT (.+?) FROM jobs WHERE id")


def selection(type_: GraphQLNamedType, depth: int = 1) -> dict[str, str]:
    """Each field of a type with what can be asked of it, objects `depth` levels down."""
    found = {}
    for name, field in getattr(type_, "fields", {}).items():
        named = get_named_type(field.type)
        if is_leaf_type(named):
            found[name] = name
        elif depth > 0 and (below := selection(named, depth - 1)):
            found[name] = f"{name} {{ {' '.join(below.values())} }}"
    return found


async def made(app: App, person: Person, kind: str) -> str:
    if kind == "download":
        return await begin(app, person)
    name, type_, new = MUTATIONS[kind]
    given = {**new, "uploadIds": [(await app.upload(person)).id], "title": "Ärger", "externalId": kind}
    answer = await app.data(f"mutation ($input: {type_}!) {{ {name}(input: $input) {{ id }} }}", person, input=given)
    return str(answer[name]["id"])


@pytest.mark.parametrize("kind", ROOTS)
@pytest.mark.parametrize("status", [JobStatus.PROCESSING, JobStatus.FAILED, JobStatus.COMPLETED])
async def test_a_field_tells_the_same_alone_as_with_all_others(app: App, kind: str, status: JobStatus) -> None:
    person = await app.person()
    id_ = await made(app, person, kind)
    moment = now()
    ended = {} if status.is_active else {"finished_at": moment, "failed_items": 1, "error_is_retryable": True}
    error = {"error_code": "CORRUPT_FILE", "error_at": moment} if status is JobStatus.FAILED else {}
    await Job.filter(id=id_).update(status=status, started_at=moment, percentage=50.0, stage="read", **ended, **error)
    type_ = SCHEMA.type_map[ROOTS[kind]]
    assert isinstance(type_, GraphQLObjectType)
    fields = selection(type_)

    everything = " ".join(fields.values())
    by_id = f"query ($id: ID!) {{ node(id: $id) {{ ... on {type_} {{ {everything} }} }} }}"
    whole = (await app.data(by_id, person, id=id_))["node"]
    assert whole["status"] == status
    for name, text in fields.items():
        one = await app.data(f"query ($id: ID!) {{ {kind}(id: $id) {{ {text} }} }}", person, id=id_)
        listed = await app.data(f"{{ {LISTS[kind]} {{ edges {{ node {{ {text} }} }} }} }}", person)
        jobs = await app.data(f"{{ jobs {{ nodes {{ ... on {type_} {{ {text} }} }} }} }}", person)
        assert one == {kind: {name: whole[name]}}
        assert listed == {LISTS[kind]: {"edges": [{"node": {name: whole[name]}}]}}
        assert jobs == {"jobs": {"nodes": [{name: whole[name]}]}}


@pytest.mark.parametrize(
    ("selected", "columns"),
    [
        ("id", set()),
        ("id title statusMessage", {"title", "status_message"}),
        ("isActive bundleUrl", {"status", "finished_at"}),
        ("progress { percentage totalItems }", {"percentage", "total_items"}),
        ("...F", {"title", "failed_items"}),
        ("uploads { nodes { filename } }", set()),
    ],
)
async def test_no_other_columns_are_read(app: App, selected: str, columns: set[str]) -> None:
    person = await app.person()
    id_ = await app.batch(person)
    fragment = " fragment F on Job { title ...G } fragment G on Job { hasFailures }" if "...F" in selected else ""
    with counted_statements() as statements:
        await app.data(f"query ($id: ID!) {{ batch(id: $id) {{ {selected} }} }}{fragment}", person, id=id_)

    (read,) = [match[1] for statement in statements if (match := _SELECTED.match(statement))]
    assert set(read.split(", ")) == columns | {"id", "type", "owner_id"}


async def test_what_is_long_is_not_read_for_a_list_that_does_not_show_it(app: App) -> None:
    person = await app.person()
    await app.batch(person)
    with counted_statements() as statements:
        found: dict[str, Any] = await app.data("{ jobs { nodes { id status } totalCount } }", person)

    assert found["jobs"]["totalCount"] == 1
    (read,) = [statement for statement in statements if "list_total FROM jobs" in statement]
    assert not {"status_message", "download", "options", "error_message"} & set(re.findall(r"\w+", read))


@pytest.mark.parametrize("status", [UploadStatus.COMPLETED, UploadStatus.UPLOADING, UploadStatus.REJECTED])
async def test_a_field_of_an_upload_tells_the_same_alone_as_with_all_others(app: App, status: UploadStatus) -> None:
    person = await app.person()
    upload = await app.upload(person)
    upload_id = upload.id
    await app.batch(person, upload=upload)
    error = {"error_code": "CORRUPT_FILE", "error_message": "It is odd."} if status is UploadStatus.REJECTED else {}
    await Upload.filter(id=upload_id).update(status=status, offset_bytes=1, expires_at=now(), external_id="a", **error)
    fields = selection(SCHEMA.type_map["Upload"])

    everything = " ".join(fields.values())
    whole = (await app.data(f"query ($id: ID!) {{ upload(id: $id) {{ {everything} }} }}", person, id=upload_id))[
        "upload"
    ]
    assert whole["status"] == status
    for name, text in fields.items():
        listed = await app.data(f"{{ uploads(first: 1) {{ nodes {{ {text} }} }} }}", person)
        below = await app.data(
            f"{{ batches(first: 1) {{ nodes {{ uploads(first: 1) {{ edges {{ node {{ {text} }} }} }} }} }} }}", person
        )
        assert listed == {"uploads": {"nodes": [{name: whole[name]}]}}
        assert below == {"batches": {"nodes": [{"uploads": {"edges": [{"node": {name: whole[name]}}]}}]}}


@pytest.mark.parametrize(
    ("selected", "columns"),
    [("id", set()), ("filename percentage", {"filename", "size_bytes", "offset_bytes", "status"})],
)
async def test_no_other_columns_of_uploads_are_read(app: App, selected: str, columns: set[str]) -> None:
    person = await app.person()
    await app.batch(person)
    for query in (
        f"{{ uploads {{ nodes {{ {selected} }} }} }}",
        f"{{ batches {{ nodes {{ uploads {{ nodes {{ {selected} }} }} }} }} }}",
    ):
        with counted_statements() as statements:
            await app.data(query, person)
        (read,) = [
            match[1] for one in statements if "uploads" in one and (match := re.match(r"SELECT (.+?) FROM", one))
        ]
        named = set(re.findall(r"\w+", read)) & set(Upload._meta.db_fields)
        assert named == columns | {"id", "owner_id"}


async def test_a_page_that_cannot_be_had_is_the_error_of_its_field_alone(app: App) -> None:
    """Both fields are read together."""
    person = await app.person()
    id_ = await app.batch(person, upload=await app.upload(person))
    query = """query ($id: ID!) {
      good: batch(id: $id) { uploads { totalCount } } bad: batch(id: $id) { uploads(after: "x") { totalCount } } }"""
    for _ in range(2):  # without a plan, and with one
        answer = await app.ask(query, person, id=id_)
        assert [error["path"] for error in answer.errors] == [["bad", "uploads"]]
        assert answer.data == {"good": {"uploads": {"totalCount": 1}}, "bad": None}


async def test_one_fragment_of_two_types_has_the_columns_of_both(app: App) -> None:
    """Both fields begin at one node of the document, and each goes on at others."""
    person = await app.person()
    for kind in ("batch", "task"):
        await made(app, person, kind)
    query = """{ jobs { nodes { ...F ... on Batch { uploads { nodes { filename } } } ... on Task { uploads { nodes { size } } } } } }
    fragment F on Job { __typename uploads { nodes { id } } }"""
    for _ in range(2):  # without a plan, and with one
        nodes = (await app.data(query, person))["jobs"]["nodes"]
        assert {node["__typename"]: set(node["uploads"]["nodes"][0]) for node in nodes} == {
            "Batch": {"id", "filename"}, "Task": {"id", "size"},
        }  # fmt: skip
