"""GraphQL over HTTP: every request, however wrong, gets an answer in JSON with a code, and nothing else."""

import time
from typing import Any

import httpx2
import orjson
import pytest
from graphql import get_introspection_query

from tests.web_app import JSON, RESPONSE_JSON, App, read
from web.page import CONTENT_SECURITY_POLICY, GRAPHIQL

TYPENAME = orjson.dumps({"query": "{ __typename }"})


async def post(app: App, content: Any = TYPENAME, **headers: str) -> httpx2.Response:
    return await app.http.post("/graphql", content=content, headers={"Content-Type": JSON, **headers})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is not JSON."),
        (b"{", "The body is not JSON."),
        (b"\xff\xfe", "The body is not JSON."),
        (b'{"query": "\\ud800"}', "The body is not JSON."),
        (b"[" * 5000, "The body is not JSON."),
        (b"3", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b'"x"', 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"null", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"true", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"[]", "Send one operation at a time: a JSON object, not a list."),
        (b'[{"query": "{ __typename }"}]', "Send one operation at a time: a JSON object, not a list."),
        (b"{}", "The query is missing."),
        (b'{"query": null}', "The query is missing."),
        (b'{"query": ""}', "The query is missing."),
        (b'{"query": 5}', "query is a string."),
        (b'{"query": ["{ __typename }"]}', "query is a string."),
        (b'{"query": "{ __typename }", "variables": []}', "variables is an object."),
        (b'{"query": "{ __typename }", "variables": "{}"}', "variables is an object."),
        (b'{"query": "{ __typename }", "operationName": 5}', "operationName is a string."),
        (b'{"query": "{ __typename }", "extensions": 5}', "extensions is an object."),
    ],
)
async def test_a_body_of_the_wrong_shape_is_bad_input(app: App, body: bytes, message: str) -> None:
    answer = read(await post(app, body))

    assert (answer.response.status_code, answer.code, answer.errors[0]["message"]) == (400, "BAD_INPUT", message)


@pytest.mark.parametrize("variables", ["", ', "variables": null', ', "variables": {}'])
async def test_variables_may_be_left_out(app: App, variables: str) -> None:
    response = await post(app, f'{{"query": "{{ __typename }}"{variables}, "operationName": null}}')

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/graphql",
     "application/json-patch+json", "text/plain; application/json", "application/json; charset=utf-16"],
)  # fmt: skip
async def test_anything_but_json_is_415(app: App, content_type: str) -> None:
    answer = read(await post(app, **{"Content-Type": content_type}))

    assert (answer.response.status_code, answer.code) == (415, "UNSUPPORTED_TYPE")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON;Charset=UTF-8"])
async def test_json_is_json_in_any_spelling(app: App, content_type: str) -> None:
    assert (await post(app, **{"Content-Type": content_type})).json() == {"data": {"__typename": "Query"}}


async def test_a_body_that_says_it_is_too_large_is_refused_unread(app: App) -> None:
    taken = 0

    async def body() -> Any:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * 2**16

    answer = read(await post(app, body(), **{"Content-Length": str(2**22)}))

    assert (answer.response.status_code, answer.code) == (413, "FILE_TOO_LARGE")
    assert taken == 0


async def test_a_body_that_grows_too_large_is_refused_when_it_does(app: App) -> None:
    taken = 0

    async def body() -> Any:
        nonlocal taken
        for _ in range(64):
            taken += 1
            yield b" " * 2**16

    answer = read(await post(app, body()))

    assert (answer.response.status_code, answer.code) == (413, "FILE_TOO_LARGE")
    assert taken == 17


async def test_a_body_of_one_mebibyte_is_taken(app: App) -> None:
    response = await post(app, TYPENAME + b" " * (2**20 - len(TYPENAME)))

    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_other_methods_are_405_and_told_which_work(app: App, method: str) -> None:
    response = await app.http.request(method, "/graphql")

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    if method != "HEAD":  # whose answer has no body
        assert read(response).code == "METHOD_NOT_ALLOWED"


