"""Complexity of a document, counted before anything compares its parts.

Some rules of validation take time that grows with the square of what they are given, and an answer may be far larger than
the question. All counts here are linear in the document, or stop at their limit.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    get_nullable_type,
    is_introspection_type,
    is_list_type,
)

from base.errors import ErrorCode, Refusal
from downloads.lifecycle import MAX_URLS
from downloads.planning import MAX_FILES
from jobs.snapshots import MAX_SNAPSHOT
from models.listing import DEFAULT_SIZE, MAX_SIZE
from schema.introspection import ANYWHERE, Place, lists_of, meta_field

MAX_DEPTH = 20
MAX_ALIASES = 100
MAX_PASSWORDS = 5
"""Fields of a document that check or set a password: each costs a tenth of a second and 64 MiB."""
MAX_SAME_FIELDS = 50
"""The same response name in one selection."""
MAX_COST = 100_000
"""Fields that an answer may have if every page is full, and entries of literal arguments, which each field reads again; a
plain list counts as `_LIST_LENGTH`."""
MAX_INTROSPECTED = 25_000
"""Fields of introspection that an answer may have; what front ends ask has up to 16,000."""
MAX_SELECTIONS = 5_000
"""Fields and spreads of all operations and fragments, those of a fragment once more for each place that spreads it."""
MAX_COMPARISONS = 10_000
"""Pairs of fields with one response name at one place of the answer, and of fragments spread there."""
_LIST_LENGTH = 10
_PASSWORDS = {"password", "current"}
"""Arguments; every field with one of these hashes it."""
_LONG_LISTS = {
    ("Upload", "jobs"): MAX_SIZE,
    ("Query", "nodes"): MAX_SIZE,
    ("Query", "planDownload"): MAX_FILES,
    ("Mutation", "cancelJobs"): MAX_SNAPSHOT,
    ("Mutation", "startDownloads"): MAX_URLS,
}
"""Plain lists that may be longer, with their most rows."""


def check_complexity(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Refuse a document, which may be wrong in any other way, for what it asks too much of.

    Raises:
        Refusal: QUERY_TOO_COMPLEX.
    """
    ComplexityAnalyser(schema, document).check()
    Overlaps(document).check()


@dataclass(frozen=True, slots=True)
class Size:
    """How deep a selection goes, how many aliases it has, and how many fields its answer can have.

    Attributes:
        depth: Levels of fields.
        aliases: Aliases at all levels.
        cost: Fields, those in lists as often as rows are expected; but for
        listed: Fields in one row of the plain lists at its top, whose length the page around it tells.
        introspected: Fields by which the schema describes itself; they count in nothing else.
        passwords: Fields that are given a password.
    """

    depth: int = 0
    aliases: int = 0
    cost: int = 0
    listed: int = 0
    introspected: float = 0
    passwords: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection."""
        depth, aliases = max(self.depth, other.depth), self.aliases + other.aliases
        introspected = self.introspected + other.introspected
        passwords = self.passwords + other.passwords
        return Size(depth, aliases, self.cost + other.cost, self.listed + other.listed, introspected, passwords)

    def cost_in(self, rows: int) -> int:
        """The cost where the plain lists at its top have so many rows."""
        return self.cost + rows * self.listed


class ComplexityAnalyser:
    """Measures each selection of a document once, a fragment also where it is spread often."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._lists = lists_of(schema)
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = _fragments_of(document)
        self._known: dict[tuple[str, Place], Size] = {}

    def check(self) -> None:
        """Raises Refusal QUERY_TOO_COMPLEX."""
        sizes = [self.operation(node) for node in self._operations]
        sizes += [self._fragment(name, ANYWHERE) for name in self._fragments]
        for what, size, limit in (
            ("levels", max((size.depth for size in sizes), default=0), MAX_DEPTH),
            ("aliases", max((size.aliases for size in sizes), default=0), MAX_ALIASES),
            ("passwords", max((size.passwords for size in sizes), default=0), MAX_PASSWORDS),
            ("fields in its answer", max((size.cost_in(_LIST_LENGTH) for size in sizes), default=0), MAX_COST),
            ("fields of introspection", max((size.introspected for size in sizes), default=0), MAX_INTROSPECTED),
        ):
            if size > limit:
                raise _too_complex(f"more than {limit:,} {what}")

    def operation(self, node: OperationDefinitionNode) -> Size:
        """The size of what one operation selects."""
        return self._selection(node.selection_set, self._schema.get_root_type(node.operation), ANYWHERE, Counter())

    def _fragment(self, name: str, place: Place) -> Size:
        node = self._fragments.get(name)
        if node is None or (name, place) in self._known:
            return self._known.get((name, place), Size())
        self._known[name, place] = Size()  # so that one which spreads itself ends here; validation refuses it later
        parent = self._schema.get_type(node.type_condition.name.value)
        self._known[name, place] = self._selection(node.selection_set, parent, place, Counter())
        return self._known[name, place]

    def _selection(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, place: Place, seen: Counter[str]
    ) -> Size:
        size = Size()
        for node in selections.selections:
            match node:
                case FieldNode():
                    name = (node.alias or node.name).value
                    seen[name] += 1
                    if seen[name] > MAX_SAME_FIELDS:
                        raise _too_complex(f"{name[:100]} more than {MAX_SAME_FIELDS} times in one place")
                    size = size.beside(self._field(node, parent, place))
                case InlineFragmentNode():
                    condition = node.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else parent
                    size = size.beside(self._selection(node.selection_set, inner, place, seen))
                case FragmentSpreadNode():
                    size = size.beside(self._fragment(node.name.value, place))
        return size

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, place: Place) -> Size:
        name = node.name.value
        field = _field_of(parent, name) or meta_field(self._schema, parent, name)
        below = Size()
        if node.selection_set:
            inner = get_named_type(field.type) if field else None
            below = self._selection(node.selection_set, inner, self._lists.below(place, name), Counter())
        aliases = below.aliases + (node.alias is not None)
        own = 1 + sum(_entries_in(argument.value) for argument in node.arguments or ())
        if parent is not None and is_introspection_type(parent):
            rows = self._lists.rows(parent.name, name, place)
            return Size(below.depth + 1, aliases, introspected=own + rows * below.introspected)
        is_paged = field is not None and "first" in field.args
        cost = below.cost_in(_page_size(node) if is_paged else _LIST_LENGTH)
        most = _LONG_LISTS.get((parent.name, name)) if parent is not None else None
        is_list = field is not None and is_list_type(get_nullable_type(field.type)) and most is None
        own, listed = (own, cost) if is_list else (own + cost * (most or 1), 0)
        passwords = below.passwords + _takes_password(node)
        return Size(below.depth + 1, aliases, own, listed, below.introspected, passwords)


