"""Lists of operations: each is answered as it would have been alone, and what refuses the list is a list, too."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from structlog.testing import capture_logs

from tests.web_app import JSON, RESPONSE_JSON, App, Person, opened_app

TYPENAME = {"query": "{ __typename }"}


async def send(app: App, body: Any, who: Person | None = None, **headers: str) -> httpx2.Response:
    content = orjson.dumps(body) if isinstance(body, list | dict | int) else body
    return await app.http.post(
        "/graphql", content=content, headers={"Content-Type": JSON, **(who.header if who else {}), **headers}
    )


def codes_in(response: httpx2.Response) -> list[str | None]:
    answers = response.json()
    assert isinstance(answers, list)
    return [answer["errors"][0]["extensions"]["code"] if "errors" in answer else None for answer in answers]


@pytest.mark.parametrize("accept", [JSON, RESPONSE_JSON, "*/*"])
async def test_each_operation_of_a_list_is_answered_in_its_place(app: App, accept: str) -> None:
    operations = [{"query": f"{{ a{number}: __typename }}"} for number in range(10)]
    response = await send(app, operations, Accept=accept)

    assert (response.status_code, response.headers["Content-Type"]) == (200, JSON)
    assert response.json() == [{"data": {f"a{number}": "Query"}} for number in range(10)]


async def test_each_answer_is_what_it_would_have_been_alone(app: App) -> None:
    person = await app.person()
    unknown = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    operations: list[Any] = [
        TYPENAME,
        {"query": "{"},
        {"query": "{ nope }"},
        {},
        3,
        [TYPENAME],
        {"query": 'query { job(id: "batch-1754556928-12a41dbec0f3") { id } }'},
        {"query": "subscription { jobsUpdated { id } }"},
        {"extensions": unknown},
        {"query": "query A { __typename } query B { b: __typename }", "operationName": "B"},
    ]
    together = (await send(app, operations, person)).json()
    for operation, answer in zip(operations, together, strict=True):
        if not isinstance(operation, list):  # which is a list of its own when it comes alone
            alone = (await send(app, operation, person)).json()
            assert without_ids(answer) == without_ids(alone)
    assert together[5]["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def without_ids(answer: Any) -> Any:
    for error in answer.get("errors", ()):
        error["extensions"] = {"code": error["extensions"]["code"], "field": error["extensions"].get("field")}
    return answer


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"[", 400), (b" \n[1, 2", 400), (b"[]", 422), (orjson.dumps([TYPENAME] * 11), 422),
     (b"[" + b" " * 2**20 + b"]", 413), (b"[" * 5000, 400)],
)  # fmt: skip
async def test_what_refuses_the_list_as_a_whole_is_a_list(app: App, body: bytes, status: int) -> None:
    async def parts() -> AsyncIterator[bytes]:  # without Content-Length: by that alone it is refused unread
        yield body

    response = await send(app, parts() if status == 413 else body, Accept=RESPONSE_JSON)

    assert (response.status_code, response.headers["Content-Type"], len(response.json())) == (status, JSON, 1)
    assert codes_in(response) == ["FILE_TOO_LARGE" if status == 413 else "BAD_INPUT"]


async def test_nothing_of_a_list_that_is_too_long_is_executed(app: App) -> None:
    person = await app.person()
    create = {"query": 'mutation { createUpload(input: {filename: "a", size: 1}) { id } }'}
    await send(app, [create] * 11, person)

    assert await app.data("{ uploads { totalCount } }", person) == {"uploads": {"totalCount": 0}}


async def test_mutations_run_in_order_and_what_comes_after_sees_them(app: App) -> None:
    person = await app.person()
    job_id = await app.batch(person, autoStart=False)
    status = {"query": "query ($id: ID!) { job(id: $id) { status owner { id } } }", "variables": {"id": job_id}}
    cancel = {"query": "mutation ($id: ID!) { cancelJob(id: $id) { status } }", "variables": {"id": job_id}}
    answers = (await send(app, [status, cancel, status], person)).json()

    assert answers[0]["data"]["job"]["status"] != "CANCELLED"
    assert answers[1]["data"] == {"cancelJob": {"status": "CANCELLED"}}
    assert answers[2]["data"]["job"]["status"] == "CANCELLED"


async def test_after_a_logout_the_rest_of_the_list_knows_nobody(app: App) -> None:
    viewer = {"query": "{ viewer { id } }"}
    response = await send(app, [viewer, {"query": "mutation { logout }"}, viewer], await app.person())

    assert codes_in(response) == [None, None, "INVALID_TOKEN"]


@pytest.fixture
async def limited(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Five operations a minute, of two seconds at most, with answers of 64 KiB at most."""
    settings: dict[str, Any] = {"rate_limit_per_minute": 5, "operation_timeout": "2 s", "max_answer_size": "64 KiB"}
    async with opened_app(tmp_path, empty_database, **settings) as app:
        yield app


async def test_each_counts_and_one_too_many_refuses_itself_alone(limited: App) -> None:
    first = await send(limited, [TYPENAME] * 7)
    second = await send(limited, [TYPENAME] * 2)
    alone = await send(limited, TYPENAME)

    assert (first.status_code, codes_in(first)) == (200, [None] * 5 + ["RATE_LIMITED"] * 2)
    assert (second.status_code, codes_in(second), second.headers["Retry-After"] > "0") == (429, ["RATE_LIMITED"], True)
    assert (alone.status_code, alone.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")


async def test_the_headers_tell_what_is_left_after_the_whole_list(limited: App) -> None:
    assert (await send(limited, [TYPENAME] * 3)).headers["X-RateLimit-Remaining"] == "2"


async def test_the_answers_of_a_list_grow_together(limited: App) -> None:
    large = {"query": "{ " + " ".join(f"a{number}{'x' * 400}: __typename" for number in range(99)) + " }"}
    response = await send(limited, [large, large, TYPENAME])

    assert codes_in(response) == [None, "QUERY_TOO_COMPLEX", None]
    assert len(response.content) < 64 * 1024


async def test_the_deadline_is_that_of_the_whole_list(limited: App, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await limited.person()
    create = {"query": 'mutation { createUpload(input: {filename: "a", size: 1}) { id } }'}
    begun = 0

    async def hang(*_: object) -> None:
        nonlocal begun
        begun += 1
        await asyncio.sleep(60)

    monkeypatch.setattr("resolvers.jobs.find_job", hang)
    job = {"query": f'{{ job(id: "{"batch-1754556928-12a41dbec0f3"}") {{ id }} }}'}
    async with asyncio.timeout(10):  # one after the other, each with a deadline of its own, they take 20 s
        response = await send(limited, [create, *[job] * 9], person)

    assert codes_in(response) == [None] + ["TIMED_OUT"] * 9
    assert begun >= 1


async def test_the_log_tells_of_a_list_in_one_line_and_the_metrics_of_each_operation(app: App) -> None:
    with capture_logs() as lines:
        await send(app, [TYPENAME, {"query": "{ nope }"}])

    (line,) = [line for line in lines if line["event"] == "request"]
    assert (line["operation"], line["code"]) == ("list", "GRAPHQL_VALIDATION_FAILED")
