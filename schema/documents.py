"""What a client asks, as a document: parsed, measured before anything costly looks at it, and validated."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from base.errors import ErrorCode, Refusal, error_extensions
from models.paging import DEFAULT_SIZE, MAX_SIZE

MAX_TOKENS = 3_000
MAX_DEPTH = 20
MAX_ALIASES = 100
MAX_SAME_FIELDS = 50
"""The same name in one selection: validation compares each with each."""
MAX_COST = 100_000
"""Fields that an answer may have if every page is full; a plain list counts as `_LIST_LENGTH`."""
MAX_ERRORS = 20
MAX_KEPT_CHARACTERS = 8_000
"""Longer texts are read each time: a caller must not fill the memory with them."""
_LIST_LENGTH = 10
_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an operation is, in words for logs and numbers.

    Attributes:
        type: query, mutation or subscription; `other` where the text has no such operation.
        field: Its field at the root where the schema has it, `several` for more than one, `introspection`, or `other`:
            there are only so many of these words.
        name: What the client calls it, if anything.
    """

    type: str = "other"
    field: str = "other"
    name: str | None = None


def asked_in(schema: GraphQLSchema, text: str, operation_name: str | None) -> Asked:
    """What the operation `operation_name` of `text`, or its only one, asks; the text may be wrong in any way."""
    try:
        if len(text) <= MAX_KEPT_CHARACTERS:
            return _asked_in_text(schema, text, operation_name)
        return _asked(schema, parse(text, max_tokens=MAX_TOKENS), operation_name)
    except GraphQLSyntaxError:
        return Asked()


@lru_cache(maxsize=128)
def _asked_in_text(schema: GraphQLSchema, text: str, operation_name: str | None) -> Asked:
    return _asked(schema, _parse(text), operation_name)


