"""Introspection, measured by the lists that the schema really has.

It is answered in one go, while nobody else is served: so it has a bound of its own, and what it may ask is known beforehand.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLWrappingType,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    is_abstract_type,
)

_META_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the schema a selection stands.

    Attributes:
        is_whole: Whether it is asked for all types, or all directives, each once; otherwise for any one of them.
        wrappers: How many times `ofType` may lead further, at most.
    """

    is_whole: bool = False
    wrappers: int = 0


ANYWHERE = Place()


class Lists:
    """How long the lists are by which a schema describes itself."""

    def __init__(self, schema: GraphQLSchema) -> None:
        types = list(schema.type_map.values())
        composite = [type_ for type_ in types if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType)]
        fields = [field for type_ in composite for field in type_.fields.values()]
        lengths = {
            ("__Schema", "types"): [len(types)],
            ("__Schema", "directives"): [len(schema.directives)],
            ("__Directive", "args"): [len(directive.args) for directive in schema.directives],
            ("__Directive", "locations"): [len(directive.locations) for directive in schema.directives],
            ("__Field", "args"): [len(field.args) for field in fields],
            ("__Type", "fields"): [len(type_.fields) if type_ in composite else 0 for type_ in types],
            ("__Type", "interfaces"): [len(type_.interfaces) if type_ in composite else 0 for type_ in types],
            ("__Type", "possibleTypes"): [
                len(schema.get_possible_types(type_)) if is_abstract_type(type_) else 0 for type_ in types
            ],
            ("__Type", "enumValues"): [
                len(type_.values) if isinstance(type_, GraphQLEnumType) else 0 for type_ in types
            ],
            ("__Type", "inputFields"): [
                len(type_.fields) if isinstance(type_, GraphQLInputObjectType) else 0 for type_ in types
            ],
        }
        self._mean = {key: fmean(found) for key, found in lengths.items()}
        self._most = {key: max(found) for key, found in lengths.items()}
        inputs = [type_ for type_ in types if isinstance(type_, GraphQLInputObjectType)]
        values = [argument for one in (*fields, *schema.directives) for argument in one.args.values()]
        values += [value for type_ in inputs for value in type_.fields.values()]
        self._wrappers = max(_wrappers_of(one.type) for one in (*fields, *values))

    def rows(self, parent: str, field: str, place: Place) -> float:
        """What is below a field is there so many times for each time that the field is: at most, or in the whole on average."""
        if (parent, field) in self._most:
            return self._mean[parent, field] if place.is_whole else self._most[parent, field]
        return 0 if field == "ofType" and place.wrappers == 0 else 1

    def below(self, place: Place, field: str) -> Place:
        """Where the selection of `field` stands."""
        match field:
            case "__schema":
                return Place(is_whole=True)
            case "types" | "directives" | "fields" | "args" | "inputFields" | "enumValues":
                return Place(place.is_whole)
            case "type":
                return Place(wrappers=self._wrappers)
            case "ofType":
                return Place(wrappers=max(0, place.wrappers - 1))
            case _:
                return ANYWHERE


@lru_cache(maxsize=4)
def lists_of(schema: GraphQLSchema) -> Lists:
    """Those of `schema`, counted once."""
    return Lists(schema)


def meta_field(schema: GraphQLSchema, parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    """The field at the root of queries by which the schema is asked about itself."""
    return _META_FIELDS.get(name) if parent is not None and parent is schema.query_type else None


def _wrappers_of(type_: object) -> int:
    return 1 + _wrappers_of(type_.of_type) if isinstance(type_, GraphQLWrappingType) else 0
