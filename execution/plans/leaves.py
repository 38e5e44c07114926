"""Leaves of an answer: values of scalars and enums, completed as graphql-core does."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from strawberry.execution import optimized_is_awaitable

PLAIN_CLASSES = frozenset({str, int, float, bool, dict, list, datetime})
"""Classes whose instances are neither awaitable nor exceptions."""
_IS_ITSELF: dict[GraphQLLeafType, str] = {
    GraphQLString: "{0}.__class__ is str",
    GraphQLID: "{0}.__class__ is str",
    GraphQLInt: "{0}.__class__ is int and -2147483648 <= {0} <= 2147483647",
    GraphQLFloat: "{0}.__class__ is float and {0} - {0} == 0",
    GraphQLBoolean: "{0}.__class__ is bool",
}
"""Conditions under which a value of a built-in scalar is its own completed value."""


def is_itself(type_: GraphQLLeafType) -> str | None:
    """The condition, in Python about `{0}`, under which a value of `type_` is its own completed value; None: never."""
    return "{0}.__class__ is int" if type_.coerce_output_value is int else _IS_ITSELF.get(type_)


class OddValueError(Exception):
    """A value that no plan completes: graphql-core does, and says what is wrong with it."""


def leaf_function(type_: GraphQLLeafType) -> Callable[[Any], Any]:
    """The function that completes a value of `type_` which is not null; it raises for every value that is odd."""
    coerce = type_.coerce_output_value

    def complete(value: Any) -> Any:
        if value.__class__ not in PLAIN_CLASSES and (isinstance(value, Exception) or optimized_is_awaitable(value)):
            raise OddValueError
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise OddValueError
        return coerced

    return complete


def names_by_id(type_: GraphQLEnumType) -> dict[int, str]:
    """The completed values of an enum by the identity of its members, of which there is one each for ever."""
    members = {value.value for value in type_.values.values() if isinstance(value.value, Enum)}
    members |= set(getattr(type_, "wrapped_cls", ()))
    return {id(member): type_.coerce_output_value(member) for member in members}
