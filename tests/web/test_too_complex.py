"""Documents that ask too much, and those of front ends."""

import contextlib
import sys
from collections.abc import Callable

import pytest
from graphql import GraphQLSyntaxError, get_introspection_query, parse

from schema.build import build_schema
from schema.documents import MAX_TOKENS, document_cache, read_document
from tests.web_app import App

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
    "a selection that is repeated": "{" + ("jobs { nodes { " + "id status title " * 4 + "} } ") * 40 + "}",
    "fragments side by side": "{ serverInfo { " + " ".join(f"...F{number}" for number in range(300)) + " } } "
    + " ".join(f"fragment F{number} on ServerInfo {{ version }}" for number in range(300)),
    "fragments with the same fields": "{ serverInfo { " + " ".join(f"...F{number}" for number in range(150)) + " } } "
    + " ".join(f"fragment F{number} on ServerInfo {{ processors {{ kind }} }}" for number in range(150)),
    "fragments that spread all after them": "{ ...F0 } "
    + " ".join(
        f"fragment F{number} on Query {{ __typename {' '.join(f'...F{other}' for other in range(number + 1, 50))} }}"
        for number in range(50)
    ),
    "operations that share a large fragment": " ".join(f"query Q{number} {{ ...F }}" for number in range(200))
    + " fragment F on Query { serverInfo { " + "version " * 49 + "} " + "a: serverInfo { version } " * 49 + "}",
    "a fragment for each size of page": "{" + " ".join(f"jobs(first: {size}) {{ nodes {{ ...F }} }}" for size in range(1, 50))
    + "} fragment F on Job { " + " ".join(f"events {{ at a{number}: status }}" for number in range(49)) + " }",
    "fragments that nobody spreads": "{ __typename } "
    + " ".join(f"fragment F{number} on Query {{ ...F{number + 1} ...G{number} }} fragment G{number} on Query {{ ...F{number + 1} }}" for number in range(90)),
    "a chain of fragments": "{ ...F0 } "
    + " ".join(f"fragment F{number} on Query {{ ...F{number + 1} __typename }}" for number in range(140))
    + "fragment F140 on Query { __typename }",
    "fragments in a circle": "{ ...F0 } "
    + " ".join(f"fragment F{number} on Query {{ ...F{(number + 1) % 100} a: __typename }}" for number in range(100)),
    "a list for each row": "{ batches(first: 100) { nodes { items(first: 10, search: " + "[" + "1 " * 1_100 + "]) { totalCount } } } }",
}  # fmt: skip
SCHEMA = build_schema()._schema


def steps(work: Callable[[], object]) -> int:
    """How many functions `work` calls, those in C included."""
    count = 0

    def see(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event.endswith("call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def steps_of_parsing(text: str) -> int:
    def work() -> None:
        with contextlib.suppress(GraphQLSyntaxError):
            parse(text, max_tokens=MAX_TOKENS)

    return steps(work)


@pytest.mark.parametrize("name", TOO_COMPLEX)
async def test_a_query_that_asks_too_much_is_refused_for_no_more_than_it_costs_to_parse(app: App, name: str) -> None:
    text = TOO_COMPLEX[name]
    answer = await app.ask(text)

    assert answer.code == "QUERY_TOO_COMPLEX"
    read_document(SCHEMA, text)  # what is computed once for each type of a schema is there from now on
    assert steps(lambda: read_document(SCHEMA, text)) <= 2 * steps_of_parsing(text) + 500


COSTLY_TO_TELL = {
    "fields that an input does not have": "mutation { createBatch(input: {" + "a: 1 " * 950 + "}) { id } }",
    "long names": "{" + " ".join("x" * 300 + str(number) for number in range(2_900)) + "}",
    "variables that nobody uses": "query ("
    + " ".join(f"$v{number}: Int" for number in range(700))
    + ") { __typename }",
    "directives that nobody knows": "{ __typename " + " ".join(f"@d{number}" for number in range(1_400)) + "}",
    "a deep list": "mutation { createBatch(input: {uploadIds: " + "[" * 150 + "]" * 150 + "}) { id } }",
    "deep objects": "mutation { createBatch(input: {work: " + "{a: " * 100 + "1" + "}" * 100 + "}) { id } }",
    "many objects": "mutation { createBatch(input: {uploadIds: [" + "{} " * 1_400 + "]}) { id } }",
    "fragments in a small circle": "{ ...F0 } "
    + " ".join(f"fragment F{number} on Query {{ ...F{(number + 1) % 40} a: __typename }}" for number in range(40)),
}


@pytest.mark.parametrize("name", COSTLY_TO_TELL)
async def test_what_is_wrong_is_told_in_a_time_that_grows_with_the_text_alone(app: App, name: str) -> None:
    text = COSTLY_TO_TELL[name]
    answer = await app.ask(text)

    assert set(answer.codes) <= {"BAD_INPUT", "GRAPHQL_VALIDATION_FAILED", "QUERY_TOO_COMPLEX"}
    assert steps(lambda: read_document(SCHEMA, text, document_cache(0))) <= 12 * steps_of_parsing(text)


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