ASKED_FIRST: list[dict[str, str]] = [
    {"Apollo-Require-Preflight": "true"},
    {"X-Apollo-Operation-Name": "A"},
    {"GraphQL-Require-Preflight": "1"},
    {"Content-Type": "application/json"},
]
NOT_ASKED: list[dict[str, str]] = [
    {},
    {"Accept": RESPONSE_JSON},
    {"Authorization": "Basic YTpi"},
    {"Apollo-Require-Preflight": ""},
    {"Content-Type": "text/plain"},
    {"Content-Type": "Multipart/Form-Data; boundary=application/json"},
    {"Content-Type": " application/x-www-form-urlencoded;application/json"},
    {"Origin": "https://evil.example.com", "Cookie": "a=b"},
]


@pytest.mark.parametrize("headers", ASKED_FIRST)
async def test_a_query_may_be_a_get_that_no_foreign_page_can_send(app: App, headers: dict[str, str]) -> None:
    query = {"query": "query ($a: Boolean!) { __typename @include(if: $a) }", "variables": '{"a": true}'}
    response = await app.http.get("/graphql", params=query, headers=headers)

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize("headers", NOT_ASKED)
async def test_a_get_that_any_page_could_have_sent_is_refused_unread(
    app: App, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.build.Schema.execute", None)
    answer = read(await app.http.get("/graphql", params={"query": "{ __typename }"}, headers=headers))

    assert (answer.response.status_code, answer.code, answer.field) == (400, "BAD_INPUT", "apollo-require-preflight")


@pytest.mark.parametrize("accept", ["*/*", JSON, RESPONSE_JSON, "text/html"])
async def test_a_mutation_may_not_be_a_get(app: App, accept: str) -> None:
    headers = {"Accept": accept, "Apollo-Require-Preflight": "true"}
    response = await app.http.get("/graphql", params={"query": "mutation { logout }"}, headers=headers)

    assert (response.status_code, response.headers["Allow"], read(response).code) == (405, "POST", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("params", [{}, {"query": ""}, {"variables": "{}"}])
async def test_a_get_without_a_query_by_a_program_is_told_so(app: App, params: dict[str, str]) -> None:
    answer = read(await app.http.get("/graphql", params=params))

    assert (answer.response.status_code, answer.code, answer.field) == (400, "BAD_INPUT", "query")


@pytest.mark.parametrize("variables", ["{", "3", "[]"])
async def test_variables_of_a_get_are_checked(app: App, variables: str) -> None:
    answer = read(await app.http.get("/graphql", params={"query": "{ __typename }", "variables": variables}))

    assert (answer.response.status_code, answer.code) == (400, "BAD_INPUT")


async def test_a_browser_gets_graphiql(app: App) -> None:
    response = await app.http.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.content == (GRAPHIQL / "index.html").read_bytes()


async def test_assets_of_graphiql_may_be_kept_for_ever(app: App) -> None:
    name = next(file.name for file in (GRAPHIQL / "assets").iterdir() if file.suffix == ".js")
    response = await app.http.get(f"/graphql/assets/{name}")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["none.js", "../index.html", "%2e%2e/index.html", "..%2f..%2fgraphql.py", ""])
async def test_nothing_but_assets_lies_beside_them(app: App, name: str) -> None:
    response = await app.http.get(f"/graphql/assets/{name}")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_slash_too_many_leads_to_the_right_address(app: App) -> None:
    response = await app.http.post("/graphql/", content=TYPENAME, headers={"Content-Type": JSON}, follow_redirects=True)

    assert (str(response.url), response.json()) == ("http://test/graphql", {"data": {"__typename": "Query"}})


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON},{JSON};q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};charset=utf-8, */*", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5,{JSON}", JSON),
        (f"{RESPONSE_JSON};q=0", JSON),
        (f"{RESPONSE_JSON};q=many", JSON),
        (", ;;=,", JSON),
    ],
)
async def test_the_answer_has_the_media_type_that_the_client_likes(
    app: App, accept: str | None, media_type: str
) -> None:
    response = await post(app, **({"Accept": accept} if accept else {"Accept": ""}))

    assert (response.status_code, response.headers["Content-Type"]) == (200, media_type)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("#", "GRAPHQL_PARSE_FAILED"),
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ serverInfo }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ viewer { id } ...F } fragment F on Query { ...F }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($first: Int) { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ jobs(first: "a") { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
        ('{ jobs(filter: {createdAfter: "soon"}) { totalCount } }', "GRAPHQL_VALIDATION_FAILED"),
        ("query A { __typename } query B { __typename }", "BAD_INPUT"),
        ("query ($id: ID!) { job(id: $id) { id } }", "BAD_INPUT"),
        ("subscription { jobsUpdated { id } }", "BAD_INPUT"),
        ("fragment F on Query { __typename }", "BAD_INPUT"),
    ],
)
async def test_what_cannot_be_run_is_refused_with_its_code(app: App, query: str, code: str) -> None:
    modern = read(await post(app, orjson.dumps({"query": query}), Accept=RESPONSE_JSON))
    classic = read(await post(app, orjson.dumps({"query": query}), Accept=JSON))

    assert (modern.code, modern.response.status_code) == (code, 400)
    assert (classic.code, classic.response.status_code) == (code, 400 if "subscription" in query else 200)
    assert "data" not in modern.response.json()
    assert "data" not in classic.response.json()


async def test_an_operation_that_the_document_does_not_have_is_bad_input(app: App) -> None:
    answer = read(await post(app, orjson.dumps({"query": "query A { __typename }", "operationName": "B"})))

    assert (answer.code, answer.field, answer.response.status_code) == ("BAD_INPUT", "operationName", 200)


async def test_the_named_operation_is_run(app: App) -> None:
    query = "query A { __typename } query B { b: __typename }"
    response = await post(app, orjson.dumps({"query": query, "operationName": "B"}))

    assert response.json() == {"data": {"b": "Query"}}


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("Int", 2**31, "Int cannot represent non 32-bit signed integer value"),
        ("Int", "5", "Int cannot represent non-integer value"),
        ("DateTime", "yesterday", "RFC 3339"),
        ("DateTime", "2026-11-21T10:00:00", "RFC 3339"),
        ("DateTime", "0001-01-01T00:00:00+10:00", "RFC 3339"),
        ("DateTime", 5, "RFC 3339"),
    ],
)
async def test_a_variable_that_does_not_fit_is_bad_input_with_a_reason(
    app: App, type_: str, value: object, words: str
) -> None:
    use = "first: $a" if type_ == "Int" else "filter: {createdAfter: $a}"
    body = {"query": f"query ($a: {type_}) {{ jobs({use}) {{ totalCount }} }}", "variables": {"a": value}}
    answer = read(await post(app, orjson.dumps(body)))

    assert answer.code == "BAD_INPUT"
    assert words in answer.errors[0]["message"]


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**63, 1.5, "5", True])
async def test_a_size_that_is_no_big_integer_is_bad_input(app: App, value: object) -> None:
    query = 'mutation ($a: BigInt) { createUpload(input: {filename: "a", size: $a}) { id } }'
    answer = read(await post(app, orjson.dumps({"query": query, "variables": {"a": value}})))

    assert answer.code == "BAD_INPUT"
    assert "A BigInt is a whole number of at most 2^53 - 1." in answer.errors[0]["message"]


TOO_COMPLEX = {
    "20,000 aliases": "{" + " ".join(f"a{number}: __typename" for number in range(20_000)) + "}",
    "101 aliases": "{" + " ".join(f"a{number}: __typename" for number in range(101)) + "}",
    "500 levels": "{" + "jobs { nodes {" * 250 + "id" + "} }" * 250 + "}",
    "21 levels": "{" + "jobs { nodes { uploads { nodes {" * 5 + "jobs { totalCount }" + "} } } }" * 5 + "}",
    "21 levels in fragments": "{ jobs { nodes { ...A } } } "
    + "".join(
        f"fragment {a} on Job {{ uploads {{ nodes {{ jobs {{ ...{b} }} }} }} }} "
        for a, b in zip("ABCDEFG", "BCDEFGH", strict=True)
    )
    + "fragment H on Job { id }",
    "a bomb of fragments": "{ ...F0 } "
    + " ".join(f"fragment F{number} on Query {{ ...F{number + 1} ...F{number + 1} }}" for number in range(60))
    + " fragment F60 on Query { __typename }",
    "the same field 2,900 times": "{" + "__typename " * 2_900 + "}",
    "the same field in 60 places": "{" + "... on Query { __typename } " * 60 + "}",
    "pages of pages": "{ batches(first: 100) { nodes { items(first: 100) { nodes { id name attempt files { id } } } } } }",
    "pages by variable": "query ($n: Int) { batches(first: $n) { nodes { items(first: $n) { nodes { id name files { id } } } } } }",
    "lists of strings": "{ jobs(filter: {kinds: [" + '"a" ' * 3_000 + "]}) { totalCount } }",
    "comparisons": "{" + ("serverInfo { processors { " + "kind " * 45 + "} } ") * 45 + "}",
}


@pytest.mark.parametrize("name", TOO_COMPLEX)
async def test_a_query_that_asks_too_much_is_refused_at_once(app: App, name: str) -> None:
    started = time.process_time()
    answer = read(await post(app, orjson.dumps({"query": TOO_COMPLEX[name]})))

    assert answer.code == "QUERY_TOO_COMPLEX"
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    "query",
    [
        get_introspection_query(specified_by_url=True, schema_description=True, input_value_deprecation=True),
        "{" + " ".join(f"a{number}: __typename" for number in range(100)) + "}",
        """{ batches { nodes { id status progress { percentage } owner { username } uploads { nodes { filename } }
          items { nodes { id name status result error { code message } } } stages { name percentage } } } }""",
    ],
)
async def test_what_front_ends_ask_is_not_too_complex(app: App, query: str) -> None:
    person = await app.person()

    assert (await app.ask(query, person)).errors == []


async def test_a_repeated_error_has_its_own_request_id_and_time(app: App) -> None:
    first = await app.ask("{ nope }", headers={"X-Request-ID": "first"})
    second = await app.ask("{ nope }", headers={"X-Request-ID": "second"})

    assert first.errors[0]["extensions"]["requestId"] == "first"
    assert second.errors[0]["extensions"]["requestId"] == "second"


async def test_at_most_twenty_errors_are_told(app: App) -> None:
    answer = await app.ask("{" + " ".join(f"nope{number}" for number in range(200)) + "}")

    assert len(answer.errors) == 21
    assert set(answer.codes) == {"GRAPHQL_VALIDATION_FAILED"}


async def test_what_was_not_foreseen_is_masked(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    monkeypatch.setattr("resolvers.jobs.find_job", fail)
    person = await app.person()
    answer = await app.ask('{ job(id: "batch-1754556928-12a41dbec0f3") { id } }', person)

    assert (answer.response.status_code, answer.data, answer.code) == (200, {"job": None}, "INTERNAL_ERROR")
    assert "secret" not in answer.response.text


async def test_a_failure_around_the_operation_is_masked_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        text = "secret at /srv/path"
        raise RuntimeError(text)

    monkeypatch.setattr("schema.build.Schema.execute", fail)
    answer = await app.ask("{ __typename }")

    assert (answer.response.status_code, answer.code) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.response.text


async def test_a_client_that_leaves_while_it_sends_is_no_error(app: App) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/graphql", "raw_path": b"/graphql", "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "scheme": "http", "http_version": "1.1",
        "server": ("test", 80), "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    await app.asgi(scope, receive, send)

    assert sent == []