def _asked(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Asked:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    named = [node for node in operations if operation_name in {None, node.name and node.name.value}]
    if len(named) != 1:
        return Asked()
    (operation,) = named
    name = operation.name.value if operation.name else None
    return Asked(operation.operation.value, _root_field(schema, operation), name)


def _root_field(schema: GraphQLSchema, operation: OperationDefinitionNode) -> str:
    root = schema.get_root_type(operation.operation)
    selections = operation.selection_set.selections
    names = {node.name.value for node in selections if isinstance(node, FieldNode)}
    if any(name.startswith("__") for name in names):
        return "introspection"
    if len(names) > 1:
        return "several"
    return next((name for name in names if root is not None and name in root.fields), "other")


class Documents(SchemaExtension):
    """Reads each text once: Strawberry's own caches keep errors, too, and would answer them again with an old requestId."""

    def on_operation(self) -> Iterator[None]:
        self.execution_context.parse_options["max_tokens"] = MAX_TOKENS
        yield

    def on_parse(self) -> Iterator[None]:
        text = self.execution_context.query
        if text and len(text) <= MAX_KEPT_CHARACTERS:
            with suppress(GraphQLSyntaxError):  # Strawberry parses it again, and tells of the error itself
                self.execution_context.graphql_document = _parse(text)
        yield

    def on_validate(self) -> Iterator[None]:
        context = self.execution_context
        document, text = context.graphql_document, context.query or ""
        assert document is not None  # noqa: S101  parsed before
        refusal = _more_than_one_operation(document) if context._provided_operation_name is None else None  # noqa: SLF001
        errors = [_told(GraphQLError(refusal.message), refusal)] if refusal else []
        context.pre_execution_errors = errors or _problems(context.schema._schema, document, text)  # noqa: SLF001
        yield


def _problems(schema: GraphQLSchema, document: DocumentNode, text: str) -> list[GraphQLError]:
    try:
        if len(text) <= MAX_KEPT_CHARACTERS:
            _check_text(schema, text)
        else:
            _check(schema, document)
    except _InvalidDocument as invalid:
        return invalid.errors
    return []


class _InvalidDocument(Exception):  # noqa: N818  an answer, not an error of the program
    """Carries what is wrong past the cache, which keeps only documents that are right."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


@lru_cache(maxsize=128)
def _parse(text: str) -> DocumentNode:
    return parse(text, max_tokens=MAX_TOKENS)


@lru_cache(maxsize=128)
def _check_text(schema: GraphQLSchema, text: str) -> None:
    _check(schema, _parse(text))


def _check(schema: GraphQLSchema, document: DocumentNode) -> None:
    """Measure first: some rules take time that grows with the square of what they are given.

    Raises:
        _InvalidDocument: QUERY_TOO_COMPLEX, or what the rules say.
    """
    try:
        Ruler(schema, document).check()
    except Refusal as refusal:
        raise _InvalidDocument([_told(GraphQLError(refusal.message), refusal)]) from None
    errors = validate(schema, document, _RULES, max_errors=MAX_ERRORS)
    if errors:
        is_aborted = any(error.message == "Validation aborted." for error in errors)  # its comparisons grew too many
        code = ErrorCode.QUERY_TOO_COMPLEX if is_aborted else ErrorCode.GRAPHQL_VALIDATION_FAILED
        raise _InvalidDocument([_told(error, Refusal(code, error.message)) for error in errors])


def _told(error: GraphQLError, refusal: Refusal) -> GraphQLError:
    error.extensions = error_extensions(refusal)
    return error


def _more_than_one_operation(document: DocumentNode) -> Refusal | None:
    """Source: GraphQL, September 2025, section 6.1, GetOperation."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) <= 1:
        return None
    return Refusal(
        ErrorCode.BAD_INPUT, "This document has several operations: say which with operationName.", "operationName"
    )


@dataclass(frozen=True, slots=True)
class Size:
    """How deep a selection goes, how many aliases it has, and how many fields its answer can have."""

    depth: int = 0
    aliases: int = 0
    cost: int = 0

    def beside(self, other: "Size") -> "Size":
        """Both in one selection."""
        return Size(max(self.depth, other.depth), self.aliases + other.aliases, self.cost + other.cost)


class Ruler:
    """Measures a document that may be wrong in any other way; a fragment is measured once, however often it is spread."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[tuple[str, int], Size] = {}

    def check(self) -> None:
        """Raises Refusal QUERY_TOO_COMPLEX."""
        sizes = [self._operation(node) for node in self._operations]
        sizes += [self._fragment(name, _LIST_LENGTH) for name in self._fragments]
        for what, size, limit in (
            ("levels", max((size.depth for size in sizes), default=0), MAX_DEPTH),
            ("aliases", max((size.aliases for size in sizes), default=0), MAX_ALIASES),
            ("fields in its answer", max((size.cost for size in sizes), default=0), MAX_COST),
        ):
            if size > limit:
                raise _too_complex(f"more than {limit:,} {what}")

    def _operation(self, node: OperationDefinitionNode) -> Size:
        return self._selection(node.selection_set, self._schema.get_root_type(node.operation), _LIST_LENGTH, {})

    def _fragment(self, name: str, page: int) -> Size:
        node = self._fragments.get(name)
        if node is None or (name, page) in self._known:
            return self._known.get((name, page), Size())
        self._known[name, page] = Size()  # so that one which spreads itself ends here; validation refuses it later
        parent = self._schema.get_type(node.type_condition.name.value)
        self._known[name, page] = self._selection(node.selection_set, parent, page, {})
        return self._known[name, page]

    def _selection(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, page: int, seen: dict[str, int]
    ) -> Size:
        size = Size()
        for node in selections.selections:
            match node:
                case FieldNode():
                    name = (node.alias or node.name).value
                    seen[name] = seen.get(name, 0) + 1
                    if seen[name] > MAX_SAME_FIELDS:
                        raise _too_complex(f"{name} more than {MAX_SAME_FIELDS} times in one place")
                    size = size.beside(self._field(node, parent, page))
                case InlineFragmentNode():
                    condition = node.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else parent
                    size = size.beside(self._selection(node.selection_set, inner, page, seen))
                case FragmentSpreadNode():
                    size = size.beside(self._fragment(node.name.value, page))
        return size

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, page: int) -> Size:
        field = _field_of(parent, node.name.value)
        is_paged = field is not None and "first" in field.args
        below = Size()
        if node.selection_set:
            inner = get_named_type(field.type) if field else None
            below = self._selection(node.selection_set, inner, _page_size(node) if is_paged else _LIST_LENGTH, {})
        rows = page if field is not None and is_list_type(get_nullable_type(field.type)) else 1
        return Size(below.depth + 1, below.aliases + (node.alias is not None), 1 + rows * below.cost)


def _field_of(parent: GraphQLNamedType | None, name: str) -> GraphQLField | None:
    return parent.fields.get(name) if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else None


def _page_size(node: FieldNode) -> int:
    """The rows of a page: as many as it may have at most where a variable tells, or what is no size at all."""
    values = [argument.value for argument in node.arguments or () if argument.name.value in {"first", "last"}]
    return max(map(_number_in, values), default=DEFAULT_SIZE)


def _number_in(value: ValueNode) -> int:
    if isinstance(value, IntValueNode) and re.fullmatch(r"[0-9]{1,3}", value.value):
        return min(int(value.value), MAX_SIZE)
    return MAX_SIZE


def _too_complex(why: str) -> Refusal:
    return Refusal(ErrorCode.QUERY_TOO_COMPLEX, f"This query is too complex: {why}. Ask for less at once.")
