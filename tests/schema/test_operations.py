from typing import Any

import pytest
from graphql import build_schema
from graphql.execution.values import VariableValues, get_variable_values

from schema.documents import read_document
from schema.operations import Operation

SCHEMA = build_schema("""
    input Choice { word: String! }
    type Query { asked(text: String, id: ID, number: Int, flag: Boolean, choice: Choice, ids: [ID!]): Int }
""")
VALUES = [None, "", "word", "12", 0, 12, -(2**31), 2**31 - 1, 2**31, 1.0, 1.5, True, [], ["a"], {"word": "a"}, {}]


def operation_with(type_: str, argument: str) -> Operation:
    document = read_document(SCHEMA, f"query ($given: {type_}) {{ asked({argument}: $given) }}")
    operation = document.operation(None)
    assert not document.errors
    assert operation is not None
    return operation


@pytest.mark.parametrize("suffix", ["", "!"])
@pytest.mark.parametrize(
    ("type_", "argument"),
    [
        ("String", "text"), ("ID", "id"), ("Int", "number"), ("Boolean", "flag"), ("Choice", "choice"), ("[ID!]", "ids"),
    ],
)  # fmt: skip
def test_variables_have_the_values_that_graphql_core_gives_them(type_: str, argument: str, suffix: str) -> None:
    operation = operation_with(type_ + suffix, argument)
    for given in [{"given": value} for value in VALUES] + [{}, {"given": "word", "other": 1}]:
        expected = get_variable_values(SCHEMA, operation.node.variable_definitions or (), given)
        found = operation.coerce(given)
        assert isinstance(found, list) == isinstance(expected, list), given
        assert isinstance(found, list) or repr(found) == repr(expected)


def test_a_default_stands_for_what_is_not_given() -> None:
    document = read_document(SCHEMA, 'query ($given: String = "word") { asked(text: $given) }')
    operation = document.operation(None)
    assert operation is not None
    assert coerced(operation, {}) == {"given": "word"}
    assert coerced(operation, {"given": None}) == {"given": None}


def coerced(operation: Operation, given: dict[str, Any]) -> dict[str, Any]:
    values = operation.coerce(given)
    assert isinstance(values, VariableValues)
    return values.coerced
