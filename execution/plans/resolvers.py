"""Resolvers of Strawberry, bound once to arguments for many calls.

Strawberry converts the arguments for each call; in a list of fifty objects that is most of what calling takes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from inspect import Parameter, signature
from typing import Any, cast

from graphql import GraphQLField, GraphQLResolveInfo, GraphQLSchema
from graphql.pyutils import Path
from strawberry import ID
from strawberry.schema import Schema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import StrawberryOptional
from strawberry.types.field import StrawberryField

from execution.batches import BATCH, BatchFunction
from execution.plans.arguments import UNCHANGEABLE

InfoOf = Callable[[Path | None], GraphQLResolveInfo[Any]]
"""What a resolver is told whose source is at a path."""
Call = Callable[[Any, Path | None], Any]
"""Takes a source and its path."""
_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF
_PLAIN = (str, int, float, bool, ID)
"""Types of arguments whose values Strawberry hands over as they were coerced."""


@dataclass(frozen=True, slots=True, eq=False)
class DirectResolver:
    """A resolver without extensions and handlers of errors, which may be called without Strawberry.

    Attributes:
        function: What is called.
        has_self: Whether it takes the source first, …
        sources: … and the parameters, if any, that take it by name.
        is_source_first: Whether the source may be handed over as its first argument, and as no other.
        info: The parameter that takes what a resolver is told.
        plain: The names of its arguments in Python by those in the schema, where no value of theirs needs converting.
    """

    schema: Schema
    field: StrawberryField
    function: Callable[..., Any]
    has_self: bool
    sources: tuple[str, ...]
    is_source_first: bool
    info: str | None
    plain: dict[str, str] | None

    def bind(self, arguments: dict[str, Any], info_of: InfoOf, path: Path | None) -> Call | None:
        """The resolver with `arguments` as they were coerced; None where each call needs its own copy of them.

        Args:
            arguments: By their names in the schema.
            info_of: Asked only where the resolver wants to be told.
            path: Of the first source.
        """
        make_info, function, field = self.schema.config.info_class, self.function, self.field
        sources, info_name, has_self = self.sources, self.info, self.has_self
        converted = _converted(self, arguments, lambda: make_info(info_of(path), field))
        if self.plain is None and not all(isinstance(value, UNCHANGEABLE) for value in converted.values()):
            return None

        if info_name is None and self.is_source_first:
            prepared = partial(function, **converted) if converted else function
            return lambda source, _: prepared(source)

        def call(source: Any, path: Path | None) -> Any:
            named: dict[str, Any] = dict.fromkeys(sources, source)
            if info_name is not None:
                named[info_name] = make_info(info_of(path), field)
            return function(source, **named, **converted) if has_self else function(**named, **converted)

        return call


@dataclass(frozen=True, slots=True, eq=False)
class BatchResolver:
    """A resolver that is called once for all objects of a list; `plain` as of a `DirectResolver`."""

    schema: Schema
    field: StrawberryField
    function: BatchFunction
    plain: dict[str, str] | None

    def bind(self, arguments: dict[str, Any], info: GraphQLResolveInfo[Any]) -> BatchFunction:
        """The resolver with `arguments` as they were coerced; it takes the objects."""
        named = self.schema.config.info_class(info, self.field)
        return partial(self.function, info=named, **_converted(self, arguments, lambda: named))


def direct_resolver(schema: GraphQLSchema, field: GraphQLField) -> DirectResolver | BatchResolver | None:
    """The resolver of `field`, where it may be called directly."""
    owner, definition = schema.extensions.get(_BACKREF), field.extensions.get(_BACKREF)
    if not isinstance(owner, Schema) or type(definition) is not StrawberryField or definition.extensions:
        return None
    if definition.base_resolver is None or owner.schema_converter._get_field_exception_handlers(definition):  # noqa: SLF001
        return None
    if BATCH in definition.metadata:
        return BatchResolver(owner, definition, definition.metadata[BATCH], _plain_names(owner, definition))
    resolver = definition.base_resolver
    function = cast("Callable[..., Any]", resolver.wrapped_func)
    has_self = resolver.self_parameter is not None
    sources = tuple(one.name for one in (resolver.parent_parameter, resolver.root_parameter) if one)
    return DirectResolver(
        owner,
        definition,
        function,
        has_self,
        sources,
        (has_self and not sources) or _takes_first(function, sources),
        resolver.info_parameter.name if resolver.info_parameter else None,
        _plain_names(owner, definition),
    )


def _converted(
    resolver: DirectResolver | BatchResolver, arguments: dict[str, Any], make_info: Callable[[], Any]
) -> dict[str, Any]:
    """`arguments` as Strawberry hands them over, by their names in Python."""
    if resolver.plain is not None:
        return {resolver.plain[name]: value for name, value in arguments.items()}
    schema = resolver.schema
    return convert_arguments(
        arguments,
        resolver.field.arguments,
        scalar_registry=schema.schema_converter.scalar_registry,
        config=schema.config,
        info=make_info(),
    )


def _takes_first(function: Callable[..., Any], names: tuple[str, ...]) -> bool:
    first = next(iter(signature(function).parameters.values()), None)
    return first is not None and first.kind is Parameter.POSITIONAL_OR_KEYWORD and names == (first.name,)


def _plain_names(schema: Schema, field: StrawberryField) -> dict[str, str] | None:
    types = [one.type.of_type if type(one.type) is StrawberryOptional else one.type for one in field.arguments]
    if not all(type_ in _PLAIN for type_ in types):
        return None
    return {schema.config.name_converter.from_argument(one): one.python_name for one in field.arguments}
