"""Uploads over GraphQL: announcing, reading, listing, deleting; and that they are their owner's alone."""

from datetime import datetime
from typing import Any

import pytest

from base.words import Role, UploadStatus
from models import Upload
from tests.web_app import App

CREATE = "mutation ($input: CreateUploadInput!) { createUpload(input: $input) { id } }"
FIELDS = "id filename size offset percentage status url contentType externalId sha256 error { code } owner { id } jobs { id }"
LIST = "query ($first: Int, $after: String, $last: Int, $before: String, $offset: Int, $statuses: [UploadStatus!]) { uploads(first: $first, after: $after, last: $last, before: $before, offset: $offset, statuses: $statuses) { nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }"
UNKNOWN = "upload-1754556928-12a41dbec0f3"


async def test_an_announced_upload_takes_bytes_at_its_url(app: App) -> None:
    person = await app.person()
    new = {"filename": "a.txt", "size": 3, "contentType": "text/plain", "externalId": "mine"}
    query = f"mutation ($input: CreateUploadInput!) {{ createUpload(input: $input) {{ {FIELDS} }} }}"
    upload = (await app.data(query, person, input=new))["createUpload"]

    assert upload == {
        "id": upload["id"], "url": upload["url"], "filename": "a.txt", "size": 3, "offset": 0, "percentage": 0.0,
        "status": "UPLOADING", "contentType": "text/plain", "externalId": "mine", "sha256": None, "error": None,
        "owner": {"id": person.id}, "jobs": [],
    }  # fmt: skip
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = await app.http.patch(upload["url"], content=b"a,b", headers=headers)
    assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, "3")
    found = await app.data("query ($id: ID!) { upload(id: $id) { status percentage offset } }", person, id=upload["id"])
    assert found == {"upload": {"status": "COMPLETED", "percentage": 100.0, "offset": 3}}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"size": -1}, "BAD_INPUT"),
        ({"size": 10 * 2**30 + 1}, "FILE_TOO_LARGE"),
        ({"size": 2**53 - 1}, "FILE_TOO_LARGE"),
        ({"externalId": "x" * 5000}, "BAD_INPUT"),
    ],
)
async def test_what_cannot_be_an_upload_is_refused_and_nothing_is_made(
    app: App, changes: dict[str, object], code: str
) -> None:
    person = await app.person()
    answer = await app.ask(CREATE, person, input={"filename": "a.txt", "size": 3, **changes})

    assert answer.code == code
    assert await Upload.all().count() == 0


async def test_an_upload_may_be_announced_before_its_size_is_known(app: App) -> None:
    person = await app.person()
    query = f"mutation ($input: CreateUploadInput!) {{ createUpload(input: $input) {{ {FIELDS} }} }}"
    upload = (await app.data(query, person, input={"filename": "a.txt"}))["createUpload"]
    assert (upload["size"], upload["percentage"], upload["status"]) == (None, None, "UPLOADING")
    headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    sent = await app.http.patch(upload["url"], content=b"a,b", headers=headers | {"Upload-Length": "3"})
    assert sent.status_code == 204
    found = await app.data("query ($id: ID!) { upload(id: $id) { status size } }", person, id=upload["id"])
    assert found == {"upload": {"status": "COMPLETED", "size": 3}}


async def test_when_an_upload_goes_can_be_read_before(app: App) -> None:
    person = await app.person()
    ask = "query ($id: ID!) { upload(id: $id) { expiresAt updatedAt } }"
    new = (await app.data(CREATE, person, input={"filename": "a.txt", "size": 3}))["createUpload"]
    unfinished = (await app.data(ask, person, id=new["id"]))["upload"]
    assert between(unfinished["updatedAt"], unfinished["expiresAt"]) == pytest.approx(24 * 3600, abs=5)
    stored = await app.upload(person)
    finished = (await app.data(ask, person, id=stored.id))["upload"]
    assert between(finished["updatedAt"], finished["expiresAt"]) == pytest.approx(7 * 24 * 3600, abs=5)
    await app.batch(person, upload=stored)
    assert (await app.data(ask, person, id=stored.id))["upload"]["expiresAt"] is None


