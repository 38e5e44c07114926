"""Arguments of a field, as graphql-core coerces them; what the document says of them is coerced once."""

from datetime import datetime
from enum import Enum
from types import NoneType
from typing import Any, Protocol

from graphql import GraphQLField, ValueNode, VariableNode
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.values import VariableValues, get_argument_values

UNCHANGEABLE = (str, int, float, NoneType, Enum, datetime)
"""Arguments of these classes may be the same object in several calls."""


class HasVariables(Protocol):
    """What an executor has."""

    variable_values: VariableValues
    hide_suggestions: bool


class Arguments:
    """The arguments of one field of a document."""

    def __init__(self, definition: GraphQLField, details: FieldDetailsList) -> None:
        self._definition = definition
        self._node, _, self._fragment_variables = details[0]
        given = {argument.name.value: argument.value for argument in self._node.arguments or ()}
        names = {name: getattr(one, "out_name", None) or name for name, one in definition.args.items()}
        self._variables = {
            names[name]: value.name.value for name, value in given.items() if isinstance(value, VariableNode)
        }
        self._may_be_kept = self._fragment_variables is None and not any(map(_has_variables_inside, given.values()))
        self._kept: dict[str, Any] | None = None

    def read(self, executor: HasVariables) -> dict[str, Any]:
        """Their coerced values by their names in the schema.

        Raises:
            GraphQLError: One has none that it may have.
        """
        if not self._definition.args:
            return {}
        if self._kept is not None:
            found = self._found(self._kept, executor.variable_values.coerced)
            if found is not None:
                return found
        values = get_argument_values(
            self._definition, self._node, executor.variable_values, self._fragment_variables, executor.hide_suggestions
        )
        if self._may_be_kept and self._kept is None:
            written = {name: value for name, value in values.items() if name not in self._variables}
            self._may_be_kept = all(isinstance(value, UNCHANGEABLE) for value in written.values())
            self._kept = written if self._may_be_kept else None
        return values

    def _found(self, written: dict[str, Any], coerced: dict[str, Any]) -> dict[str, Any] | None:
        """All of them, where each variable has a value; without one or with null, graphql-core decides."""
        values = dict(written)
        for name, variable in self._variables.items():
            value = coerced.get(variable)
            if value is None:
                return None
            values[name] = value
        return values


def _has_variables_inside(value: ValueNode) -> bool:
    """Whether a list or an object has one somewhere."""
    parts = [*(getattr(value, "values", None) or ()), *(field.value for field in getattr(value, "fields", None) or ())]
    return any(isinstance(part, VariableNode) or _has_variables_inside(part) for part in parts)
