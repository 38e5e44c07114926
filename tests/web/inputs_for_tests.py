"""Every input position of the schema, with an operation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

ID = "task-1754556928-12a41dbec0f3"
_VALUES = {"Int": "1", "Float": "1", "Boolean": "true", "ID": f'"{ID}"', "BigInt": "1", "JSON": "{}", "String": '"a"'}
_VALUES |= {"DateTime": '"2026-11-21T10:00:00Z"', "FileUpload": "null"}


@dataclass(frozen=True)
class Input:
    """An argument of `parent.name`, or a field of an input object in it: `path` are the names that lead there."""

    parent: GraphQLObjectType | GraphQLInterfaceType
    name: str
    path: tuple[str, ...]
    type: GraphQLInputType

    def __str__(self) -> str:
        return f"{self.parent.name}.{self.name}({'.'.join(self.path)})"

    @property
    def field(self) -> str:
        return ".".join(self.path)

    @property
    def enum(self) -> GraphQLEnumType | None:
        named = get_named_type(self.type)
        return named if isinstance(named, GraphQLEnumType) else None

    def operation(self, literal: str) -> str:
        """An operation with `literal` there."""
        field: GraphQLField = self.parent.fields[self.name]
        arguments = []
        for name, argument in field.args.items():
            if name == self.path[0]:
                arguments.append(f"{name}: {_literal_at(argument.type, self.path[1:], literal)}")
            elif is_required_argument(argument):
                arguments.append(f"{name}: {_any_literal(argument.type)}")
        selection = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
        asked = f"{self.name}({', '.join(arguments)}){selection}"
        if self.parent.name in {"Query", "Mutation", "Subscription"}:
            return f"{self.parent.name.lower()} {{ {asked} }}"
        return f'{{ node(id: "{ID}") {{ ... on {self.parent.name} {{ {asked} }} }} }}'

    def operation_with_variable(self) -> str:
        """An operation that takes what is there from the variable `v`."""
        kind, brace, rest = self.operation("$v").partition("{")
        return f"{kind.strip() or 'query'} ($v: {get_nullable_type(self.type)}!) {brace}{rest}"


def inputs_of(schema: GraphQLSchema) -> Iterator[Input]:
    """All of them."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                for argument_name, argument in field.args.items():
                    yield from _inputs_in(type_, name, (argument_name,), argument.type)


def _inputs_in(parent: GraphQLObjectType, name: str, path: tuple[str, ...], type_: GraphQLInputType) -> Iterator[Input]:
    yield Input(parent, name, path, type_)
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        for field_name, field in named.fields.items():
            yield from _inputs_in(parent, name, (*path, field_name), field.type)


def _literal_at(type_: GraphQLInputType, path: tuple[str, ...], literal: str) -> str:
    if not path:
        return literal
    named = get_named_type(type_)
    assert isinstance(named, GraphQLInputObjectType)
    members = [f"{path[0]}: {_literal_at(named.fields[path[0]].type, path[1:], literal)}"]
    for name, field in named.fields.items():
        if name != path[0] and is_required_input_field(field):
            members.append(f"{name}: {_any_literal(field.type)}")
    return f"{{{', '.join(members)}}}"


def _any_literal(type_: Any) -> str:
    match type_:
        case GraphQLNonNull():
            return _any_literal(type_.of_type)
        case GraphQLList():
            return "[]"
        case GraphQLEnumType():
            return str(next(iter(type_.values)))
        case GraphQLInputObjectType() if type_.is_one_of:
            name, field = next(iter(type_.fields.items()))
            return f"{{{name}: {_any_literal(field.type)}}}"
        case GraphQLInputObjectType():
            needed = [(name, field) for name, field in type_.fields.items() if is_required_input_field(field)]
            return f"{{{', '.join(f'{name}: {_any_literal(field.type)}' for name, field in needed)}}}"
    return _VALUES[str(type_.name)]
