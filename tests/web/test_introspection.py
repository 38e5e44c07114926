"""Introspection: open, bounded, cached."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from graphql import get_introspection_query, parse
from strawberry.types import ExecutionResult

from schema import complexity
from schema.answers import AnswerExecutor
from schema.build import build_schema
from schema.complexity import MAX_INTROSPECTED
from schema.descriptions import Descriptions, Question
from schema.documents import MAX_CHARACTERS, read_document
from tests.web.test_persisted import extensions_for
from tests.web_app import App, opened_app, served

SCHEMA = build_schema()._schema
STANDARD = get_introspection_query()
FULL = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
    one_of=True,
    type_depth=14,
)
FIELDS = "types { name description fields { name description args { name description } } }"
TOO_MUCH = {
    "the same again and again": "{" + " ".join(f"a{number}: __schema {{ {FIELDS} }}" for number in range(99)) + "}",
    "types of types": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "types of one type": '{ __type(name: "Query") { fields { type { fields { type { fields { name } } } } } } }',
    "in a fragment": "{ __schema { ...S } } fragment S on __Schema {"
    + " ".join(f"a{number}: types {{ ...T }}" for number in range(20))
    + "} fragment T on __Type { name fields { name args { name } } }",
    "standard, three times": "{"
    + " ".join(f"a{number}: __schema {{ ...S }}" for number in range(3))
    + "} fragment S on __Schema "
    + STANDARD[STANDARD.index("__schema") + len("__schema") : STANDARD.index("fragment FullType")].rsplit("}", 1)[0]
    + STANDARD[STANDARD.index("fragment FullType") :],
}


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of selections that are executed from now on."""
    paths: list[str] = []
    execute = AnswerExecutor.execute_fields

    def see(self: AnswerExecutor, parent: Any, source: Any, path: Any, *more: Any) -> Any:
        paths.append(".".join(map(str, path.as_list())) if path else "")
        return execute(self, parent, source, path, *more)

    monkeypatch.setattr(AnswerExecutor, "execute_fields", see)
    return paths


@pytest.mark.parametrize("name", TOO_MUCH)
async def test_what_asks_too_much_of_the_schema_is_refused_before_anything_is_executed(
    app: App, executed: list[str], name: str
) -> None:
    answer = await app.ask(TOO_MUCH[name])

    assert (answer.code, answer.response.status_code) == ("QUERY_TOO_COMPLEX", 422)
    assert "fields of introspection" in answer.errors[0]["message"]
    assert executed == []


async def test_a_socket_refuses_it_too(app: App, executed: list[str]) -> None:
    async with served(app) as live, await live.wire_of() as wire:
        await wire.subscribe(TOO_MUCH["the same again and again"])
        assert await wire.error() == "QUERY_TOO_COMPLEX"
    assert executed == []


@pytest.mark.parametrize("query", [STANDARD, FULL])
async def test_what_front_ends_ask_is_well_below_the_bound(app: App, query: str) -> None:
    document = parse(query)

    size = complexity.ComplexityAnalyser(SCHEMA, document).operation(document.definitions[0])  # type: ignore[arg-type]
    assert size.introspected < 0.7 * MAX_INTROSPECTED
    assert len((await app.data(query))["__schema"]["types"]) == len(SCHEMA.type_map)


