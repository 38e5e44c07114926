"""GraphQL over HTTP: every request, however wrong, gets an answer in JSON with a code, and nothing else."""

from typing import Any

import httpx2
import orjson
import pytest

from tests.web_app import JSON, RESPONSE_JSON, App, read

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
        (b"3", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b'"x"', 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"null", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"true", 'Send a JSON object: {"query": "...", "variables": {}}.'),
        (b"{}", "The query is missing: send the text of the operation as query."),
        (b'{"query": null}', "The query is missing: send the text of the operation as query."),
        (b'{"query": ""}', "The query is missing: send the text of the operation as query."),
        (b'{"query": 5}', 'query is not a string: send the text of the operation, such as "{ viewer { id } }".'),
        (
            b'{"query": ["{ __typename }"]}',
            'query is not a string: send the text of the operation, such as "{ viewer { id } }".',
        ),
        (
            b'{"query": "{ __typename }", "variables": []}',
            'variables is not an object: send one such as {"id": "..."}, or leave it out.',
        ),
        (
            b'{"query": "{ __typename }", "variables": "{}"}',
            'variables is not an object: send one such as {"id": "..."}, or leave it out.',
        ),
        (
            b'{"query": "{ __typename }", "operationName": 5}',
            "operationName is not a string: send the name of an operation in query, or leave it out.",
        ),
        (b'{"query": "{ __typename }", "extensions": 5}', "extensions is not an object: send one, or leave it out."),
    ],
)
async def test_a_body_of_the_wrong_shape_is_bad_input(app: App, body: bytes, message: str) -> None:
    answer = read(await post(app, body))

    status = 400 if message.endswith("is not JSON.") else 422
    assert (answer.response.status_code, answer.code, answer.errors[0]["message"]) == (status, "BAD_INPUT", message)


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

    assert (response.status_code, response.headers["Allow"]) == (405, "GET, QUERY, POST")
    if method != "HEAD":  # whose answer has no body
        assert read(response).code == "METHOD_NOT_ALLOWED"


ASKED_FIRST: list[dict[str, str]] = [
    {"Apollo-Require-Preflight": "true"},
    {"X-Apollo-Operation-Name": "A"},
    {"GraphQL-Require-Preflight": "1"},
    {"Content-Type": "application/json"},
    {"Authorization": "Bearer {token}"},
    {"Authorization": "bearer  {token}"},
]
NOT_ASKED: list[dict[str, str]] = [
    {},
    {"Accept": RESPONSE_JSON},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "Basic bearer"},
    {"Authorization": "Negotiate YTpi"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": ""},
    {"X-Authorization": "Bearer a"},
    {"Apollo-Require-Preflight": ""},
    {"Content-Type": "text/plain"},
    {"Content-Type": "Multipart/Form-Data; boundary=application/json"},
    {"Content-Type": " application/x-www-form-urlencoded;application/json"},
    {"Origin": "https://evil.example.com", "Cookie": "a=b"},
]


@pytest.mark.parametrize("headers", ASKED_FIRST)
async def test_a_query_may_be_a_get_that_no_foreign_page_can_send(app: App, headers: dict[str, str]) -> None:
    token = (await app.person()).token
    query = {"query": "query ($a: Boolean!) { __typename @include(if: $a) }", "variables": '{"a": true}'}
    given = {name: value.replace("{token}", token) for name, value in headers.items()}
    response = await app.http.get("/graphql", params=query, headers=given)

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


@pytest.mark.parametrize("headers", NOT_ASKED)
async def test_a_get_that_any_page_could_have_sent_is_refused_unread(
    app: App, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.build.Schema.execute", None)
    answer = read(await app.http.get("/graphql", params={"query": "{ __typename }"}, headers=headers))

    assert (answer.response.status_code, answer.code, answer.field) == (422, "BAD_INPUT", "apollo-require-preflight")


@pytest.mark.parametrize("accept", ["*/*", JSON, RESPONSE_JSON, "text/html"])
async def test_a_mutation_may_not_be_a_get(app: App, accept: str) -> None:
    headers = {"Accept": accept, "Apollo-Require-Preflight": "true"}
    response = await app.http.get("/graphql", params={"query": "mutation { logout }"}, headers=headers)

    assert (response.status_code, response.headers["Allow"], read(response).code) == (405, "POST", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("params", [{}, {"query": ""}, {"variables": "{}"}])
async def test_a_get_without_a_query_by_a_program_is_told_so(app: App, params: dict[str, str]) -> None:
    answer = read(await app.http.get("/graphql", params=params))

    assert (answer.response.status_code, answer.code, answer.field) == (422, "BAD_INPUT", "query")


@pytest.mark.parametrize(("variables", "status"), [("{", 400), ("3", 422), ("[]", 422)])
async def test_variables_of_a_get_are_checked(app: App, variables: str, status: int) -> None:
    answer = read(await app.http.get("/graphql", params={"query": "{ __typename }", "variables": variables}))

    assert (answer.response.status_code, answer.code) == (status, "BAD_INPUT")


async def test_a_slash_too_many_is_answered_without_a_detour(app: App) -> None:
    response = await app.http.post("/graphql/", content=TYPENAME, headers={"Content-Type": JSON})

    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})


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
        ('{ jobs(first: "a") { totalCount } }', "BAD_INPUT"),
        ('{ jobs(filter: {createdAfter: "soon"}) { totalCount } }', "BAD_INPUT"),
        ("query A { __typename } query B { __typename }", "BAD_INPUT"),
        ("query ($id: ID!) { job(id: $id) { id } }", "BAD_INPUT"),
        ("subscription { jobsUpdated { id } }", "BAD_INPUT"),
        ("fragment F on Query { __typename }", "BAD_INPUT"),
    ],
)
async def test_what_cannot_be_run_is_refused_with_its_code(app: App, query: str, code: str) -> None:
    modern = read(await post(app, orjson.dumps({"query": query}), Accept=RESPONSE_JSON))
    classic = read(await post(app, orjson.dumps({"query": query}), Accept=JSON))

    status = 400 if code == "GRAPHQL_PARSE_FAILED" else 422
    assert (modern.code, modern.response.status_code) == (code, status)
    assert (classic.code, classic.response.status_code) == (code, status)
    assert "data" not in modern.response.json()
    assert "data" not in classic.response.json()


