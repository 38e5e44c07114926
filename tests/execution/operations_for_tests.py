"""Operations over any schema, valid ones: aliases, fragments, directives, arguments, variables."""

import random
from collections.abc import Callable
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

Values = Callable[[str, str], list[str]]
"""Literals for an argument, by the name of the argument and of its type."""
HEAD = "($yes: Boolean! = true, $no: Boolean = false)"


class OperationWriter:
    """Writes operations by dice."""

    def __init__(self, schema: GraphQLSchema, dice: random.Random, values: Values, *, max_depth: int = 5) -> None:
        self._schema = schema
        self._dice = dice
        self._values = values
        self._max_depth = max_depth
        self._aliases = 0
        self._conditions = ["$yes", "$no", "true", "false"]
        self._fragments: list[str] = []

    def write(self, root: GraphQLObjectType, word: str = "query", fields: tuple[str, ...] = ()) -> str:
        """An operation at `root`, with some of its `fields` (or all that there are)."""
        known = fields or tuple(root.fields)
        names = self._dice.sample(known, k=min(len(known), 1 + self._dice.randrange(2)))
        if len(names) == 1 and self._dice.random() < 0.7:  # nothing beside it
            self._conditions = ["true", "false"]
            return " ".join(
                [f"{word} Made {{ {self._field(root, names[0], root.fields[names[0]], 0)} }}", *self._fragments]
            )
        body = " ".join(self._field(root, name, root.fields[name], 0) for name in names)
        both = "seen: __typename @include(if: $yes) unseen: __typename @skip(if: $no)"  # every variable is used
        return " ".join([f"{word} Made {HEAD} {{ {body} {both} }}", *self._fragments])

    def _selection(self, type_: Any, depth: int) -> str:
        parts: list[str] = []
        fields = getattr(type_, "fields", {})
        leaves = [name for name, one in fields.items() if is_leaf_type(get_named_type(one.type))]
        others = [name for name in fields if name not in leaves]
        chosen = self._dice.sample(leaves, k=min(len(leaves), 1 + self._dice.randrange(6)))
        if others and depth < self._max_depth:
            chosen += self._dice.sample(others, k=min(len(others), self._dice.randrange(3)))
        self._dice.shuffle(chosen)
        parts += [self._field(type_, name, fields[name], depth) for name in chosen]
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            possible = list(self._schema.get_possible_types(type_))
            for one in self._dice.sample(possible, k=self._dice.randrange(len(possible) + 1)):
                parts.append(f"... on {one.name}{self._directive()} {{ {self._selection(one, depth + 1)} }}")
        if self._dice.random() < 0.15 and depth < self._max_depth:
            name = f"Part{len(self._fragments)}"
            self._fragments.append("")
            place = len(self._fragments) - 1
            self._fragments[place] = f"fragment {name} on {type_.name} {{ {self._selection(type_, depth + 1)} }}"
            parts.append(f"...{name}{self._directive()}")
        if not parts or self._dice.random() < 0.2:
            parts.append(f"{self._alias('kind') if parts and self._dice.random() < 0.3 else ''}__typename")
        return " ".join(parts)

    def _field(self, parent: Any, name: str, field: GraphQLField, depth: int) -> str:
        arguments = ", ".join(
            f"{argument}: {self._dice.choice(self._values(argument, str(one.type)) or [self._literal(one.type)])}"
            for argument, one in field.args.items()
            if isinstance(one.type, GraphQLNonNull) or self._dice.random() < 0.3
        )
        is_renamed = bool(field.args) or self._dice.random() < 0.2 or isinstance(parent, GraphQLObjectType)
        head = (
            f"{self._alias(name) if is_renamed else ''}{name}{f'({arguments})' if arguments else ''}{self._directive()}"
        )
        named = get_named_type(field.type)
        return head if is_leaf_type(named) else f"{head} {{ {self._selection(named, depth + 1)} }}"

    def _alias(self, name: str) -> str:
        self._aliases += 1
        return f"{name}{self._aliases}: "

    def _directive(self) -> str:
        if self._dice.random() > 0.15:
            return ""
        condition = self._dice.choice(self._conditions)
        return f" @{self._dice.choice(['skip', 'include'])}(if: {condition})"

    def _literal(self, type_: Any) -> str:
        dice = self._dice
        match type_:
            case GraphQLNonNull(of_type=inner):
                return self._literal(inner)
            case GraphQLList(of_type=item):
                return f"[{', '.join(self._literal(item) for _ in range(dice.randrange(3)))}]"
            case GraphQLEnumType():
                return str(dice.choice(list(type_.values)))
            case GraphQLInputObjectType():
                names = [n for n, one in type_.fields.items() if isinstance(one.type, GraphQLNonNull)]
                names += dice.sample(list(type_.fields), k=min(len(type_.fields), dice.randrange(2)))
                return f"{{{', '.join(f'{n}: {self._literal(type_.fields[n].type)}' for n in dict.fromkeys(names))}}}"
        plain = {"Int": ["0", "1", "2", "5"], "Float": ["0.5", "20"], "Boolean": ["true", "false"], "BigInt": ["1"]}
        return str(dice.choice(plain.get(type_.name, ['"x"', '""'])))
