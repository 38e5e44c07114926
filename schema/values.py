"""Values of arguments and variables, checked against their types.

graphql-core says the same in two ways, as literal and as variable, and in words of Python; here it is one, with the field.

Source: GraphQL, September 2025, sections 3.4 to 3.12 (input coercion) and 6.1.2 (coercing variable values).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    Undefined,
    ValidationRule,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_type,
    type_from_ast,
    visit,
)
from graphql.type import is_required_argument, is_required_input_field
from graphql.utilities import replace_variables

from base.errors import ErrorCode, Refusal
from schema.errors import graphql_error

_SHOWN = 50
"""Characters of a wrong word that are repeated."""
_MISSING = "This is missing: give a value."
_SENTENCES = {
    "Int": "An Int is a whole number from -2,147,483,648 to 2,147,483,647.",
    "Float": "A Float is a number.",
    "String": "A String is text in quotes.",
    "Boolean": "A Boolean is true or false, without quotes.",
    "ID": "An ID is text in quotes, such as batch-1754556928-12a41dbec0f3.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value: where (`filter.statuses`, without places in lists), why, and where in the document."""

    field: str
    sentence: str
    node: Node | None = None

    def error(self) -> GraphQLError:
        """The problem as clients are told of it."""
        message = f"{self.field}: {self.sentence}"
        return graphql_error(Refusal(ErrorCode.BAD_INPUT, message, self.field), GraphQLError(message, self.node))


class Literals(ValidationRule):
    """Values that stand in the document fit their arguments, and defaults their variables; what must be given is."""

    def leave_field(self, node: FieldNode, *_: Any) -> None:
        """Fields that the schema does not have are told by another rule."""
        if (field := self.context.get_field_def()) is not None:
            self._report(_missing_arguments(field.args, node))

    def leave_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Directives that there are not are told by another rule."""
        if (directive := self.context.get_directive()) is not None:
            self._report(_missing_arguments(directive.args, node))

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        """What is no argument of its field is told by another rule."""
        wanted = self.context.get_argument()
        if wanted is not None:
            self._report(problems_of(node.value, wanted.type, node.name.value))

    def enter_variable_definition(self, node: VariableDefinitionNode, *_: Any) -> None:
        """A type that is unknown, or that is none for input, is told by other rules."""
        type_ = type_from_ast(self.context.schema, node.type)
        if node.default_value is not None and is_input_type(type_):
            self._report(problems_of(node.default_value, type_, node.variable.name.value))

    def _report(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.report_error(problem.error())


def _missing_arguments(wanted: Mapping[str, GraphQLArgument], node: FieldNode | DirectiveNode) -> Iterator[Problem]:
    given = {argument.name.value for argument in node.arguments or ()}
    for name, argument in wanted.items():
        if is_required_argument(argument) and name not in given:
            yield Problem(name, _MISSING, node)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an operation uses a variable, whether null may come there, and whether something must."""

    field: str
    is_never_null: bool
    is_needed: bool


def problems_of(given: Any, type_: GraphQLInputType, field: str) -> Iterator[Problem]:
    """What is wrong with `given`, a value of JSON or a literal; variables in a literal are another matter."""
    if isinstance(given, VariableNode):
        return
    node = given if isinstance(given, ValueNode) else None
    if given is None or isinstance(given, NullValueNode):
        if isinstance(type_, GraphQLNonNull):
            yield Problem(field, "Null is not taken here: give a value.", node)
        return
    match get_nullable_type(type_):
        case GraphQLList(of_type=item_type):
            for item in _items(given):
                yield from problems_of(item, item_type, field)
        case GraphQLInputObjectType() as object_type:
            yield from _problems_of_object(given, object_type, field)
        case GraphQLEnumType() | GraphQLScalarType() as leaf:
            if (
                sentence := _wrong_word(given, leaf)
                if isinstance(leaf, GraphQLEnumType)
                else _wrong_scalar(given, leaf)
            ):
                yield Problem(field, sentence, node)


def problems_of_variables(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    places: Mapping[str, list[Place]],
) -> Iterator[Problem]:
    """What is wrong with the variables that came with an operation; `field` is where each is used first."""
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        type_ = type_from_ast(schema, definition.type)
        assert is_input_type(type_)  # noqa: S101  the document is valid
        uses = places.get(name) or [Place(name, is_never_null=False, is_needed=False)]
        if name in variables:
            yield from _problems_of_variable(definition, type_, variables[name], uses)
        elif definition.default_value is None and (
            isinstance(type_, GraphQLNonNull) or any(use.is_needed for use in uses)
        ):
            yield Problem(uses[0].field, f"The variable ${name} is missing: give it a value.", definition)


