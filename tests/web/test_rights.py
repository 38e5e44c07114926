"""The table of rights: everything, by every road, as everybody. A new object or road is a new row."""

from typing import Any

import orjson
import pytest
from graphql import GraphQLObjectType

from base.errors import ErrorCode as Code
from schema.build import build_schema
from tests.web.rights_for_tests import (
    ADMIN,
    ANONYMOUS,
    API_TOKEN,
    BAD,
    CALLERS,
    GOOD,
    NOTHING,
    OK,
    OWNER,
    STRANGER,
    WORKER,
    Road,
    World,
    bytes_of,
    graphql,
    make_world,
    shown,
    status_of,
    watched,
)
from tests.web_app import App, Served

ADMINS = frozenset({ADMIN})
WORKERS = frozenset({WORKER})
ALL = frozenset(GOOD)
NOT_WORKERS = ALL - WORKERS
OWNERS_ALONE = frozenset({OWNER, API_TOKEN})

NODE = "query ($id: ID!) { node(id: $id) { id } }"
NODES = """query ($id: ID!) { nodes(ids: [$id]) { id
  ... on Upload { filename } ... on Batch { title } ... on Task { title } ... on File { name } ... on JobItem { name }
  ... on ApiToken { name } ... on Webhook { url } } }"""
BATCH = "query ($id: ID!) {{ batch(id: $id) {{ {} }} }}"
ON_JOB = "mutation ($id: ID!) {{ {}(id: $id{}) {{ id }} }}"
CREATE = 'mutation ($id: ID!) {{ {}(input: {{ work: {{ custom: {{ kind: "{}" }} }}, uploadIds: [$id] }}) {{ id }} }}'

READING = [
    Road("node upload", graphql(NODE, "upload"), refused=Code.UPLOAD_NOT_FOUND),
    Road("node batch", graphql(NODE, "batch"), refused=Code.BATCH_NOT_FOUND),
    Road("node task", graphql(NODE, "task"), refused=Code.TASK_NOT_FOUND),
    Road("node item", graphql(NODE, "item"), refused=Code.NOT_FOUND),
    Road("node file", graphql(NODE, "file"), refused=Code.FILE_NOT_FOUND),
    Road("node user", graphql(NODE, "user"), refused=Code.NOT_FOUND),
    Road("node token", graphql(NODE, "token"), refused=Code.NOT_FOUND),
    Road("node webhook", graphql(NODE, "webhook"), refused=Code.WEBHOOK_NOT_FOUND),
    *(
        Road(f"nodes {thing}", shown(NODES, thing))
        for thing in ("upload", "batch", "task", "item", "file", "token", "webhook")
    ),
    Road("upload", graphql("query ($id: ID!) { upload(id: $id) { url } }", "upload"), refused=Code.UPLOAD_NOT_FOUND),
    Road("uploads", shown("{ uploads { totalCount nodes { filename } } }")),
    Road("task", graphql("query ($id: ID!) { task(id: $id) { id } }", "task"), refused=Code.TASK_NOT_FOUND),
    Road("tasks", shown("{ tasks { nodes { title } } }")),
    Road("batch", graphql(BATCH.format("id"), "batch"), refused=Code.BATCH_NOT_FOUND),
    Road("batches", shown("{ batches { nodes { title } } }")),
    Road("job", graphql("query ($id: ID!) { job(id: $id) { id } }", "batch"), refused=Code.BATCH_NOT_FOUND),
    Road("jobs", shown("{ jobs { nodes { title } } }")),
    Road("jobs by id", shown("query ($id: ID!) { jobs(filter: {ids: [$id]}) { nodes { title } } }", "batch")),
    Road("jobs by name", shown('{ jobs(filter: {search: "confid"}) { nodes { title } } }')),
    Road(
        "jobs of an owner",
        shown("query ($id: ID!) { jobs(filter: {ownerId: $id}) { nodes { title } } }", "user"),
        refused=Code.FORBIDDEN,
    ),
    *(
        Road(f"batch {field}", shown(BATCH.format(field), "batch"), refused=Code.BATCH_NOT_FOUND)
        for field in (
            "logs { nodes { message } }", "items { nodes { name } }", "files { name url }", "bundleUrl title",
            "uploads { nodes { filename jobs { title } } }", "owner { id } title",
        )
    ),
    Road("statistics", graphql("{ statistics { total } }"), reach=ALL),
    Road(
        "statistics of an owner",
        graphql("query ($id: ID!) { statistics(filter: {ownerId: $id}) { total } }", "user"),
        refused=Code.FORBIDDEN,
    ),
    Road("guides", graphql("{ guides { title } }"), reach=ALL),
    Road("viewer", graphql("{ viewer { id } }"), reach=ALL, nobody=OK),
    Road("serverInfo", graphql("{ serverInfo { service } }"), reach=ALL, nobody=OK, bad=OK),
    Road("limits", graphql("{ limits { name } }"), reach=ALL, nobody=OK, bad=OK),
    Road("apiTokens", shown("{ apiTokens { name } }"), reach=OWNERS_ALONE),
    Road("webhooks", shown("{ webhooks { url } }"), reach=OWNERS_ALONE),
    Road("users", graphql("{ users { id } }"), reach=ADMINS, refused=Code.FORBIDDEN),
    Road("auditLog", graphql("{ auditLog { id } }"), reach=ADMINS, refused=Code.FORBIDDEN),
]  # fmt: skip