async def test_an_operation_that_the_document_does_not_have_is_bad_input(app: App) -> None:
    answer = read(await post(app, orjson.dumps({"query": "query A { __typename }", "operationName": "B"})))

    assert (answer.code, answer.field, answer.response.status_code) == ("BAD_INPUT", "operationName", 422)
    assert answer.errors[0]["message"] == ('The document has no operation named "B": name one that it has (A).')


async def test_a_name_for_an_operation_that_has_none_is_told_to_be_left_out(app: App) -> None:
    answer = read(await post(app, orjson.dumps({"query": "{ __typename }", "operationName": "B"})))

    assert answer.errors[0]["message"] == 'The document has no operation named "B": leave operationName out.'


async def test_the_named_operation_is_run(app: App) -> None:
    query = "query A { __typename } query B { b: __typename }"
    response = await post(app, orjson.dumps({"query": query, "operationName": "B"}))

    assert response.json() == {"data": {"b": "Query"}}


@pytest.mark.parametrize(
    ("type_", "value", "words"),
    [
        ("Int", 2**31, "An Int is a whole number from"),
        ("Int", "5", "An Int is a whole number from"),
        ("DateTime", "yesterday", "RFC 3339"),
        ("DateTime", "2026-11-21T10:00:00", "RFC 3339"),
        ("DateTime", "0001-01-01T00:00:00+10:00", "RFC 3339"),
        ("DateTime", 5, "RFC 3339"),
        ("DateTime", "2026-11-21", "RFC 3339"),
        ("DateTime", "2026-W47-6T10:00:00Z", "RFC 3339"),
        ("DateTime", "2026-11-21T24:00:00Z", "RFC 3339"),
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


@pytest.mark.parametrize("value", ["123", 123.0, 123])
async def test_a_size_may_be_digits_in_a_text_or_a_whole_float(app: App, value: object) -> None:
    person = await app.person()
    query = 'mutation ($a: BigInt) { createUpload(input: {filename: "a", size: $a}) { size } }'
    literal = query.replace(" ($a: BigInt)", "").replace("$a", orjson.dumps(value).decode())
    for answer in (await app.data(query, person, a=value), await app.data(literal, person)):
        assert answer == {"createUpload": {"size": 123}}


@pytest.mark.parametrize("moment", ["2026-11-21t10:00:00z", "2026-11-21T11:00:00+01:00", "2016-12-31T23:59:60Z"])
async def test_a_moment_is_taken_as_rfc_3339_writes_it(app: App, moment: str) -> None:
    person = await app.person()
    query = "query ($a: DateTime) { jobs(filter: {createdAfter: $a}) { totalCount } }"
    literal = query.replace(" ($a: DateTime)", "").replace("$a", orjson.dumps(moment).decode())
    for answer in (await app.data(query, person, a=moment), await app.data(literal, person)):
        assert answer == {"jobs": {"totalCount": 0}}


@pytest.mark.parametrize("value", [2**53, -(2**53), 2**63, 1.5, "5.5", True])
async def test_a_size_that_is_no_big_integer_is_bad_input(app: App, value: object) -> None:
    query = 'mutation ($a: BigInt) { createUpload(input: {filename: "a", size: $a}) { id } }'
    answer = read(await post(app, orjson.dumps({"query": query, "variables": {"a": value}})))

    assert answer.code == "BAD_INPUT"
    assert "A BigInt is a whole number from -(2^53 - 1) to 2^53 - 1" in answer.errors[0]["message"]


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

    assert (answer.response.status_code, answer.data, answer.code) == (294, {"job": None}, "INTERNAL_ERROR")
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