def _problems_of_variable(
    definition: VariableDefinitionNode, type_: GraphQLInputType, value: Any, uses: Sequence[Place]
) -> Iterator[Problem]:
    is_refused = False
    for problem in problems_of(value, type_, uses[0].field):
        is_refused = True
        yield replace(problem, node=definition)
    if value is None and not is_refused:
        sentence = f"Null is not taken here: give ${definition.variable.name.value} a value."
        yield from (Problem(use.field, sentence, definition) for use in uses if use.is_never_null)


def places_of_variables(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> dict[str, list[Place]]:
    """Where `operation` and the fragments that it spreads use each variable."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    found = _Uses(TypeInfo(schema))
    waiting: list[Node] = [operation]
    for node in waiting:
        visit(node, TypeInfoVisitor(found.types, found))
        waiting += [fragments.pop(name) for name in found.spreads if name in fragments]
    return found.places


class _Uses(Visitor):
    """Collects the places of variables and the names of fragments."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types
        self.places: dict[str, list[Place]] = {}
        self.spreads: list[str] = []

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.spreads.append(node.name.value)

    def enter_variable(self, node: VariableNode, _key: Any, parent: Any, _path: Any, ancestors: list[Any]) -> None:
        around = (*ancestors, parent)
        names = [one.name.value for one in around if isinstance(one, ArgumentNode | ObjectFieldNode)]
        if names:  # a variable in its own definition has none
            object_type = get_nullable_type(self.types.get_parent_input_type())
            is_choice = isinstance(parent, ObjectFieldNode) and getattr(object_type, "is_one_of", False)
            is_never_null = is_choice or isinstance(self.types.get_input_type(), GraphQLNonNull)
            place = Place(".".join(names), is_never_null, is_choice)
            self.places.setdefault(node.name.value, []).append(place)


def _items(given: Any) -> Iterable[Any]:
    """A value alone is a list of one."""
    if isinstance(given, ListValueNode):
        return given.values
    return given if isinstance(given, list) else [given]


def _members(given: Any) -> dict[str, Any] | None:
    if isinstance(given, ObjectValueNode):
        return {field.name.value: field.value for field in given.fields}
    return given if isinstance(given, dict) else None


def _problems_of_object(given: Any, type_: GraphQLInputObjectType, field: str) -> Iterator[Problem]:
    node = given if isinstance(given, ValueNode) else None
    members = _members(given)
    if members is None:
        yield Problem(field, f"This is an object with fields of {type_.name}: {', '.join(type_.fields)}.", node)
        return
    for name, value in members.items():
        wanted = type_.fields.get(name)
        if wanted is None:
            sentence = f"{type_.name} has no such field: it has {', '.join(type_.fields)}."
            yield Problem(f"{field}.{name[:_SHOWN]}", sentence, node)
        else:
            yield from problems_of(value, wanted.type, f"{field}.{name}")
    for name, wanted in type_.fields.items():
        if is_required_input_field(wanted) and name not in members:
            yield Problem(f"{field}.{name}", _MISSING, node)
    if type_.is_one_of and (len(members) != 1 or any(_is_null(value) for value in members.values())):
        yield Problem(field, f"Give exactly one of {', '.join(type_.fields)}, and not null.", node)


def _is_null(given: Any) -> bool:
    return given is None or isinstance(given, NullValueNode)


def _wrong_word(given: Any, enum: GraphQLEnumType) -> str | None:
    words = f"give one of {', '.join(enum.values)}"
    match given:
        case StringValueNode(value=word) if word in enum.values:
            return f"In a document, words of {enum.name} have no quotes: {word}."
        case EnumValueNode(value=word) | StringValueNode(value=word) | str(word):
            return None if word in enum.values else f'"{word[:_SHOWN]}" is no {enum.name}: {words}.'
    return f"This is no {enum.name}: {words}."


def _wrong_scalar(given: Any, scalar: GraphQLScalarType) -> str | None:
    try:
        taken = _coerced(given, scalar)
    except GraphQLError as error:
        return _SENTENCES.get(scalar.name, error.message)
    return f"This is no {scalar.name}." if taken is Undefined else None


def _coerced(given: Any, scalar: GraphQLScalarType) -> Any:
    if not isinstance(given, ValueNode):
        return scalar.coerce_input_value(given)
    literal = replace_variables(given)
    if scalar.coerce_input_literal is not None:
        return scalar.coerce_input_literal(literal)
    return scalar.parse_literal(literal)