def between(first: str, second: str) -> float:
    """Seconds from one moment to the other."""
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


async def test_parts_of_concatenations_are_in_no_list_but_can_be_asked_for(app: App) -> None:
    person = await app.person()
    part = await app.upload(person)
    await Upload.filter(id=part.id).update(is_partial=True, concat="partial")
    whole = await app.upload(person)
    listed = await app.data("{ uploads { nodes { id } totalCount } }", person)
    assert listed == {"uploads": {"nodes": [{"id": whole.id}], "totalCount": 1}}
    assert await app.data("query ($id: ID!) { upload(id: $id) { id } }", person, id=part.id) == {
        "upload": {"id": part.id}
    }


async def test_an_upload_needs_somebody(app: App) -> None:
    assert (await app.ask(CREATE, input={"filename": "a.txt", "size": 3})).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "operation", ["{ upload(id: $id) { id } }", "mutation { deleteUpload(id: $id) }", "{ node(id: $id) { id } }"]
)
async def test_a_foreign_upload_and_an_unknown_one_look_the_same(app: App, operation: str) -> None:
    owner, stranger = await app.person(), await app.person()
    upload = await app.upload(owner)
    query = operation.replace("mutation {", "mutation ($id: ID!) {").replace(
        "{", "query ($id: ID!) {", not operation.startswith("m")
    )
    foreign, unknown = [await app.ask(query, stranger, id=id_) for id_ in (upload.id, UNKNOWN)]

    assert foreign.code == unknown.code == "UPLOAD_NOT_FOUND"
    assert foreign.errors[0]["message"] == unknown.errors[0]["message"]
    assert foreign.data == unknown.data
    assert (await Upload.get(id=upload.id)).status is UploadStatus.COMPLETED


@pytest.mark.parametrize(
    "id_", ["", "x", "upload-", "upload-1-2", f"{UNKNOWN}\n", "x" * 10_000, "upload-１７５４５５６９２８-12a41dbec0f3"]
)
async def test_what_is_no_id_is_an_invalid_id(app: App, id_: str) -> None:
    person = await app.person()
    found = await app.ask("query ($id: ID!) { upload(id: $id) { id } }", person, id=id_)
    deleted = await app.ask("mutation ($id: ID!) { deleteUpload(id: $id) }", person, id=id_)

    assert (found.code, found.field, deleted.code) == ("INVALID_ID", "id", "INVALID_ID")


async def test_an_id_of_another_type_is_not_found(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person)

    assert (await app.ask("query ($id: ID!) { upload(id: $id) { id } }", person, id=job_id)).code == "UPLOAD_NOT_FOUND"


async def test_an_admin_reaches_everybodys(app: App) -> None:
    owner, admin = await app.person(), await app.person(Role.ADMIN)
    upload = await app.upload(owner)

    found = await app.data("query ($id: ID!) { upload(id: $id) { owner { id } } }", admin, id=upload.id)
    assert found == {"upload": {"owner": {"id": owner.id}}}


async def test_a_job_that_an_admin_makes_of_somebodys_upload_is_not_shown_to_them(app: App) -> None:
    owner, admin = await app.person(), await app.person(Role.ADMIN)
    upload = await app.upload(owner)
    own, foreign = await app.batch(owner, upload=upload), await app.batch(admin, upload=upload)
    query = "query ($id: ID!) { upload(id: $id) { jobs { id } } }"

    assert await app.data(query, owner, id=upload.id) == {"upload": {"jobs": [{"id": own}]}}
    seen = (await app.data(query, admin, id=upload.id))["upload"]["jobs"]
    assert {job["id"] for job in seen} == {own, foreign}


async def test_a_deleted_upload_is_gone(app: App) -> None:
    person = await app.person()
    upload = await app.upload(person)
    delete = "mutation ($id: ID!) { deleteUpload(id: $id) }"

    assert await app.data(delete, person, id=upload.id) == {"deleteUpload": upload.id}
    assert (await Upload.get(id=upload.id)).status is UploadStatus.DELETED
    assert (await app.data(LIST, person))["uploads"]["totalCount"] == 0


