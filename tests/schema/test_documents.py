"""Documents: parsed and validated once, measured before they run."""

from typing import Any

import pytest
from graphql import DocumentNode, parse

from schema import documents
from schema.build import build_schema
from schema.documents import MAX_KEPT_CHARACTERS, OperationInfo, document_cache, read_document
from tests.web_app import App

SCHEMA = build_schema()._schema


def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are parsed from now on."""
    texts: list[str] = []

    def count(text: str, **options: Any) -> DocumentNode:
        texts.append(text)
        return parse(text, **options)

    monkeypatch.setattr(documents, "parse", count)
    return texts


async def test_the_same_text_is_parsed_and_validated_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    query, texts = "{ onlyHere: __typename }", parsed(monkeypatch)
    for _ in range(3):
        assert await app.data(query) == {"onlyHere": "Query"}

    assert texts == [query]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("{ __typename } #" + "x" * MAX_KEPT_CHARACTERS, []),
        ("{ __typename  #" + "x" * MAX_KEPT_CHARACTERS, ["GRAPHQL_PARSE_FAILED"]),
        ("{ wrong", ["GRAPHQL_PARSE_FAILED"]),
        ("{ nope } #" + "x" * MAX_KEPT_CHARACTERS, ["GRAPHQL_VALIDATION_FAILED"]),
    ],
)
async def test_what_is_wrong_or_long_is_parsed_once_each_time(
    app: App, monkeypatch: pytest.MonkeyPatch, query: str, codes: list[str]
) -> None:
    kept, texts = len(documents._cache), parsed(monkeypatch)
    for _ in range(2):
        assert (await app.ask(query)).codes == codes

    assert texts == [query, query]
    assert len(documents._cache) == kept


def test_what_is_kept_is_bounded_by_the_memory_that_it_takes() -> None:
    cache = document_cache(10_000)
    for number in range(10):
        document = read_document(SCHEMA, f"{{ f{number}: __typename }}", cache)

    assert read_document(SCHEMA, "{ f9: __typename }", cache) is document
    assert 6 * 400 < document.size_bytes < 4_000
    assert 2 <= len(cache) <= 10_000 // document.size_bytes
    assert read_document(SCHEMA, "{" + "__typename " * 40 + "}", cache).size_bytes > 10_000


def test_a_document_with_a_subscription_holds_on_to_none_of_its_text() -> None:
    text = "subscription { jobsUpdated { id } } #" + "x" * MAX_KEPT_CHARACTERS
    document = read_document(SCHEMA, text)

    assert document.errors == ()
    assert all(node.loc is None for node in documents._nodes_in(document.node))  # type: ignore[arg-type]
    assert document.size_bytes < 10_000


@pytest.mark.parametrize(
    "query",
    [
        "fragment F on Mutation { createBatch(input: {work: {leads: $x}, uploadIds: []}) { id } } mutation ($x: LeadsOptionsInput!) { ...F }",
        "mutation ($x: LeadsOptionsInput!) { ...F } fragment F on Mutation { createBatch(input: {work: {leads: $x}, uploadIds: []}) { id } }",
    ],
)
def test_a_one_of_input_may_be_a_variable_in_a_fragment(query: str) -> None:
    assert read_document(SCHEMA, query).errors == ()


@pytest.mark.parametrize(
    ("query", "name", "info"),
    [
        ("{ viewer { id } }", None, OperationInfo("query", "viewer")),
        ("query A { viewer { id } }", None, OperationInfo("query", "viewer", "A")),
        ("query A { viewer { id } } mutation B { logout }", "B", OperationInfo("mutation", "logout", "B")),
        ("query A { viewer { id } } mutation B { logout }", None, OperationInfo()),
        ("query A { viewer { id } }", "C", OperationInfo()),
        ("subscription { x: jobsUpdated { id } }", None, OperationInfo("subscription", "jobsUpdated")),
        ("{ viewer { id } viewer { username } }", None, OperationInfo("query", "viewer")),
        ("{ viewer { id } __typename }", None, OperationInfo("query", "introspection")),
        ("{ ...F } fragment F on Query { viewer { id } }", None, OperationInfo("query")),
        ("{ nope }", None, OperationInfo("query")),
        ("mutation { viewer }", None, OperationInfo("mutation")),
        ("{", None, OperationInfo()),
        ("", None, OperationInfo()),
        ("{ viewer { id } } #" + "x" * MAX_KEPT_CHARACTERS, None, OperationInfo("query", "viewer")),
        ("{" + "a " * 3_000 + "}", None, OperationInfo()),
    ],
)
def test_operation_info_is_a_few_words(query: str, name: str | None, info: OperationInfo) -> None:
    assert read_document(SCHEMA, query).operation_info(name) == info
