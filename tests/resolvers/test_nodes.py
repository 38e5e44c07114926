"""Any object by its id, for who may see it."""

import pytest

from base.words import FileRole, Role
from models import File, Item
from models.ids import new_id
from tests.statements import counted_statements, reads_options
from tests.web_app import App, Person

NODE = "query ($id: ID!) { node(id: $id) { __typename id } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }"


async def things(app: App, owner: Person) -> dict[str, str]:
    """One object of each type, by the name of its type."""
    upload = await app.upload(owner)
    job_id = await app.batch(owner, upload=upload)
    file = await File.create(
        id=new_id("file"), job_id=job_id, owner_id=owner.id, role=FileRole.RESULT, name="r.csv", content_type="text/csv",
        size_bytes=1, sha256="0" * 64, storage_key="x",
    )  # fmt: skip
    item = await Item.create(id=new_id("item"), job_id=job_id, index=0, name="Row 1")
    return {"User": owner.id, "Upload": upload.id, "Batch": job_id, "File": file.id, "JobItem": item.id}


async def test_every_type_is_found_by_its_id(app: App) -> None:
    owner, admin = await app.person(), await app.person(Role.ADMIN)
    for name, id_ in (await things(app, owner)).items():
        assert await app.data(NODE, owner, id=id_) == {"node": {"__typename": name, "id": id_}}
        assert await app.data(NODE, admin, id=id_) == {"node": {"__typename": name, "id": id_}}


async def test_what_belongs_to_somebody_else_is_not_there(app: App) -> None:
    owner, stranger = await app.person(), await app.person()
    ids = await things(app, owner)
    for name, id_ in ids.items():
        foreign = await app.ask(NODE, stranger, id=id_)
        unknown = await app.ask(NODE, stranger, id=f"{id_.split('-')[0]}-1754556928-12a41dbec0f3")
        assert (foreign.code, foreign.errors[0]["message"]) == (unknown.code, unknown.errors[0]["message"]), name
        assert foreign.data == unknown.data == {"node": None}
    assert await app.data(NODES, stranger, ids=list(ids.values())) == {"nodes": [None] * 5}


@pytest.mark.parametrize(
    ("prefix", "code", "name"),
    [
        ("task", "TASK_NOT_FOUND", "task"), ("batch", "BATCH_NOT_FOUND", "batch"), ("download", "DOWNLOAD_NOT_FOUND", "download"),
        ("upload", "UPLOAD_NOT_FOUND", "upload"), ("file", "FILE_NOT_FOUND", "file"), ("item", "NOT_FOUND", "item"),
        ("user", "NOT_FOUND", "user"), ("token", "NOT_FOUND", "API token"), ("webhook", "WEBHOOK_NOT_FOUND", "webhook"),
        ("session", "NOT_FOUND", "object"),
    ],
)  # fmt: skip
async def test_what_is_unknown_is_called_by_the_type_of_its_id(app: App, prefix: str, code: str, name: str) -> None:
    for person in (await app.person(), await app.person(Role.ADMIN)):
        answer = await app.ask(NODE, person, id=f"{prefix}-1754556928-ffffffffffff")
        assert (answer.code, answer.errors[0]["message"]) == (code, f"There is no such {name}.")
        if prefix in {"task", "batch", "download"}:
            query = "query ($id: ID!) { job(id: $id) { id } }"
            job = await app.ask(query, person, id=f"{prefix}-1754556928-ffffffffffff")
            assert (job.code, job.errors[0]["message"]) == (code, f"There is no such {name}.")


async def test_an_intermediate_file_is_nobodys(app: App) -> None:
    owner = await app.person()
    id_ = (await things(app, owner))["File"]
    await File.filter(id=id_).update(role=FileRole.INTERMEDIATE)

    assert (await app.ask(NODE, owner, id=id_)).code == "FILE_NOT_FOUND"


@pytest.mark.parametrize("prefix", ["session", "slice"])
async def test_what_is_not_for_clients_is_not_there(app: App, prefix: str) -> None:
    person = await app.person()

    assert (await app.ask(NODE, person, id=person.session_id.replace("session", prefix))).code == "NOT_FOUND"


async def test_nodes_come_in_the_order_in_which_they_were_asked_for(app: App) -> None:
    owner = await app.person()
    ids = list((await things(app, owner)).values())
    asked = [ids[2], "nonsense", ids[0], ids[0], "upload-1754556928-12a41dbec0f3"]
    found = (await app.data(NODES, owner, ids=asked))["nodes"]

    assert [node and node["id"] for node in found] == [ids[2], None, ids[0], ids[0], None]


async def test_nodes_of_all_aliases_are_one_statement_for_each_type(app: App) -> None:
    owner = await app.person()
    token = await app.data('mutation { createApiToken(name: "a") { id } }', owner)
    ids = [id_ for _ in range(2) for id_ in (await things(app, owner)).values()]
    ids.append(token["createApiToken"]["id"])
    aliases = " ".join(f"a{place}: nodes(ids: $ids) {{ id }} b{place}: node(id: $id) {{ id }}" for place in range(20))
    with counted_statements() as statements:
        data = await app.data(f"query ($ids: [ID!]!, $id: ID!) {{ {aliases} }}", owner, ids=ids, id=ids[2])
    assert all([node["id"] for node in data[f"a{place}"]] == ids for place in range(20))
    assert {data[f"b{place}"]["id"] for place in range(20)} == {ids[2]}
    assert len(statements) <= 1 + 6 + 2  # who calls, each type, and the jobs of items and of files
    assert not any(map(reads_options, statements))


async def test_at_most_a_hundred_nodes_are_asked_for_at_once(app: App) -> None:
    person = await app.person()

    assert len((await app.data(NODES, person, ids=[person.id] * 100))["nodes"]) == 100
    answer = await app.ask(NODES, person, ids=[person.id] * 101)
    assert (answer.code, answer.field) == ("BAD_INPUT", "ids")


@pytest.mark.parametrize("query", [NODE, NODES])
async def test_nobody_finds_nothing(app: App, query: str) -> None:
    id_ = "upload-1754556928-12a41dbec0f3"

    assert (await app.ask(query, id=id_, ids=[id_])).code == "UNAUTHENTICATED"
    assert (await app.ask(query, "nonsense", id=id_, ids=[id_])).code == "INVALID_TOKEN"
