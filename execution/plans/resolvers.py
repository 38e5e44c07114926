"""Resolvers of Strawberry, bound once to arguments for many calls.

Strawberry converts the arguments for each call; in a list of fifty objects that is most of what calling takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from types import NoneType
from typing import Any, cast

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from graphql.pyutils import Path
from strawberry.schema import Schema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.field import StrawberryField
from strawberry.types.fields.resolver import StrawberryResolver

from execution.batches import BATCH, BatchFunction

InfoOf = Callable[[Path], GraphQLResolveInfo[Any]]
"""What a resolver is told at a path."""
Call = Callable[[Any, Path], Any]
"""Takes a source and its path."""
_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
_UNCHANGEABLE = (str, int, float, NoneType, Enum, datetime)
"""Arguments of these classes may be the same object in several calls."""


@dataclass(frozen=True, slots=True, eq=False)
class DirectResolver:
    """A resolver without extensions and handlers of errors, which may be called without Strawberry."""

    schema: Schema
    field: StrawberryField
    function: StrawberryResolver[Any]

    def bind(self, arguments: dict[str, Any], info_of: InfoOf, path: Path) -> Call | None:
        """The resolver with `arguments` as they were coerced; None where each call needs its own copy of them.

        Args:
            arguments: By their names in the schema.
            info_of: Asked only where the resolver wants to be told.
            path: Of the first call.
        """
        config, scalars = self.schema.config, self.schema.schema_converter.scalar_registry
        make_info, function, field = config.info_class, self.function, self.field
        resolve = cast("Callable[..., Any]", function.wrapped_func)
        converted = convert_arguments(
            arguments, field.arguments, scalar_registry=scalars, config=config, info=make_info(info_of(path), field)
        )
        if not all(isinstance(value, _UNCHANGEABLE) for value in converted.values()):
            return None
        sources = [one.name for one in (function.parent_parameter, function.root_parameter) if one]
        info_name = function.info_parameter.name if function.info_parameter else None
        has_self = function.self_parameter is not None

        def call(source: Any, path: Path) -> Any:
            named: dict[str, Any] = dict.fromkeys(sources, source)
            if info_name is not None:
                named[info_name] = make_info(info_of(path), field)
            return resolve(source, **named, **converted) if has_self else resolve(**named, **converted)

        return call


@dataclass(frozen=True, slots=True, eq=False)
class BatchResolver:
    """A resolver that is called once for all objects of a list."""

    schema: Schema
    field: StrawberryField
    function: BatchFunction

    def bind(self, arguments: dict[str, Any], info: GraphQLResolveInfo[Any]) -> BatchFunction:
        """The resolver with `arguments` as they were coerced; it takes the objects."""
        converter, named = self.schema.schema_converter, self.schema.config.info_class(info, self.field)
        converted = convert_arguments(
            arguments,
            self.field.arguments,
            scalar_registry=converter.scalar_registry,
            config=self.schema.config,
            info=named,
        )
        return partial(self.function, info=named, **converted)


def direct_resolver(schema: GraphQLSchema, field: GraphQLField) -> DirectResolver | BatchResolver | None:
    """The resolver of `field`, where it may be called directly."""
    owner, definition = schema.extensions.get(_BACKREF), field.extensions.get(_BACKREF)
    if not isinstance(owner, Schema) or type(definition) is not StrawberryField or definition.extensions:
        return None
    if definition.base_resolver is None or owner.schema_converter._get_field_exception_handlers(definition):  # noqa: SLF001
        return None
    if BATCH in definition.metadata:
        return BatchResolver(owner, definition, definition.metadata[BATCH])
    return DirectResolver(owner, definition, definition.base_resolver)
