"""Arguments that are kept, beside those that graphql-core coerces each time."""

from dataclasses import dataclass
from typing import Any

import pytest
from graphql import FieldNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, build_schema, parse
from graphql.execution.collect_fields import FieldDetails
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values

from execution.plans import arguments
from execution.plans.arguments import Arguments

SCHEMA = build_schema(
    """
    enum Colour { RED GREEN }
    input Point { x: Int! y: Int = 7 }
    type Query {
      field(id: ID, first: Int = 20, must: Int! = 3, colour: Colour, names: [String!], point: Point): String
      bare: String
    }
    """
)


@dataclass
class Executor:
    variable_values: VariableValues
    hide_suggestions: bool = False


def prepared(text: str, *values: dict[str, Any]) -> tuple[FieldNode, list[Executor]]:
    (operation,) = parse(text).definitions
    assert isinstance(operation, OperationDefinitionNode)
    (node,) = operation.selection_set.selections
    assert isinstance(node, FieldNode)
    return node, [Executor(coerced(SCHEMA, operation, given)) for given in values]


def coerced(schema: GraphQLSchema, operation: OperationDefinitionNode, given: dict[str, Any]) -> VariableValues:
    values = get_variable_values(schema, operation.variable_definitions or (), given)
    assert isinstance(values, VariableValues)
    return values


def arguments_of(node: FieldNode) -> Arguments:
    assert SCHEMA.query_type is not None
    return Arguments(SCHEMA.query_type.fields[node.name.value], [FieldDetails(node, None, None)])


def outcome(read: Any, *given: Any) -> Any:
    try:
        return read(*given)
    except GraphQLError as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{ bare }", [{}]),
        ("{ field }", [{}]),
        ("{ field(first: 5, id: 7, colour: GREEN) }", [{}]),
        ("{ field(first: null, names: null) }", [{}]),
        ('{ field(names: ["a"], point: {x: 1}) }', [{}]),
        ("query ($id: ID) { field(id: $id, first: 2) }", [{"id": "a"}, {"id": None}, {}, {"id": "b"}]),
        ('query ($id: ID = "x") { field(id: $id) }', [{}, {"id": "a"}, {"id": None}]),
        ("query ($must: Int) { field(must: $must) }", [{"must": 1}, {}, {"must": None}, {"must": 0}]),
        ("query ($x: Int!) { field(point: {x: $x}) }", [{"x": 1}, {"x": 2}]),
        ("query ($name: String!) { field(names: [$name]) }", [{"name": "a"}, {"name": "b"}]),
        (
            "query ($p: Point, $first: Int) { field(point: $p, first: $first) }",
            [{"p": {"x": 1}, "first": 1}, {"first": 2}],
        ),
        ("query ($colour: Colour) { field(colour: $colour) }", [{"colour": "RED"}, {"colour": "GREEN"}]),
    ],
)
def test_they_are_those_of_graphql_core(text: str, values: list[dict[str, Any]]) -> None:
    node, executors = prepared(text, *values)
    one = arguments_of(node)
    assert SCHEMA.query_type is not None
    definition = SCHEMA.query_type.fields[node.name.value]
    for executor in [*executors, *reversed(executors), *executors]:
        expected = outcome(get_argument_values, definition, node, executor.variable_values)
        assert outcome(one.read, executor) == expected


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("{ field(first: 5) }", 1),
        ("query ($id: ID) { field(id: $id, first: 2) }", 1),
        ('{ field(names: ["a"]) }', 3),
        ("query ($x: Int!) { field(point: {x: $x}) }", 3),
    ],
)
def test_what_cannot_be_changed_is_coerced_once(text: str, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def counted(*given: Any) -> dict[str, Any]:
        asked.append(given)
        return get_argument_values(*given)

    monkeypatch.setattr(arguments, "get_argument_values", counted)
    node, (executor,) = prepared(text, {"id": "a", "x": 1})
    one = arguments_of(node)
    for _ in range(3):
        one.read(executor)["first"] = "changed by its resolver"
    assert len(asked) == times
    assert one.read(executor)["first"] != "changed by its resolver"


def test_a_list_is_another_one_in_each_call() -> None:
    node, (executor,) = prepared('{ field(names: ["a"]) }', {})
    one = arguments_of(node)
    one.read(executor)["names"].append("b")
    assert one.read(executor)["names"] == ["a"]
