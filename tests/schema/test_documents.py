"""Documents are read once, and what they ask is measured as the answer can grow."""

import pytest
from graphql import parse

from base.errors import Refusal
from schema import documents
from schema.build import build_schema
from schema.documents import MAX_COST, MAX_KEPT_CHARACTERS, Asked, Ruler, asked_in
from tests.web_app import App

SCHEMA = build_schema()._schema


def size_of(query: str) -> documents.Size:
    document = parse(query)
    ruler = Ruler(SCHEMA, document)
    return ruler._operation(ruler._operations[0])


@pytest.mark.parametrize(
    ("query", "depth", "aliases", "cost"),
    [
        ("{ __typename }", 1, 0, 1),
        ("{ a: __typename b: __typename }", 1, 2, 2),
        ("{ viewer { id username } }", 2, 0, 3),
        ("{ batches { totalCount } }", 2, 0, 2),
        ("{ batches(first: 10) { nodes { id status } } }", 3, 0, 1 + 1 + 10 * 2),
        ("{ batches { nodes { id } } }", 3, 0, 1 + 1 + 50),
        ("query ($n: Int) { batches(first: $n) { nodes { id } } }", 3, 0, 1 + 1 + 100),
        ("{ batches(last: 7) { edges { cursor node { id } } } }", 4, 0, 1 + 1 + 7 * 3),
        ("{ batches(first: 99999) { nodes { id } } }", 3, 0, 1 + 1 + 100),
        ("{ batches(first: -1) { nodes { id } } }", 3, 0, 1 + 1 + 100),
        ("{ batches(first: 2) { nodes { items(first: 3) { nodes { id } } } } }", 5, 0, 1 + 1 + 2 * (1 + 1 + 3)),
        ("{ serverInfo { processors { kind } } }", 3, 0, 1 + 1 + 10),
        ("{ ...F ...F } fragment F on Query { viewer { id } }", 2, 0, 4),
        ("{ ... on Query { viewer { id } } ... @include(if: true) { viewer { id } } }", 2, 0, 4),
        ("{ nope { nope { nope } } ...Missing }", 3, 0, 3),
        ("{ ...F } fragment F on Query { viewer { id } ...F }", 2, 0, 2),
        ("subscription { jobsUpdated { id ... on Batch { reference } } }", 2, 0, 3),
    ],
)
def test_a_query_is_measured(query: str, depth: int, aliases: int, cost: int) -> None:
    assert size_of(query) == documents.Size(depth, aliases, cost)


def test_a_fragment_that_nobody_spreads_is_measured_too() -> None:
    document = parse("{ __typename } fragment F on Batch {" + "uploads { nodes { jobs {" * 8 + "id" + "} } }" * 8 + "}")
    with pytest.raises(Refusal, match="more than 20 levels"):
        Ruler(SCHEMA, document).check()


def test_cost_is_bounded_by_a_round_number() -> None:
    assert MAX_COST == 100_000


async def test_the_same_text_is_parsed_and_validated_once(app: App) -> None:
    query = "{ onlyHere: __typename }"
    parsed, checked = documents._parse.cache_info(), documents._check_text.cache_info()
    for _ in range(3):
        assert await app.data(query) == {"onlyHere": "Query"}

    assert documents._parse.cache_info().misses == parsed.misses + 1
    assert documents._check_text.cache_info().misses == checked.misses + 1
    assert documents._check_text.cache_info().hits == checked.hits + 2


async def test_what_is_wrong_or_long_is_not_kept(app: App) -> None:
    kept = documents._check_text.cache_info().currsize
    for number in range(5):
        await app.ask(f"{{ nope{number} }}")
        await app.ask("{ __typename } #" + "x" * MAX_KEPT_CHARACTERS + str(number))

    assert documents._check_text.cache_info().currsize == kept


@pytest.mark.parametrize(
    ("query", "name", "asked"),
    [
        ("{ viewer { id } }", None, Asked("query", "viewer")),
        ("query A { viewer { id } }", None, Asked("query", "viewer", "A")),
        ("query A { viewer { id } } mutation B { logout }", "B", Asked("mutation", "logout", "B")),
        ("query A { viewer { id } } mutation B { logout }", None, Asked()),
        ("query A { viewer { id } }", "C", Asked()),
        ("subscription { x: jobsUpdated { id } }", None, Asked("subscription", "jobsUpdated")),
        ("{ viewer { id } viewer { username } }", None, Asked("query", "viewer")),
        ("{ viewer { id } __typename }", None, Asked("query", "introspection")),
        ("{ ...F } fragment F on Query { viewer { id } }", None, Asked("query")),
        ("{ nope }", None, Asked("query")),
        ("mutation { viewer }", None, Asked("mutation")),
        ("{", None, Asked()),
        ("", None, Asked()),
        ("{ viewer { id } } #" + "x" * MAX_KEPT_CHARACTERS, None, Asked("query", "viewer")),
        ("{" + "a " * 3_000 + "}", None, Asked()),
    ],
)
def test_what_is_asked_is_told_in_few_words(query: str, name: str | None, asked: Asked) -> None:
    assert asked_in(SCHEMA, query, name) == asked
