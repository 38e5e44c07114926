"""Compile the selection below one field into a function.

A plan completes the value of a field as graphql-core would: it reads attributes, checks leaves and builds the answer. Fields with
resolvers or arguments are left open, and noted with their source for whoever runs the plan. Whatever is odd (null in
non-null, a wrong type, something to await, an exception) raises, before any resolver was called.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from keyword import iskeyword
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    Undefined,
    get_named_type,
    is_abstract_type,
    is_introspection_type,
    is_leaf_type,
    is_object_type,
)
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from execution.plans.arguments import Arguments
from execution.plans.leaves import PLAIN_CLASSES, OddValueError, is_itself, leaf_function, names_by_id
from execution.plans.resolvers import BatchResolver, DirectResolver, direct_resolver
from execution.plans.source import Source, name_literal
from execution.plans.types import attribute_of, classes_of, types_by_class

MAX_FIELDS = 500
"""Of one plan: larger selections stay with graphql-core, because compiling them would hold everybody up."""

Collect = Callable[[GraphQLObjectType, FieldDetailsList], GroupedFieldSet]
Place = tuple[dict[str, Any], Any, Path | None]
"""Where a field is open: the answer around it, its source, and the path of that."""


class NotCompilableError(Exception):
    """A selection that stays with graphql-core."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenField:
    """A field that a plan leaves open.

    Attributes:
        name: Under which it is answered.
        parent_type: Whose field it is.
        definition: The field itself.
        details: Its nodes in the document.
        arguments: Those of its nodes.
        resolve: Its resolver.
        direct: The same, where it may be called without Strawberry.
        plan: Completes what the resolver answers.
    """

    name: str
    parent_type: GraphQLObjectType
    definition: GraphQLField
    details: FieldDetailsList
    arguments: Arguments
    resolve: Callable[..., Any]
    direct: DirectResolver | BatchResolver | None
    plan: "Plan"

    def path_below(self, path: Path | None) -> Path:
        """Its own path in an object at `path`."""
        return Path(path, self.name, self.parent_type.name)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The completion of a value of `type_`.

    Attributes:
        complete: Takes the value, its path, and a list for each of `open_fields`, to which it adds the places where that field
            is open; returns the answer, or raises for what is odd.
        fields: How many fields were compiled, those of the plans below included.
    """

    type_: GraphQLOutputType
    complete: Callable[[Any, Path | None, list[list[Place]]], Any]
    open_fields: tuple[OpenField, ...]
    fields: int

    def complete_at_once(self, value: Any) -> Any:
        """The completed value, where no field of it is open; raises as `complete`."""
        return self.complete(value, None, [])


def compile_plan(schema: GraphQLSchema, collect: Collect, type_: GraphQLOutputType, details: FieldDetailsList) -> Plan:
    """The plan for the value of a field of type `type_` whose nodes are `details`.

    Raises:
        NotCompilableError: Its selection is too large, or has types of which not enough is known.
    """
    return _Compiler(schema, collect, MAX_FIELDS).plan(type_, details)


def open_field(
    schema: GraphQLSchema, parent: GraphQLObjectType, name: str, details: FieldDetailsList, plan: Plan
) -> OpenField | None:
    """A field of `parent` with its resolver, whose values `plan` completes; None where it has no resolver."""
    definition = schema.get_field(parent, details[0].node.name.value)
    if definition is None or definition.resolve is None:
        return None
    arguments, direct = Arguments(definition, details), direct_resolver(schema, definition)
    return OpenField(name, parent, definition, details, arguments, definition.resolve, direct, plan)


@dataclass
class _Compiler:
    schema: GraphQLSchema
    collect: Collect
    fields_left: int
    _open: list[OpenField] = field(default_factory=list)
    _source: Source = field(default_factory=Source)

    def plan(self, type_: GraphQLOutputType, details: FieldDetailsList) -> Plan:
        before = self.fields_left
        body = self._function_of(type_, details)
        return Plan(type_, self._source.function(body), tuple(self._open), before - self.fields_left)

    def _function_of(self, type_: GraphQLOutputType, details: FieldDetailsList) -> str:
        """Write the function that completes a value of `type_`; its name."""
        functions = self._prepare(type_, details)
        name = self._source.new_name("f")
        with self._source.block(f"def {name}(v, p, w):"):
            self._complete("v", "p" if self._open else "", type_, functions)
            self._source.line("return v")
        return name

    def _prepare(self, type_: GraphQLOutputType, details: FieldDetailsList) -> dict[Any, str]:
        """Write the functions of the objects that a value of `type_` may have; their names, or a constant's, by type."""
        named = get_named_type(type_)
        if is_leaf_type(named):
            return {}
        if is_introspection_type(named):
            raise NotCompilableError
        if is_object_type(named):
            return {named: self._object(named, details)}
        assert is_abstract_type(named)  # noqa: S101  there are no other types of output
        by_class = types_by_class(self.schema, named)
        if not by_class:
            raise NotCompilableError
        functions = {class_: self._object(possible, details, may_be_cast=True) for class_, possible in by_class.items()}
        table = self._source.new_name("t")
        pairs = ", ".join(f"{self._source.constant(class_)}: {function}" for class_, function in functions.items())
        self._source.line(f"{table} = {{{pairs}}}")
        return {named: f"{table}[{{0}}.__class__]"}

    def _object(self, type_: GraphQLObjectType, details: FieldDetailsList, *, may_be_cast: bool = False) -> str:
        """Write the function that completes an object of `type_`, which `strawberry.cast` may call another; its name."""
        classes = classes_of(type_)
        if not classes:
            raise NotCompilableError
        selected = self.collect(type_, details)
        self.fields_left -= len(selected)
        if self.fields_left < 0:
            raise NotCompilableError
        below = {name: self._below(type_, name, one) for name, one in selected.items()}
        source, function = self._source, self._source.new_name("o")
        with source.block(f"def {function}(v, p, w):"):
            is_wrong = " and ".join(f"v.__class__ is not {source.constant(class_)}" for class_ in classes)
            if may_be_cast or type_.is_type_of is not None:
                is_wrong += f" or getattr(v, {TYPE_CAST_ATTRIBUTE!r}, None) is not None"
            with source.block(f"if {is_wrong}:"):
                self._odd()
            values: dict[str, str] = {}
            waiting: list[int] = []
            for name, part in below.items():
                if isinstance(part, OpenField):
                    waiting.append(len(self._open))
                    self._open.append(part)
                    values[name] = "None"
                elif isinstance(part, str):
                    values[name] = part
                else:
                    values[name] = part()
            source.line(f"d = {{{', '.join(f'{name_literal(name)}: {value}' for name, value in values.items())}}}")
            for place in waiting:
                source.line(f"w[{place}].append((d, v, p))")
            source.line("return d")
        return function

    def _below(self, parent: GraphQLObjectType, name: str, details: FieldDetailsList) -> Any:
        """What is known of a field: an `OpenField`, a literal, or the function that writes its lines."""
        field_name = details[0].node.name.value
        if field_name == "__typename":
            return name_literal(parent.name)
        definition = self.schema.get_field(parent, field_name)
        if definition is None:
            raise NotCompilableError
        attribute = attribute_of(definition)
        if attribute is None:
            compiler = _Compiler(self.schema, self.collect, self.fields_left)
            plan = compiler.plan(definition.type, details)
            self.fields_left = compiler.fields_left
            found = open_field(self.schema, parent, name, details, plan)
            if found is None:
                raise NotCompilableError
            return found
        if not attribute.isidentifier() or iskeyword(attribute):
            raise NotCompilableError
        before = len(self._open)
        functions = self._prepare(definition.type, details)
        return partial(self._attribute, parent, name, attribute, definition.type, functions, len(self._open) - before)

    def _attribute(
        self,
        parent: GraphQLObjectType,
        name: str,
        attribute: str,
        type_: GraphQLOutputType,
        functions: dict[Any, str],
        open_fields: int,
    ) -> str:
        """Write the lines that read and complete an attribute; the variable that has its value."""
        variable, path = self._source.new_name("a"), ""
        self._source.line(f"{variable} = v.{attribute}")
        if open_fields:
            path = self._source.new_name("p")
            self._source.line(
                f"{path} = {self._source.constant(Path)}(p, {name_literal(name)}, {name_literal(parent.name)})"
            )
        self._complete(variable, path, type_, functions)
        return variable

    def _complete(self, variable: str, path: str, type_: GraphQLOutputType, functions: dict[Any, str]) -> None:
        """Write the lines that make `variable` its own completed value."""
        source, is_required = self._source, isinstance(type_, GraphQLNonNull)
        known: Any = type_.of_type if isinstance(type_, GraphQLNonNull) else type_
        condition = is_itself(known) if is_leaf_type(known) else None
        if condition:
            with source.block(
                f"if not ({condition.format(variable)}){'' if is_required else f' and {variable} is not None'}:"
            ):
                if is_required:
                    self._odd_where_null(variable)
                source.line(f"{variable} = {source.constant(leaf_function(known))}({variable})")
        elif not is_required:
            with source.block(f"if {variable} is not None:"):
                self._complete_known(variable, path, known, functions)
        else:
            if is_leaf_type(known):  # null is no object and no list
                self._odd_where_null(variable)
            self._complete_known(variable, path, known, functions)

    def _complete_known(self, variable: str, path: str, type_: Any, functions: dict[Any, str]) -> None:
        source = self._source
        if isinstance(type_, GraphQLList):
            self._complete_list(variable, path, type_.of_type, functions)
        elif isinstance(type_, GraphQLEnumType):
            names, function = source.constant(names_by_id(type_).get), source.constant(leaf_function(type_))
            source.line(f"{variable} = {names}({source.constant(id)}({variable})) or {function}({variable})")
        elif is_leaf_type(type_):
            with source.block(f"if {variable}.__class__ in {source.constant(PLAIN_CLASSES)}:"):
                source.line(f"{variable} = {source.constant(type_.coerce_output_value)}({variable})")
                with source.block(f"if {variable} is None or {variable} is {source.constant(Undefined)}:"):
                    self._odd()
            with source.block("else:"):
                source.line(f"{variable} = {source.constant(leaf_function(type_))}({variable})")
        else:
            source.line(f"{variable} = {functions[type_].format(variable)}({variable}, {path or None}, w)")

    def _complete_list(self, variable: str, path: str, type_: Any, functions: dict[Any, str]) -> None:
        source, items, item, number = self._source, *map(self._source.new_name, "lin")
        with source.block(f"if {variable}.__class__ is not list and {variable}.__class__ is not tuple:"):
            self._odd()
        source.line(f"{items} = []")
        with source.block(f"for {number}, {item} in enumerate({variable}):" if path else f"for {item} in {variable}:"):
            below = source.new_name("p") if path else ""
            if path:
                source.line(f"{below} = {source.constant(Path)}({path}, {number}, None)")
            self._complete(item, below, type_, functions)
            source.line(f"{items}.append({item})")
        source.line(f"{variable} = {items}")

    def _odd_where_null(self, variable: str) -> None:
        with self._source.block(f"if {variable} is None:"):
            self._odd()

    def _odd(self) -> None:
        self._source.line(f"raise {self._source.constant(OddValueError)}")
