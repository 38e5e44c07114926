"""Complexity of documents."""

import pytest
from graphql import OperationDefinitionNode, parse

from base.errors import Refusal
from schema import complexity
from schema.build import build_schema
from schema.complexity import MAX_COST, check_complexity

SCHEMA = build_schema()._schema


def size_of(query: str) -> tuple[int, int, int]:
    document = parse(query)
    (operation,) = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    measured = complexity.ComplexityAnalyser(SCHEMA, document).operation(operation)
    return measured.depth, measured.aliases, measured.cost_in(10)


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
        ('mutation { cancelJobs(filter: {search: "x"}) { id status } }', 2, 0, 1 + 1 + 1_000 * 2),
        ('mutation { startDownloads(input: {urls: ["a"]}) { url error { code } } }', 3, 0, 1 + 2 + 1_000 * 3),
        ('{ planDownload(url: "a") { name size } }', 2, 0, 1 + 1_000 * 2),
        ('{ jobs(filter: {kinds: ["a", "b"], search: "x"}) { totalCount } }', 2, 0, 2 + 4),
    ],
)
def test_a_query_is_measured(query: str, depth: int, aliases: int, cost: int) -> None:
    assert size_of(query) == (depth, aliases, cost)


def test_a_fragment_that_nobody_spreads_is_measured_too() -> None:
    document = parse("{ __typename } fragment F on Batch {" + "uploads { nodes { jobs {" * 8 + "id" + "} } }" * 8 + "}")
    with pytest.raises(Refusal, match="more than 20 levels"):
        check_complexity(SCHEMA, document)


def test_cost_is_bounded_by_a_round_number() -> None:
    assert MAX_COST == 100_000


def test_every_field_that_takes_a_password_counts_as_one() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    taking = {name for name, field in mutation.fields.items() if {"password", "current"} & set(field.args)}
    named = {name for name, field in mutation.fields.items() if any("assw" in f"{name} {arg}" for arg in field.args)}
    assert taking == named == {"login", "changePassword", "createUser", "updateUser"}


@pytest.mark.parametrize(
    "query", ["mutation { ...F ...F } fragment F on Mutation { %s }", "mutation { ... on Mutation { %s } ... { %s } }"]
)
def test_passwords_in_fragments_count_where_they_are_spread(query: str) -> None:
    fields = " ".join(f'l{number}: login(username: "eve", password: "p") {{ expiresAt }}' for number in range(3))
    with pytest.raises(Refusal, match="more than 5 passwords"):
        check_complexity(SCHEMA, parse(query.replace("%s", fields)))
