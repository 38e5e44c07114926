"""Operation of a document, read once for all its executions."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLSchema,
    GraphQLString,
    OperationDefinitionNode,
    Undefined,
    get_nullable_type,
)
from graphql.execution.collect_fields import FragmentDetails
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from schema.values import Place, places_of_variables, problems_of_variables

MAX_ERRORS = 20
_IS_ITSELF: dict[Any, Callable[[Any], bool]] = {
    GraphQLString: lambda value: value.__class__ is str,
    GraphQLID: lambda value: value.__class__ is str,
    GraphQLInt: lambda value: value.__class__ is int and -(2**31) <= value < 2**31,
    GraphQLBoolean: lambda value: value.__class__ is bool,
}
"""Conditions under which a value of a variable is its own coerced value."""


class Operation:
    """One operation of a valid document, and what its executions have in common.

    Attributes:
        node: The operation itself.
        fragment_definitions: All fragments of its document, by name.
        fragments: The same, as an executor wants them.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, node: OperationDefinitionNode) -> None:
        self.node = node
        self.fragment_definitions = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self.fragments = {name: FragmentDetails(one, None) for name, one in self.fragment_definitions.items()}
        self._schema = schema
        self._document = document
        self._definitions = node.variable_definitions or ()
        signatures = [get_variable_signature(schema, definition) for definition in self._definitions]
        self._plain = [
            (signature, _IS_ITSELF.get(get_nullable_type(signature.type), _never))
            for signature in signatures
            if isinstance(signature, GraphQLVariableSignature)  # as all are of a valid document
        ]
        self._places: dict[str, list[Place]] | None = None

    def coerce(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """The values of its variables, or what is wrong with them.

        Args:
            given: What came with the request, by the names of the variables.
        """
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        for signature, is_itself in self._plain:
            name = signature.name
            value = given.get(name, Undefined)
            if not is_itself(value):
                return self._coerce_all(dict(given))
            sources[name], coerced[name] = VariableValueSource(signature, value), value
        return VariableValues(sources, coerced)

    def _coerce_all(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        if self._places is None:
            self._places = places_of_variables(self._schema, self._document, self.node)
        problems = problems_of_variables(self._schema, self.node, given, self._places)
        errors = [problem.error() for problem in islice(problems, MAX_ERRORS)]
        return errors or get_variable_values(self._schema, self._definitions, given, MAX_ERRORS)


def _never(_value: Any) -> bool:
    return False
