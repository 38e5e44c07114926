"""Types of Strawberry, and the classes whose instances they have."""

from graphql import GraphQLAbstractType, GraphQLField, GraphQLObjectType, GraphQLSchema
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField
from strawberry.types.union import StrawberryUnion

_BACKREF = GraphQLCoreConverter.DEFINITION_BACKREF


def classes_of(type_: GraphQLObjectType) -> list[type]:
    """The classes whose direct instances are values of `type_`; none where it decides that by a function of its own."""
    definition = type_.extensions.get(_BACKREF)
    if not isinstance(definition, StrawberryObjectDefinition) or definition.is_type_of is not None:
        return []
    return [definition.origin, *([definition.concrete_of.origin] if definition.concrete_of else ())]


def types_by_class(schema: GraphQLSchema, type_: GraphQLAbstractType) -> dict[type, GraphQLObjectType]:
    """The possible types of `type_` by the classes of their values; none where they cannot be told apart so."""
    base = _base_of(type_)
    if base is None:
        return {}
    found: dict[type, GraphQLObjectType] = {}
    for possible in schema.get_possible_types(type_):
        classes = classes_of(possible)
        if len(classes) != 1 or classes[0] in found or not issubclass(classes[0], base):
            return {}
        found[classes[0]] = possible
    return found


def _base_of(type_: GraphQLAbstractType) -> type | None:
    """The class that all values of `type_` have in common; None where it decides by a function of its own."""
    definition = type_.extensions.get(_BACKREF)
    if isinstance(definition, StrawberryUnion):
        return object
    if isinstance(definition, StrawberryObjectDefinition) and definition.resolve_type is None:
        return definition.origin
    return None


def attribute_of(field: GraphQLField) -> str | None:
    """The attribute of the source that a field without resolver, extension and arguments answers."""
    definition = field.extensions.get(_BACKREF)
    if not isinstance(definition, StrawberryField) or not definition.is_basic_field or field.args:
        return None
    is_plain = definition.default_resolver is getattr and getattr(field.resolve, "_is_default", False)
    return definition.python_name if is_plain else None