CHANGING = [
    Road(
        "createUpload",
        graphql('mutation { createUpload(input: {filename: "a.txt", size: 1}) { id } }'),
        reach=NOT_WORKERS,
        refused=Code.FORBIDDEN,
    ),
    Road(
        "deleteUpload", graphql("mutation ($id: ID!) { deleteUpload(id: $id) }", "open"), refused=Code.UPLOAD_NOT_FOUND
    ),
    Road(
        "createBatch",
        graphql(CREATE.format("createBatch", "counting"), "upload"),
        refused=Code.UPLOAD_NOT_FOUND,
        others={WORKER: Code.FORBIDDEN},
    ),
    Road(
        "createTask",
        graphql(CREATE.format("createTask", "countingTask"), "upload"),
        refused=Code.UPLOAD_NOT_FOUND,
        others={WORKER: Code.FORBIDDEN},
    ),
    *(
        Road(verb, graphql(ON_JOB.format(verb, more), "waiting"), refused=Code.BATCH_NOT_FOUND)
        for verb, more in (
            ("startJob", ""), ("updateJob", ', input: {title: "x"}'), ("pauseJob", ""), ("resumeJob", ""),
            ("cancelJob", ""), ("retryJob", ""),
        )
    ),
    Road(
        "startJob with another's upload",
        graphql("mutation ($id: ID!) { startJob(id: $id, input: {addUploadIds: []}) { id } }", "waiting"),
        refused=Code.BATCH_NOT_FOUND,
    ),
    Road("cancelJobs", shown("mutation ($id: ID!) { cancelJobs(filter: {ids: [$id]}) { title } }", "waiting")),
    Road(
        "deleteJob batch",
        graphql("mutation ($id: ID!) { deleteJob(id: $id) }", "batch"),
        reach=ADMINS,
        refused=Code.BATCH_NOT_FOUND,
        others={OWNER: Code.FORBIDDEN, API_TOKEN: Code.FORBIDDEN},
    ),
    Road(
        "deleteJob task", graphql("mutation ($id: ID!) { deleteJob(id: $id) }", "task"), refused=Code.TASK_NOT_FOUND
    ),
    Road(
        "purgeJob",
        graphql("mutation ($id: ID!) { purgeJob(id: $id) }", "task"),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    Road("claimTask", graphql("mutation { claimTask { id } }"), reach=WORKERS, refused=Code.FORBIDDEN),
    Road(
        "reportTask",
        graphql('mutation ($id: ID!) { reportTask(id: $id, leaseId: "lease-1-1", input: {}) { id } }', "task"),
        reach=frozenset(),
        refused=Code.FORBIDDEN,
        others={WORKER: Code.TASK_NOT_FOUND},
    ),
    Road(
        "createUser",
        graphql('mutation { createUser(username: "eve", password: "a good password") { id } }'),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    Road(
        "updateUser",
        graphql("mutation ($id: ID!) { updateUser(id: $id, role: ADMIN) { id } }", "user"),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    Road(
        "changePassword",
        graphql('mutation { changePassword(current: "x", new: "a good password") { id } }'),
        reach=ALL,
    ),
    Road(
        "createApiToken",
        graphql('mutation { createApiToken(name: "a") { id } }'),
        reach=ALL - {API_TOKEN, ANONYMOUS},
        refused=Code.FORBIDDEN,
    ),
    Road(
        "createWebhook",
        graphql('mutation { createWebhook(url: "https://receiver.example/", events: ["job.cancelled"]) { id } }'),
        reach=NOT_WORKERS - {ANONYMOUS},
        refused=Code.FORBIDDEN,
    ),
    *(
        Road(name, graphql(f"mutation ($id: ID!) {{ {name}(id: $id{more} }}", "webhook"), refused=Code.WEBHOOK_NOT_FOUND)
        for name, more in (
            ("updateWebhook", ', events: ["job.cancelled"]) { id }'), ("deleteWebhook", ")"), ("testWebhook", ") { error }"),
        )
    ),
    Road(
        "revokeApiToken", graphql("mutation ($id: ID!) { revokeApiToken(id: $id) }", "token"), refused=Code.NOT_FOUND
    ),
]  # fmt: skip

WATCHING = [
    Road(name, watched(query, thing), refused=refused, bad=4403)
    for name, query, thing, refused in (
        ("jobUpdated", "subscription ($id: ID!) { jobUpdated(id: $id) { title } }", "batch", Code.BATCH_NOT_FOUND),
        ("batchUpdated", "subscription ($id: ID!) { batchUpdated(id: $id) { title } }", "batch", Code.BATCH_NOT_FOUND),
        ("taskUpdated", "subscription ($id: ID!) { taskUpdated(id: $id) { title } }", "task", Code.TASK_NOT_FOUND),
        (
            "uploadUpdated", "subscription ($id: ID!) { uploadUpdated(id: $id) { filename } }", "open",
            Code.UPLOAD_NOT_FOUND,
        ),
        ("jobsUpdated", "subscription { jobsUpdated { title } }", None, NOTHING),
        (
            "logs", 'subscription ($id: ID!) { logs(jobId: $id, after: "0") { message } }', "batch", Code.BATCH_NOT_FOUND,
        ),
    )
]  # fmt: skip

FOREIGN: dict[str, Any] = {"refused": Code.UPLOAD_NOT_FOUND}
BY_LINK: dict[str, Any] = {"reach": ALL, "nobody": OK, "bad": OK}
NOT_BY_ID: dict[str, Any] = {
    "reach": frozenset(), "refused": Code.FILE_NOT_FOUND, "nobody": Code.FILE_NOT_FOUND, "bad": Code.FILE_NOT_FOUND,
}  # fmt: skip
PATCH = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
BYTES = [
    Road("POST /files/", bytes_of("POST", "/files/", Upload_Length="5"), reach=NOT_WORKERS, refused=Code.FORBIDDEN),
    Road("HEAD /files/id", bytes_of("HEAD", "upload"), refused=status_of(Code.UPLOAD_NOT_FOUND), nobody=401, bad=401),
    Road("GET /files/id", bytes_of("GET", "upload"), **FOREIGN),
    Road("PATCH /files/id", bytes_of("PATCH", "open", **PATCH), **FOREIGN),
    Road("DELETE /files/id", bytes_of("DELETE", "open"), **FOREIGN),
    Road("HEAD /files/link", bytes_of("HEAD", "signed upload"), **BY_LINK),
    Road("GET /files/link", bytes_of("GET", "signed upload"), **BY_LINK),
    Road("PATCH /files/link", bytes_of("PATCH", "signed open", **PATCH), **BY_LINK),
    Road("DELETE /files/link", bytes_of("DELETE", "signed open"), **BY_LINK),
    Road("GET /results/id", bytes_of("GET", "result"), **NOT_BY_ID),
    Road("GET /results/link", bytes_of("GET", "signed result"), **BY_LINK),
    Road("GET /bundles/id", bytes_of("GET", "bundle"), **NOT_BY_ID),
    Road("GET /bundles/link", bytes_of("GET", "signed bundle"), **BY_LINK),
    Road("GET /health", bytes_of("GET", "/health"), **BY_LINK),
    Road("GET /schema.graphql", bytes_of("GET", "/schema.graphql"), **BY_LINK),
]
TABLE = [*READING, *CHANGING, *WATCHING, *BYTES]

ELSEWHERE = {
    "login": "tests/auth/test_throttle.py", "refreshSession": "tests/auth/test_lifecycle.py",
    "startAnonymousSession": "tests/resolvers/test_session.py", "logout": "tests/resolvers/test_session.py",
    "uploadFile": "test_a_form_is_read_for_nobody_who_may_not_send_it",
}  # fmt: skip
"""Root fields that are no way to a thing, or not in JSON, and where their rights are tested."""


@pytest.fixture
async def world(app: App, live: Served) -> World:
    return await make_world(app, live)


@pytest.mark.parametrize("road", TABLE, ids=lambda road: road.name)
async def test_everybody_gets_where_they_may_and_nobody_else(world: World, road: Road) -> None:
    answers = {}
    for caller in CALLERS:
        before = await world.state()
        answers[caller] = await road.ask(world, caller)
        if answers[caller] == OK:
            await world.furnish()
        else:
            assert await world.state() == before, caller
    assert answers == {caller: road.expected(caller) for caller in CALLERS}


def test_every_root_field_is_in_the_table() -> None:
    schema = build_schema()._schema
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    names = {name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields}
    rows = {road.name.split(" ")[0] for road in TABLE}
    assert names - rows == set(ELSEWHERE)


async def test_a_form_is_read_for_nobody_who_may_not_send_it(world: World) -> None:
    query = "mutation ($file: FileUpload!) { uploadFile(file: $file) { id } }"
    operations = orjson.dumps({"query": query, "variables": {"file": None}}).decode()
    form = {"operations": operations, "map": '{"0": ["variables.file"]}'}
    answers: dict[str, object] = {}
    for caller in CALLERS:
        headers = {**world.header(caller), "GraphQL-Require-Preflight": "1"}
        files = {"0": ("a.txt", b"abc", "text/plain")}
        response = await world.app.http.post("/graphql", data=form, files=files, headers=headers)
        errors = response.json().get("errors", [])
        answers[caller] = errors[0]["extensions"]["code"] if errors else OK
    everybody = dict.fromkeys([OWNER, API_TOKEN, STRANGER, ANONYMOUS, ADMIN], OK)
    assert answers == {**everybody, WORKER: Code.FORBIDDEN, "nobody": Code.UNAUTHENTICATED, **BAD}
