"""A refusal becomes a GraphQL error in one place."""

import ast
from pathlib import Path

from graphql import GraphQLError

from base.errors import ErrorCode, Refusal
from schema.errors import graphql_error

ROOT = Path(__file__).parents[2]
REFUSAL = Refusal(ErrorCode.LOCKED, "Wait.", "input.a", 0.5)


def callers_of(name: str) -> set[str]:
    """The files of the project, tests left out, that call `name`, with or without a module before it."""
    found = set()
    for path in ROOT.glob("*/**/*.py"):
        file = path.relative_to(ROOT)
        if file.parts[0] in {".venv", "tests", "findings"}:
            continue
        calls = (node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
        if any(getattr(call, "id", getattr(call, "attr", None)) == name for call in calls):
            found.add(str(file))
    return found


def test_the_words_of_a_refusal_are_put_into_an_error_once_for_graphql_and_once_for_http() -> None:
    assert callers_of("error_extensions") == {"schema/errors.py", "web/errors.py"}


def test_a_refusal_gives_an_error_its_sentence_and_its_code() -> None:
    error = graphql_error(REFUSAL)

    assert error.message == "Wait."
    assert error.extensions is not None
    assert {name: error.extensions[name] for name in ("code", "field", "retryAfter")} == {
        "code": "LOCKED", "field": "input.a", "retryAfter": 0.5,
    }  # fmt: skip


def test_an_error_that_is_there_keeps_its_place() -> None:
    there = GraphQLError("secret", path=["jobs", 0])
    error = graphql_error(REFUSAL, there)

    assert error is there
    assert (error.message, error.path) == ("Wait.", ["jobs", 0])
