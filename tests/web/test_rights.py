"""The table of rights: everything, by every access path, as everybody. A new object or path is a new row."""

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
    OK,
    OWNER,
    STRANGER,
    WORKER,
    AccessPath,
    World,
    bytes_of,
    graphql,
    list_until_an_own_job_changes,
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
  ... on Upload { filename } ... on Batch { title } ... on Task { title } ... on Download { title } ... on File { name } ... on JobItem { name }
  ... on ApiToken { name } ... on Webhook { url } } }"""
BATCH = "query ($id: ID!) {{ batch(id: $id) {{ {} }} }}"
ON_JOB = "mutation ($id: ID!) {{ {}(id: $id{}) {{ id }} }}"
CREATE = 'mutation ($id: ID!) {{ {}(input: {{ work: {{ custom: {{ kind: "{}" }} }}, uploadIds: [$id] }}) {{ id }} }}'

READING = [
    AccessPath("node upload", graphql(NODE, "upload"), refused=Code.UPLOAD_NOT_FOUND),
    AccessPath("node batch", graphql(NODE, "batch"), refused=Code.BATCH_NOT_FOUND),
    AccessPath("node task", graphql(NODE, "task"), refused=Code.TASK_NOT_FOUND),
    AccessPath("node download", graphql(NODE, "download"), refused=Code.DOWNLOAD_NOT_FOUND),
    AccessPath("node item", graphql(NODE, "item"), refused=Code.NOT_FOUND),
    AccessPath("node file", graphql(NODE, "file"), refused=Code.FILE_NOT_FOUND),
    AccessPath("node user", graphql(NODE, "user"), refused=Code.NOT_FOUND),
    AccessPath("node token", graphql(NODE, "token"), refused=Code.NOT_FOUND),
    AccessPath("node webhook", graphql(NODE, "webhook"), refused=Code.WEBHOOK_NOT_FOUND),
    *(
        AccessPath(f"nodes {thing}", shown(NODES, thing))
        for thing in ("upload", "batch", "task", "download", "item", "file", "token", "webhook")
    ),
    AccessPath("upload", graphql("query ($id: ID!) { upload(id: $id) { url } }", "upload"), refused=Code.UPLOAD_NOT_FOUND),
    AccessPath("uploads", shown("{ uploads { totalCount nodes { filename } } }")),
    AccessPath("task", graphql("query ($id: ID!) { task(id: $id) { id } }", "task"), refused=Code.TASK_NOT_FOUND),
    AccessPath("tasks", shown("{ tasks { nodes { title } } }")),
    AccessPath("batch", graphql(BATCH.format("id"), "batch"), refused=Code.BATCH_NOT_FOUND),
    AccessPath("batches", shown("{ batches { nodes { title } } }")),
    AccessPath(
        "download", graphql("query ($id: ID!) { download(id: $id) { id settings { headerNames } } }", "download"), refused=Code.DOWNLOAD_NOT_FOUND
    ),
    AccessPath(
        "planDownload",
        graphql('{ planDownload(url: "https://example.org/a.zip", options: {followLinks: false, maxRetries: -1}) { url } }'),
        reach=NOT_WORKERS,
        refused=Code.FORBIDDEN,
    ),
    AccessPath("downloads", shown("{ downloads { nodes { title } } }")),
    AccessPath("job", graphql("query ($id: ID!) { job(id: $id) { id } }", "batch"), refused=Code.BATCH_NOT_FOUND),
    AccessPath("jobs", shown("{ jobs { nodes { title } } }")),
    AccessPath("jobs by id", shown("query ($id: ID!) { jobs(filter: {ids: [$id]}) { nodes { title } } }", "batch")),
    AccessPath("jobs by name", shown('{ jobs(filter: {search: "confid"}) { nodes { title } } }')),
    AccessPath(
        "jobs of an owner",
        shown("query ($id: ID!) { jobs(filter: {ownerId: $id}) { nodes { title } } }", "user"),
        refused=Code.FORBIDDEN,
    ),
    *(
        AccessPath(f"batch {field}", shown(BATCH.format(field), "batch"), refused=Code.BATCH_NOT_FOUND)
        for field in (
            "logs { nodes { message } }", "items { nodes { name } }", "files { name url }", "bundleUrl title",
            "uploads { nodes { filename jobs { title } } }", "owner { id } title",
        )
    ),
    AccessPath("statistics", graphql("{ statistics { total } }"), reach=ALL),
    AccessPath(
        "statistics of an owner",
        graphql("query ($id: ID!) { statistics(filter: {ownerId: $id}) { total } }", "user"),
        refused=Code.FORBIDDEN,
    ),
    AccessPath("guides", graphql("{ guides { title } }"), reach=ALL),
    AccessPath("viewer", graphql("{ viewer { id } }"), reach=ALL, nobody=OK),
    AccessPath("serverInfo", graphql("{ serverInfo { service } }"), reach=ALL, nobody=OK, bad=OK),
    AccessPath("limits", graphql("{ limits { name } }"), reach=ALL, nobody=OK, bad=OK),
    AccessPath("apiTokens", shown("{ apiTokens { name } }"), reach=OWNERS_ALONE),
    AccessPath("webhooks", shown("{ webhooks { url } }"), reach=OWNERS_ALONE),
    AccessPath("users", graphql("{ users { id } }"), reach=ADMINS, refused=Code.FORBIDDEN),
    AccessPath("auditLog", graphql("{ auditLog { id } }"), reach=ADMINS, refused=Code.FORBIDDEN),
]  # fmt: skip

CHANGING = [
    AccessPath(
        "createUpload",
        graphql('mutation { createUpload(input: {filename: "a.txt", size: 1}) { id } }'),
        reach=NOT_WORKERS,
        refused=Code.FORBIDDEN,
    ),
    AccessPath(
        "deleteUpload", graphql("mutation ($id: ID!) { deleteUpload(id: $id) }", "open"), refused=Code.UPLOAD_NOT_FOUND
    ),
    AccessPath(
        "createBatch",
        graphql(CREATE.format("createBatch", "counting"), "upload"),
        refused=Code.UPLOAD_NOT_FOUND,
        others={WORKER: Code.FORBIDDEN},
    ),
    AccessPath(
        "createTask",
        graphql(CREATE.format("createTask", "countingTask"), "upload"),
        refused=Code.UPLOAD_NOT_FOUND,
        others={WORKER: Code.FORBIDDEN},
    ),
    AccessPath(
        "startDownloads",
        graphql('mutation { startDownloads(input: {urls: ["https://example.org/"]}) { url } }'),
        reach=NOT_WORKERS,
        refused=Code.FORBIDDEN,
    ),
    *(
        AccessPath(verb, graphql(ON_JOB.format(verb, more), "waiting"), refused=Code.BATCH_NOT_FOUND)
        for verb, more in (
            ("startJob", ""), ("updateJob", ', input: {title: "x"}'), ("pauseJob", ""), ("resumeJob", ""),
            ("cancelJob", ""), ("retryJob", ""),
        )
    ),
    AccessPath(
        "startJob with another's upload",
        graphql("mutation ($id: ID!) { startJob(id: $id, input: {addUploadIds: []}) { id } }", "waiting"),
        refused=Code.BATCH_NOT_FOUND,
    ),
    AccessPath("cancelJobs", shown("mutation ($id: ID!) { cancelJobs(filter: {ids: [$id]}) { title } }", "waiting")),
    AccessPath(
        "reviewItem",
        graphql("mutation ($id: ID!) { reviewItem(id: $id, input: {}) { id } }", "item"),
        refused=Code.NOT_FOUND,
    ),
    AccessPath(
        "deleteJob batch",
        graphql("mutation ($id: ID!) { deleteJob(id: $id) }", "batch"),
        reach=ADMINS,
        refused=Code.BATCH_NOT_FOUND,
        others={OWNER: Code.FORBIDDEN, API_TOKEN: Code.FORBIDDEN},
    ),
    AccessPath(
        "deleteJob task", graphql("mutation ($id: ID!) { deleteJob(id: $id) }", "task"), refused=Code.TASK_NOT_FOUND
    ),
    AccessPath(
        "purgeJob",
        graphql("mutation ($id: ID!) { purgeJob(id: $id) }", "task"),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    AccessPath("claimTask", graphql("mutation { claimTask { id } }"), reach=WORKERS, refused=Code.FORBIDDEN),
    AccessPath(
        "reportTask",
        graphql('mutation ($id: ID!) { reportTask(id: $id, leaseId: "lease-1-1", input: {}) { id } }', "task"),
        reach=frozenset(),
        refused=Code.FORBIDDEN,
        others={WORKER: Code.TASK_NOT_FOUND},
    ),
    AccessPath(
        "createUser",
        graphql('mutation { createUser(username: "eve", password: "a good password") { id } }'),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    AccessPath(
        "updateUser",
        graphql("mutation ($id: ID!) { updateUser(id: $id, role: ADMIN) { id } }", "user"),
        reach=ADMINS,
        refused=Code.FORBIDDEN,
    ),
    AccessPath(
        "changePassword",
        graphql('mutation { changePassword(current: "x", new: "a good password") { id } }'),
        reach=ALL - {API_TOKEN},
        refused=Code.FORBIDDEN,
    ),
    AccessPath(
        "createApiToken",
        graphql('mutation { createApiToken(name: "a") { id } }'),
        reach=ALL - {API_TOKEN, ANONYMOUS},
        refused=Code.FORBIDDEN,
    ),
    AccessPath(
        "createWebhook",
        graphql('mutation { createWebhook(url: "https://receiver.example/", events: ["job.cancelled"]) { id } }'),
        reach=NOT_WORKERS - {ANONYMOUS},
        refused=Code.FORBIDDEN,
    ),
    *(
        AccessPath(name, graphql(f"mutation ($id: ID!) {{ {name}(id: $id{more} }}", "webhook"), refused=Code.WEBHOOK_NOT_FOUND)
        for name, more in (
            ("updateWebhook", ', events: ["job.cancelled"]) { id }'), ("deleteWebhook", ")"), ("testWebhook", ") { error }"),
        )
    ),
    AccessPath(
        "revokeApiToken",
        graphql("mutation ($id: ID!) { revokeApiToken(id: $id) }", "token"),
        reach=frozenset({OWNER, ADMIN}),
        refused=Code.NOT_FOUND,
        others={API_TOKEN: Code.FORBIDDEN},
    ),
]  # fmt: skip

WATCHING = [
    AccessPath("jobsUpdated", watched("subscription { jobsUpdated { title } }", None, list_until_an_own_job_changes), bad=4403),
    *(AccessPath(name, watched(query, thing), refused=refused, bad=4403) for name, query, thing, refused in (
        ("jobUpdated", "subscription ($id: ID!) { jobUpdated(id: $id) { title } }", "batch", Code.BATCH_NOT_FOUND),
        ("batchUpdated", "subscription ($id: ID!) { batchUpdated(id: $id) { title } }", "batch", Code.BATCH_NOT_FOUND),
        ("taskUpdated", "subscription ($id: ID!) { taskUpdated(id: $id) { title } }", "task", Code.TASK_NOT_FOUND),
        (
            "downloadUpdated", "subscription ($id: ID!) { downloadUpdated(id: $id) { title } }", "download",
            Code.DOWNLOAD_NOT_FOUND,
        ),
        (
            "uploadUpdated", "subscription ($id: ID!) { uploadUpdated(id: $id) { filename } }", "open",
            Code.UPLOAD_NOT_FOUND,
        ),
        (
            "logs", 'subscription ($id: ID!) { logs(jobId: $id, after: "0") { message } }', "batch", Code.BATCH_NOT_FOUND,
        ),
    )),
]  # fmt: skip

FOREIGN: dict[str, Any] = {"refused": Code.UPLOAD_NOT_FOUND}
BY_LINK: dict[str, Any] = {"reach": ALL, "nobody": OK, "bad": OK}
NOT_BY_ID: dict[str, Any] = {
    "reach": frozenset(), "refused": Code.FILE_NOT_FOUND, "nobody": Code.FILE_NOT_FOUND, "bad": Code.FILE_NOT_FOUND,
}  # fmt: skip
PATCH = {"Content_Type": "application/offset+octet-stream", "Upload_Offset": "0"}
BYTES = [
    AccessPath(
        "POST /files/", bytes_of("POST", "/files/", Upload_Length="5"), reach=NOT_WORKERS, refused=Code.FORBIDDEN
    ),
    AccessPath(
        "HEAD /files/id", bytes_of("HEAD", "upload"), refused=status_of(Code.UPLOAD_NOT_FOUND), nobody=401, bad=401
    ),
    AccessPath("GET /files/id", bytes_of("GET", "upload"), **FOREIGN),
    AccessPath("PATCH /files/id", bytes_of("PATCH", "open", **PATCH), **FOREIGN),
    AccessPath("DELETE /files/id", bytes_of("DELETE", "open"), **FOREIGN),
    AccessPath("HEAD /files/link", bytes_of("HEAD", "signed upload"), **BY_LINK),
    AccessPath("GET /files/link", bytes_of("GET", "signed upload"), **BY_LINK),
    AccessPath("PATCH /files/link", bytes_of("PATCH", "signed open", **PATCH), **BY_LINK),
    AccessPath("DELETE /files/link", bytes_of("DELETE", "signed open"), **BY_LINK),
    AccessPath("GET /results/id", bytes_of("GET", "result"), **NOT_BY_ID),
    AccessPath("GET /results/link", bytes_of("GET", "signed result"), **BY_LINK),
    AccessPath("GET /bundles/id", bytes_of("GET", "bundle"), **NOT_BY_ID),
    AccessPath("GET /bundles/link", bytes_of("GET", "signed bundle"), **BY_LINK),
    AccessPath("GET /health", bytes_of("GET", "/health"), **BY_LINK),
    AccessPath("GET /schema.graphql", bytes_of("GET", "/schema.graphql"), **BY_LINK),
]
TABLE = [*READING, *CHANGING, *WATCHING, *BYTES]

ELSEWHERE = {
    "login": "tests/auth/test_login_throttle.py", "refreshSession": "tests/auth/test_lifecycle.py",
    "startAnonymousSession": "tests/resolvers/test_session.py", "logout": "tests/resolvers/test_session.py",
    "uploadFile": "test_a_form_is_read_for_nobody_who_may_not_send_it",
}  # fmt: skip
"""Root fields that are no way to a thing, or not in JSON, and where their rights are tested."""


@pytest.fixture
async def world(app: App, live: Served) -> World:
    return await make_world(app, live)


@pytest.mark.parametrize("path", TABLE, ids=lambda path: path.name)
async def test_everybody_gets_where_they_may_and_nobody_else(world: World, path: AccessPath) -> None:
    answers = {}
    for caller in CALLERS:
        before = await world.state()
        answers[caller] = await path.ask(world, caller)
        if answers[caller] == OK:
            await world.furnish()
        else:
            assert await world.state() == before, caller
    assert answers == {caller: path.expected(caller) for caller in CALLERS}


def test_every_root_field_is_in_the_table() -> None:
    schema = build_schema()._schema
    roots = [schema.query_type, schema.mutation_type, schema.subscription_type]
    names = {name for root in roots if isinstance(root, GraphQLObjectType) for name in root.fields}
    rows = {path.name.split(" ")[0] for path in TABLE}
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
