"""No answer grows beyond its setting: it is stopped while it is being built, over HTTP and on a socket."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from base.settings import Settings
from processors.registry import references
from tests.statements import counted_statements, reads_options
from tests.web_app import App, Person, opened_app, served

LIMIT = 128 * 1024
THREE = "... on Batch { a: options b: options c: options }"
OPTIONS = "nodes { ... on Batch { options } }"


@pytest.fixture
async def small(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    """Answers of 128 KiB at most."""
    monkeypatch.setitem(references(), "counting", "tests.kinds:COUNTING")
    async with opened_app(tmp_path, empty_database, max_answer_size=LIMIT) as app:
        yield app


async def batch_with(app: App, who: Person, characters: int, letter: str = "x") -> str:
    work = {"custom": {"kind": "counting", "options": {"anything": letter * characters}}}
    return await app.batch(who, work=work, autoStart=False)


def test_sixteen_mebibytes_unless_told_otherwise() -> None:
    assert Settings(_env_file=None).max_answer_size == 16 * 2**20


async def test_a_list_of_large_values_is_refused(small: App) -> None:
    person = await small.person()
    for _ in range(3):
        await batch_with(small, person, 60_000)
    answer = await small.ask(f"{{ jobs {{ {OPTIONS} }} }}", person)

    assert (answer.code, answer.data, answer.response.status_code) == ("QUERY_TOO_COMPLEX", None, 422)
    assert "131,072 bytes" in answer.errors[0]["message"]
    assert len((await small.data(f"{{ jobs(first: 2) {{ {OPTIONS} }} }}", person))["jobs"]["nodes"]) == 2


async def test_the_bytes_of_json_count_not_the_characters(small: App) -> None:
    person = await small.person()
    for _ in range(3):
        await batch_with(small, person, 30_000, '"')

    assert (await small.ask(f"{{ jobs {{ {OPTIONS} }} }}", person)).code == "QUERY_TOO_COMPLEX"


async def test_an_answer_just_below_the_limit_is_given_whole(small: App) -> None:
    person = await small.person()
    for _ in range(2):
        await batch_with(small, person, LIMIT // 2 - 250)
    answer = await small.ask(f"{{ jobs {{ {OPTIONS} }} }}", person)

    assert answer.errors == []
    assert LIMIT - 500 < len(answer.response.content) <= LIMIT


async def test_what_comes_after_the_limit_is_not_even_read(small: App) -> None:
    person = await small.person()
    await batch_with(small, person, 60_000)
    aliases = " ".join(f"a{number}: jobs {{ {OPTIONS} }}" for number in range(90))
    with counted_statements() as statements:
        answer = await small.ask(f"{{ {aliases} }}", person)

    assert answer.code == "QUERY_TOO_COMPLEX"
    assert len([each for each in statements if reads_options(each)]) < 10, "options are read in turn"


async def test_names_of_fields_count_for_each_row(small: App) -> None:
    person = await small.person()
    for _ in range(20):
        await batch_with(small, person, 1)
    names = " ".join(f"{'n' * 300}{number}: attempt" for number in range(90))

    assert (await small.ask(f"{{ jobs {{ nodes {{ {names} }} }} }}", person)).code == "QUERY_TOO_COMPLEX"


async def test_errors_of_fields_count_too(small: App) -> None:
    names = " ".join(f'{"n" * 1_000}{number}: job(id: "x") {{ id }}' for number in range(90))
    answer = await small.ask(f"{{ {names} }}", await small.person())

    assert answer.code == "QUERY_TOO_COMPLEX"
    assert len(answer.response.content) < 1_000


async def test_a_mutation_that_was_done_before_stays_done(small: App) -> None:
    person = await small.person()
    id_ = await batch_with(small, person, 50_000)
    answer = await small.ask(
        f'mutation {{ cancelJob(id: "{id_}") {{ ... on Batch {{ a: options b: options c: options }} }} }}', person
    )

    assert answer.code == "QUERY_TOO_COMPLEX"
    assert await small.data("query ($id: ID!) { job(id: $id) { status } }", person, id=id_) == {
        "job": {"status": "CANCELLED"}
    }


async def test_an_event_that_is_too_large_ends_its_subscription_alone(small: App) -> None:
    person = await small.person()
    id_ = await batch_with(small, person, 50_000)
    watch = f"subscription ($id: ID!) {{ jobUpdated(id: $id) {{ {THREE} }} }}"
    async with served(small) as live, await live.wire_of(person) as wire:
        await wire.subscribe(watch, "large", id=id_)
        assert await wire.error("large") == "QUERY_TOO_COMPLEX"
        await wire.subscribe(f"query ($id: ID!) {{ job(id: $id) {{ {THREE} }} }}", "query", id=id_)
        assert await wire.error("query") == "QUERY_TOO_COMPLEX"
        await wire.subscribe("{ __typename }")
        assert await wire.next() == {"__typename": "Query"}


async def test_each_event_is_an_answer_of_its_own(small: App) -> None:
    person = await small.person()
    id_ = await batch_with(small, person, 60_000)
    watch = "subscription ($id: ID!) { jobUpdated(id: $id) { status ... on Batch { options } } }"
    async with served(small) as live, await live.wire_of(person) as wire:
        await wire.subscribe(watch, id=id_)
        seen = [(await wire.next())["jobUpdated"]["status"]]
        await small.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=id_)
        while seen[-1] != "CANCELLED":
            seen.append((await wire.next())["jobUpdated"]["status"])

    assert len(seen) >= 2