class Overlaps:
    """Counts what validation compares: all that stands at one place of the answer, with each other.

    Source: GraphQL, September 2025, section 5.3.2, Field Selection Merging.
    """

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = _fragments_of(document)
        self._selections = 0
        self._comparisons = 0

    def check(self) -> None:
        """Raises Refusal QUERY_TOO_COMPLEX."""
        for node in self._document.definitions:
            if isinstance(node, OperationDefinitionNode):
                self._walk(node.selection_set, frozenset())
            if isinstance(node, FragmentDefinitionNode):
                self._walk(node.selection_set, frozenset({node.name.value}))

    def _walk(self, root: SelectionSetNode, inside: frozenset[str]) -> None:
        places = [[(root, inside)]]
        while places:
            places += self._below(places.pop())

    def _below(
        self, place: list[tuple[SelectionSetNode, frozenset[str]]]
    ) -> list[list[tuple[SelectionSetNode, frozenset[str]]]]:
        """Count what stands at one place; the places below it.

        Args:
            place: The selections whose fields are merged there, each with the fragments that it is inside of.
        """
        names: Counter[str] = Counter()
        spreads: set[str] = set()
        below: defaultdict[str, list[tuple[SelectionSetNode, frozenset[str]]]] = defaultdict(list)
        waiting = list(place)
        while waiting:
            selections, inside = waiting.pop()
            self._count_selections(len(selections.selections))
            for node in selections.selections:
                match node:
                    case FieldNode():
                        name = (node.alias or node.name).value
                        names[name] += 1
                        if node.selection_set:
                            below[name].append((node.selection_set, inside))
                    case InlineFragmentNode():
                        waiting.append((node.selection_set, inside))
                    case FragmentSpreadNode():
                        name = node.name.value
                        if name in self._fragments and name not in spreads and name not in inside:
                            spreads.add(name)
                            waiting.append((self._fragments[name].selection_set, inside | {name}))
        self._count_comparisons(sum(map(_pairs, names.values()), _pairs(len(spreads))))
        return list(below.values())

    def _count_selections(self, count: int) -> None:
        self._selections += count
        if self._selections > MAX_SELECTIONS:
            raise _too_complex(f"more than {MAX_SELECTIONS:,} fields with those of its fragments")

    def _count_comparisons(self, count: int) -> None:
        self._comparisons += count
        if self._comparisons > MAX_COMPARISONS:
            raise _too_complex("too many fields of one name, or too many fragments, in one place")


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _field_of(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None


def _takes_password(node: FieldNode) -> bool:
    return any(argument.name.value in _PASSWORDS for argument in node.arguments or ())


def _page_size(node: FieldNode) -> int:
    """The rows of a page: as many as it may have at most where a variable tells, or what is no size at all."""
    values = [argument.value for argument in node.arguments or () if argument.name.value in {"first", "last"}]
    return max(map(_number_in, values), default=DEFAULT_SIZE)


def _number_in(value: ValueNode) -> int:
    if isinstance(value, IntValueNode) and re.fullmatch(r"[0-9]{1,3}", value.value):
        return min(int(value.value), MAX_SIZE)
    return MAX_SIZE


def _entries_in(value: ValueNode) -> int:
    """The entries of a literal list or object, at all levels."""
    match value:
        case ListValueNode():
            return len(value.values) + sum(map(_entries_in, value.values))
        case ObjectValueNode():
            return len(value.fields) + sum(_entries_in(field.value) for field in value.fields)
        case _:
            return 0


def _too_complex(why: str) -> Refusal:
    return Refusal(ErrorCode.QUERY_TOO_COMPLEX, f"This query is too complex: {why}. Ask for less at once.")
