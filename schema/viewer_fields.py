"""Fields whose value depends on who asks.

Subscriptions that select one are shared by viewers of one role alone.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter

DEPENDS_ON_VIEWER: dict[Any, Any] = {"depends_on_viewer": True}
"""Metadata of such a field: what it tells an admin is not what it tells the owner."""


@cache
def viewer_fields(schema: GraphQLSchema) -> frozenset[str]:
    """The names of these fields."""
    return frozenset(_marked(schema))


def _marked(schema: GraphQLSchema) -> Iterator[str]:
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for name, field in type_.fields.items():
                definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if definition is not None and definition.metadata.get("depends_on_viewer"):
                    yield name