async def test_a_list_is_walked_forward_and_backward_without_a_hole(app: App) -> None:
    person, stranger = await app.person(), await app.person()
    await app.upload(stranger)
    ids = [(await app.upload(person, name=f"{number}.txt")).id for number in range(7)][::-1]
    seen: list[str] = []
    after = None
    while True:
        page = (await app.data(LIST, person, first=3, after=after))["uploads"]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        seen += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert sorted(seen) == sorted(ids)
    assert page["totalCount"] == 7
    last = (await app.data(LIST, person, last=3))["uploads"]
    before = (await app.data(LIST, person, last=3, before=last["pageInfo"]["startCursor"]))["uploads"]
    assert [node["id"] for node in before["nodes"] + last["nodes"]] == seen[1:]
    assert (before["pageInfo"]["hasPreviousPage"], before["pageInfo"]["hasNextPage"]) == (True, True)
    assert [node["id"] for node in (await app.data(LIST, person, first=2, offset=3))["uploads"]["nodes"]] == seen[3:5]


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"first": 101}, "first"),
        ({"first": -1}, "first"),
        ({"last": 101}, "last"),
        ({"first": 1, "last": 1}, "last"),
        ({"offset": -1}, "offset"),
        ({"offset": 1, "last": 1}, "offset"),
        ({"after": "nonsense"}, "after"),
        ({"after": "W10"}, "after"),
        ({"after": "WzEsW11d"}, "after"),
        ({"after": "WzE4NDQ2NzQ0MDczNzA5NTUxNjE1LDFd"}, "after"),
        ({"before": "é"}, "before"),
        ({"after": "5"}, "after"),
    ],
)
async def test_a_window_that_makes_no_sense_is_bad_input(app: App, window: dict[str, Any], field: str) -> None:
    answer = await app.ask(LIST, await app.person(), **window)

    assert (answer.code, answer.field) == ("BAD_INPUT", field)


async def test_a_page_may_be_empty(app: App) -> None:
    person = await app.person()
    await app.upload(person)
    page = (await app.data(LIST, person, first=0))["uploads"]

    assert (page["nodes"], page["totalCount"]) == ([], 1)
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


async def test_statuses_choose(app: App) -> None:
    person = await app.person()
    done = await app.upload(person)
    coming = await app.upload(person, status=UploadStatus.UPLOADING)
    gone = await app.upload(person, status=UploadStatus.DELETED)

    async def listed(statuses: list[str] | None) -> set[str]:
        return {node["id"] for node in (await app.data(LIST, person, statuses=statuses))["uploads"]["nodes"]}

    assert await listed(None) == {done.id, coming.id}
    assert await listed(["DELETED"]) == {gone.id}
    assert await listed(["COMPLETED", "UPLOADING"]) == {done.id, coming.id}
    assert await listed([]) == set()


async def test_deleted_uploads_are_listed_only_where_they_are_asked_for(app: App) -> None:
    person = await app.person()
    kept, removed = (await app.upload(person)).id, (await app.upload(person)).id
    await app.data("mutation ($id: ID!) { deleteUpload(id: $id) }", person, id=removed)
    query = "query ($statuses: [UploadStatus!]) { uploads(statuses: $statuses) { nodes { id } } }"
    for statuses, expected in ((None, kept), (["DELETED"], removed)):
        assert (await app.data(query, person, statuses=statuses))["uploads"]["nodes"] == [{"id": expected}]
    described = '{ __type(name: "Query") { fields { name args { name description } } } }'
    fields = (await app.data(described, person))["__type"]["fields"]
    (arguments,) = (field["args"] for field in fields if field["name"] == "uploads")
    (sentence,) = (argument["description"] for argument in arguments if argument["name"] == "statuses")
    assert "all but DELETED where left out" in sentence
