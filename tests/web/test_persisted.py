"""Automatic persisted queries: a hash stands for a text that was sent whole, and for nothing else."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from strawberry.http import GraphQLRequestData

from base.errors import Refusal
from tests.web_app import App, Served, read
from web.persisted import PersistedQueries

TEXT = "query Known { __typename }"
MUTATION = "mutation { logout }"


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def extensions_for(text: str) -> dict[str, Any]:
    return {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}


async def post(app: App, text: str | None, hashed: str = TEXT, **more: Any) -> Any:
    body = {"query": text, "extensions": extensions_for(hashed), **more}
    return read(
        await app.http.post("/graphql", json={name: value for name, value in body.items() if value is not None})
    )


async def get(app: App, text: str, **headers: str) -> Any:
    params = {"extensions": json.dumps(extensions_for(text))}
    return read(await app.http.get("/graphql", params=params, headers=headers))


async def test_an_unknown_hash_is_answered_in_the_words_that_clients_know(app: App) -> None:
    answer = await post(app, None)

    assert (answer.response.status_code, answer.code) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert answer.errors[0]["message"] == "PersistedQueryNotFound"


async def test_a_text_that_was_sent_with_its_hash_is_known_by_it(app: App) -> None:
    assert (await post(app, TEXT)).data == {"__typename": "Query"}

    assert (await post(app, None)).data == {"__typename": "Query"}
    assert (await get(app, TEXT)).data == {"__typename": "Query"}  # without a header of its own


async def test_variables_and_names_go_with_a_hash(app: App) -> None:
    text = "query A($a: Boolean!) { __typename @include(if: $a) } query B { b: __typename }"
    given: dict[str, Any] = {"operationName": "A", "variables": {"a": True}}
    await post(app, text, text, **given)

    assert (await post(app, None, text, **given)).data == {"__typename": "Query"}
    assert (await post(app, None, text, operationName="B")).data == {"b": "Query"}


async def test_a_hash_of_another_text_is_refused_and_nothing_is_kept(app: App) -> None:
    answer = await post(app, "{ viewer { id } }", TEXT)

    assert (answer.response.status_code, answer.code) == (422, "BAD_INPUT")
    assert answer.field == "extensions.persistedQuery.sha256Hash"
    assert (await post(app, None)).code == "PERSISTED_QUERY_NOT_FOUND"
    assert (await post(app, None, "{ viewer { id } }")).code == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_text_that_is_wrong_is_not_kept(app: App) -> None:
    for text in ("{ nope }", "{", "subscription { jobsUpdated { id } }"):
        await post(app, text, text)
        assert (await post(app, None, text)).code == "PERSISTED_QUERY_NOT_FOUND"


async def test_a_known_mutation_may_not_be_a_get(app: App) -> None:
    person = await app.person()
    body = {"query": MUTATION, "extensions": extensions_for(MUTATION)}
    assert read(await app.http.post("/graphql", json=body, headers=person.header)).data == {"logout": True}
    answer = await get(app, MUTATION, **(await app.sign_in(person.user)).header)

    assert (answer.response.status_code, answer.code) == (405, "METHOD_NOT_ALLOWED")


async def test_a_get_with_text_and_hash_needs_the_header_too(app: App) -> None:
    params = {"query": TEXT, "extensions": json.dumps(extensions_for(TEXT))}
    foreign = read(await app.http.get("/graphql", params=params))
    own = read(await app.http.get("/graphql", params=params, headers={"Apollo-Require-Preflight": "true"}))

    assert (foreign.code, own.data) == ("BAD_INPUT", {"__typename": "Query"})


@pytest.mark.parametrize(
    "told",
    [
        5, [], {}, {"version": 1}, {"version": 2, "sha256Hash": "0" * 64}, {"sha256Hash": "0" * 64},
        {"version": 1, "sha256Hash": "0" * 63}, {"version": 1, "sha256Hash": "A" * 64}, {"version": 1, "sha256Hash": 5},
        {"version": 1, "sha256Hash": "../" + "0" * 61},
    ],
)  # fmt: skip
async def test_what_is_no_hash_is_bad_input(app: App, told: object) -> None:
    for text in (None, TEXT):
        body = {"query": text, "extensions": {"persistedQuery": told}}
        answer = read(await app.http.post("/graphql", json=body))
        assert (answer.response.status_code, answer.code, answer.field) == (
            422, "BAD_INPUT", "extensions.persistedQuery",
        )  # fmt: skip


async def test_a_socket_knows_the_same_queries(app: App, live: Served) -> None:
    async with await live.wire_of() as wire:

        async def ask(id_: str, **payload: Any) -> None:
            await wire.send(
                {"id": id_, "type": "subscribe", "payload": {"extensions": extensions_for(TEXT), **payload}}
            )

        await ask("1")
        assert await wire.error("1") == "PERSISTED_QUERY_NOT_FOUND"
        await ask("2", query="{ viewer { id } }")
        assert await wire.error("2") == "BAD_INPUT"
        await post(app, TEXT)
        await ask("3")
        assert await wire.next("3") == {"__typename": "Query"}


async def test_a_text_on_a_socket_is_kept_once_it_is_known_to_be_valid(app: App, live: Served) -> None:
    good, bad = "{ good: __typename }", "{ nope }"
    async with await live.wire_of() as wire:
        for text in (good, bad):
            payload = {"query": text, "extensions": extensions_for(text)}
            await wire.send({"id": text, "type": "subscribe", "payload": payload})
        messages = [await wire.receive() for _ in range(3)]
    assert {message["type"] for message in messages if message["id"] == bad} == {"error"}

    assert (await post(app, None, good)).data == {"good": "Query"}
    assert (await post(app, None, bad)).code == "PERSISTED_QUERY_NOT_FOUND"


def data_for(text: str, *, whole: bool = True) -> GraphQLRequestData:
    return GraphQLRequestData(text if whole else None, None, None, extensions_for(text))


async def is_known(queries: PersistedQueries, text: str) -> bool:
    try:
        return (await queries.resolve(data_for(text, whole=False))).query == text
    except Refusal:
        return False


async def keep(queries: PersistedQueries, *texts: str) -> None:
    for text in texts:
        await queries.store(await queries.resolve(data_for(text)))


async def test_memory_is_bounded_and_what_was_used_last_stays() -> None:
    queries = PersistedQueries(max_texts=2)
    await keep(queries, "{a}", "{b}")
    assert await is_known(queries, "{a}")
    await keep(queries, "{c}")

    assert [await is_known(queries, text) for text in ("{a}", "{b}", "{c}")] == [True, False, True]


async def test_long_texts_are_not_kept_and_all_together_are_bounded() -> None:
    queries = PersistedQueries(max_text_bytes=10, max_bytes=12)
    long, wide, first, second = "{a}" + "#" * 8, "{ü}" * 3, "{a}####", "{b}####"
    await keep(queries, long, wide, first, second)

    assert [await is_known(queries, text) for text in (long, wide, first, second)] == [False, False, False, True]


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def test_another_process_knows_it_through_redis_for_a_day(redis: Redis, redis_prefix: str) -> None:
    await keep(PersistedQueries(redis, redis_prefix), "{ünïcode}")

    assert await is_known(PersistedQueries(redis, redis_prefix), "{ünïcode}")
    (key,) = [key async for key in redis.scan_iter(f"{redis_prefix}:*")]
    assert 86_000 < await redis.ttl(key) <= 86_400


async def test_what_somebody_else_wrote_to_redis_is_not_believed(redis: Redis, redis_prefix: str) -> None:
    for planted in ("{ evil }", b"\xff\xfe"):
        await redis.set(f"{redis_prefix}:query:{hash_of(TEXT)}", planted)
        assert not await is_known(PersistedQueries(redis, redis_prefix), TEXT)


async def test_without_its_redis_a_process_knows_what_it_was_sent_itself() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as redis:
        queries = PersistedQueries(redis)
        assert not await is_known(queries, TEXT)
        await keep(queries, TEXT)
        assert await is_known(queries, TEXT)