def fields_in(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(fields_in, value.values()))
    return sum(map(fields_in, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize(
    "selection",
    [
        FIELDS,
        "types { enumValues(includeDeprecated: true) { name } inputFields(includeDeprecated: true) { name } }",
        "types { interfaces { name } possibleTypes { name } } directives { args { name } locations }",
        "types { fields(includeDeprecated: true) { type { name } args(includeDeprecated: true) { type { name } } } }",
        "queryType { name } mutationType { name }",
    ],
)
async def test_it_is_measured_by_what_the_schema_has(app: App, selection: str) -> None:
    query = f"{{ __schema {{ {selection} }} }}"
    (operation,) = parse(query).definitions
    measured = complexity.ComplexityAnalyser(SCHEMA, parse(query)).operation(operation).introspected  # type: ignore[arg-type]

    assert measured + 1 == pytest.approx(fields_in(await app.data(query)), rel=0.02)


async def test_the_same_question_is_executed_once(app: App, executed: list[str]) -> None:
    query = "query ($d: Boolean!) { once: __schema { types { name fields @include(if: $d) { name } } } }"
    with_fields = [await app.data(query, None, d=True) for _ in range(3)]
    assert executed.count("") == 1
    without = await app.data(query, None, d=False)

    assert executed.count("") == 2
    assert with_fields[0] == with_fields[2] != without
    assert "fields" not in without["once"]["types"][0]


async def test_others_are_served_while_the_schema_is_described(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    is_held, others_were_served = threading.Event(), threading.Event()
    execute = AnswerExecutor.execute_fields

    def wait_below_the_root(self: AnswerExecutor, parent: Any, source: Any, path: Any, *more: Any) -> Any:
        if path is not None and path.as_list() == ["held"]:
            is_held.set()
            assert others_were_served.wait(5)
        return execute(self, parent, source, path, *more)

    monkeypatch.setattr(AnswerExecutor, "execute_fields", wait_below_the_root)
    described = asyncio.ensure_future(app.data("{ held: __schema { queryType { name } } }"))
    assert await asyncio.to_thread(is_held.wait, 10)
    assert (await app.data("{ serverInfo { service } }"))["serverInfo"]["service"] == "waybill"
    others_were_served.set()

    assert await described == {"held": {"queryType": {"name": "Query"}}}


async def test_a_socket_is_given_the_same_answer(app: App, executed: list[str]) -> None:
    query = "{ alsoOnce: __schema { types { name } } }"
    told = await app.data(query)
    async with served(app) as live, await live.wire_of() as wire:
        await wire.subscribe(query)
        assert await wire.next() == told
    assert executed.count("") == 1


async def test_what_asks_for_anything_else_is_executed_each_time(app: App, executed: list[str]) -> None:
    for _ in range(2):
        await app.data("{ __typename serverInfo { version } }")
    assert executed.count("") == 2


def test_answers_that_are_kept_are_bounded_by_memory() -> None:

    document, kept = read_document(SCHEMA, "{ __schema { description } }"), Descriptions(20_000)
    for number in range(50):
        question: Question = (document, None, b'{"a": "%d"}' % number * 100)
        kept.keep(question, ExecutionResult({"a": "x" * 1_000}, None))
    assert 1 <= len(kept._answers) <= 8


@pytest.fixture
async def hurried(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Operations of half a second."""
    async with opened_app(tmp_path, empty_database, operation_timeout=timedelta(seconds=0.5)) as app:
        yield app


async def test_the_deadline_holds_while_nothing_is_waited_for(
    hurried: App, executed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute = AnswerExecutor.execute_fields

    def begin_slowly(self: AnswerExecutor, parent: Any, source: Any, path: Any, *more: Any) -> Any:
        if path is not None and path.as_list() == ["__schema"]:
            time.sleep(0.7)
        return execute(self, parent, source, path, *more)

    monkeypatch.setattr(AnswerExecutor, "execute_fields", begin_slowly)
    query = FULL.replace("query IntrospectionQuery", "query Hurried")
    answer = await hurried.ask(query)

    assert (answer.response.status_code, answer.code, answer.data) == (503, "TIMED_OUT", None)
    assert 0 < len(executed) < 1_000

    async with served(hurried) as live, await live.wire_of() as wire:
        await wire.subscribe(query)
        assert await wire.error() == "TIMED_OUT"


LONG = "{ __typename } #" + "x" * MAX_CHARACTERS


async def test_a_text_that_is_too_long_is_not_parsed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    fits = LONG[:MAX_CHARACTERS]
    assert await app.data(fits) == {"__typename": "Query"}
    monkeypatch.setattr("schema.documents.parse", None)
    answer = await app.ask(LONG)
    assert (answer.code, answer.response.status_code) == ("QUERY_TOO_COMPLEX", 422)
    assert "100,000 characters" in answer.errors[0]["message"]

    hashed = await app.http.post("/graphql", json={"query": LONG, "extensions": extensions_for(LONG)})
    assert hashed.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    async with served(app) as live, await live.wire_of() as wire:
        await wire.subscribe(LONG)
        assert await wire.error() == "QUERY_TOO_COMPLEX"
