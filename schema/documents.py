"""Documents: texts that are parsed once, measured, and validated."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from sys import getsizeof
from typing import Any

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import ProvidedRequiredArgumentsRule, ValuesOfCorrectTypeRule

from base.errors import ErrorCode, Refusal
from execution.plans.cache import condition_names
from schema.complexity import check_complexity
from schema.errors import graphql_error
from schema.operations import MAX_ERRORS, Operation
from schema.values import Literals

MAX_TOKENS = 3_000
MAX_CHARACTERS = 100_000
"""Comments and white space are no tokens, and are read all the same."""
_CHARACTERS_TOLD = 30_000
"""Telling one error can take as long as reading the text, so that long texts are told fewer of them."""
MAX_KEPT_CHARACTERS = 8_000
"""Longer texts are read each time: a caller must not fill the memory with them."""
MAX_KEPT_BYTES = 32 * 2**20
_BYTES_PER_NODE = 400
"""What a node takes in memory with its place in the text, rounded up: 280 to 420 were measured."""
_NAME_CHARACTERS = 100
"""Of a name in the log."""
_TOLD_BY_LITERALS = {ProvidedRequiredArgumentsRule, ValuesOfCorrectTypeRule}
_RULES = (*(rule for rule in specified_rules if rule not in _TOLD_BY_LITERALS), Literals)
_SUBSCRIPTION = OperationType.SUBSCRIPTION
OTHER = "other"
INTROSPECTION = "introspection"
DOCUMENT = "document"
PLANS = "plans"
"""The keys under which an operation's extensions hold its document and the cache of plans."""


@dataclass(frozen=True, slots=True)
class OperationInfo:
    """What an operation is, in words for logs and numbers.

    Attributes:
        type: query, mutation or subscription; `other` where the text has no such operation.
        field: Its field at the root where the schema has it, `several` for more than one, `introspection`, or `other`:
            there are only so many of these words.
        name: What the client calls it, if anything.
    """

    type: str = OTHER
    field: str = OTHER
    name: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A text as it was read; its errors, if any, are those of one request.

    Attributes:
        schema: By which it was read.
        node: What it says; None where that is no GraphQL.
        errors: What is wrong with it, each with its code; nothing is executed where there are some.
        size_bytes: What it takes in memory, about.
        conditions: The variables by which its @skip and @include decide.
        is_kept: Whether the same text is this document when it comes again.
    """

    schema: GraphQLSchema
    node: DocumentNode | None
    errors: tuple[GraphQLError, ...] = ()
    size_bytes: int = 0
    conditions: frozenset[str] = frozenset()
    is_kept: bool = False
    _operations: dict[str | None, Operation] = field(default_factory=dict)
    _names: dict[frozenset[str], bool] = field(default_factory=dict)
    _infos: dict[str | None, OperationInfo] = field(default_factory=dict)

    def plan_key(self, operation: OperationDefinitionNode, variables: dict[str, Any]) -> Hashable:
        """The key of the plans for one of its operations, with `variables` as they were coerced."""
        return self, id(operation), frozenset(name for name in self.conditions if variables.get(name))

    @property
    def operations(self) -> list[OperationDefinitionNode]:
        definitions = self.node.definitions if self.node else ()
        return [node for node in definitions if isinstance(node, OperationDefinitionNode)]

    def operation_info(self, operation_name: str | None) -> OperationInfo:
        """What the operation `operation_name`, or the only one, asks; the document may be wrong in any way."""
        known = self._infos.get(operation_name)
        if known is None:
            known = self._find_info(operation_name)
            if known.type != OTHER:  # it has the operation, and no more of them than its text has room for
                self._infos[operation_name] = known
        return known

    def _find_info(self, operation_name: str | None) -> OperationInfo:
        named = [node for node in self.operations if operation_name in {None, node.name and node.name.value}]
        if len(named) != 1:
            return OperationInfo()
        (operation,) = named
        name = operation.name.value[:_NAME_CHARACTERS] if operation.name else None
        return OperationInfo(operation.operation.value, self._root_field(operation), name)

    def is_introspection(self, operation_name: str | None) -> bool:
        """Whether an operation asks at its root for nothing but the schema, by the looks of its fields there."""
        if self.operation_info(operation_name).field != INTROSPECTION:
            return False
        operation = get_operation_ast(self.node, operation_name) if self.node else None
        return (
            operation is not None
            and operation.operation is OperationType.QUERY
            and all(
                isinstance(node, FieldNode) and node.name.value.startswith("__")
                for node in operation.selection_set.selections
            )
        )

    def operation(self, operation_name: str | None) -> Operation | None:
        """The operation `operation_name`, or the only one; the document is valid."""
        known = self._operations.get(operation_name)
        if known is None and self.node is not None:
            node = get_operation_ast(self.node, operation_name)
            if node is not None:
                known = self._operations[operation_name] = Operation(self.schema, self.node, node)
        return known

    def errors_of(self, operation_name: str | None) -> list[GraphQLError]:
        """What keeps one of its operations from being executed, whatever its variables are.

        Source: GraphQL, September 2025, section 6.1, GetOperation.
        """
        if self.errors:
            return list(self.errors)
        if self.operation_info(operation_name).type == OTHER and operation_name is None and len(self.operations) > 1:
            message = "This document has several operations: say which with operationName."
            return [graphql_error(Refusal(ErrorCode.BAD_INPUT, message, "operationName"))]
        return []

    def names_fields(self, names: frozenset[str]) -> bool:
        """Whether a field of one of these names is selected anywhere in it."""
        known = self._names.get(names)
        if known is None and self.node is not None:
            nodes = _nodes_in(self.node)
            known = any(isinstance(node, FieldNode) and node.name.value in names for node in nodes)
            self._names[names] = known
        return bool(known)

    def _root_field(self, operation: OperationDefinitionNode) -> str:
        root = self.schema.get_root_type(operation.operation)
        selections = operation.selection_set.selections
        names = {node.name.value for node in selections if isinstance(node, FieldNode)}
        if any(name.startswith("__") for name in names):
            return INTROSPECTION
        if len(names) > 1:
            return "several"
        return next((name for name in names if root is not None and name in root.fields), OTHER)


DocumentCache = LRUCache[tuple[GraphQLSchema, str], Document]


def document_cache(max_bytes: int) -> DocumentCache:
    """Room for the documents used last; larger ones than all of it are not kept."""
    return LRUCache(max_bytes, lambda document: document.size_bytes)


_cache = document_cache(MAX_KEPT_BYTES)


def read_document(schema: GraphQLSchema, text: str, cache: DocumentCache = _cache) -> Document:
    """Parse, measure and validate `text`, unless that was done before; one that is wrong is read anew each time."""
    known = cache.get((schema, text))
    if known is not None:
        return known
    document = _read(schema, text)
    if not document.errors and len(text) <= MAX_KEPT_CHARACTERS and document.size_bytes <= cache.maxsize:
        document = cache[schema, text] = replace(document, is_kept=True)
    return document


def _read(schema: GraphQLSchema, text: str) -> Document:
    if len(text) > MAX_CHARACTERS:
        message = f"This document is too long: it has more than {MAX_CHARACTERS:,} characters. Ask for less at once."
        refusal = Refusal(ErrorCode.QUERY_TOO_COMPLEX, message)
        return Document(schema, None, (graphql_error(refusal),))
    try:
        node = parse(text, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        is_aborted = error.message.endswith("Parsing aborted.")
        code = ErrorCode.QUERY_TOO_COMPLEX if is_aborted else ErrorCode.GRAPHQL_PARSE_FAILED
        return Document(schema, None, (graphql_error(Refusal(code, error.message), error),))
    if not any(isinstance(definition, OperationDefinitionNode) for definition in node.definitions):
        refusal = Refusal(ErrorCode.BAD_INPUT, "This document has no operation to execute.", "query")
        return Document(schema, node, (graphql_error(refusal),))
    errors = _errors_in(schema, node, max(1, min(MAX_ERRORS, _CHARACTERS_TOLD // (len(text) + 1))))
    if errors:
        return Document(schema, node, errors)
    return Document(schema, node, size_bytes=_strip(node), conditions=condition_names(node))


def _errors_in(schema: GraphQLSchema, node: DocumentNode, max_errors: int) -> tuple[GraphQLError, ...]:
    try:
        check_complexity(schema, node)
    except Refusal as refusal:
        return (graphql_error(refusal),)
    errors = validate(schema, node, _RULES, max_errors=max_errors)
    is_aborted = any(error.message == "Validation aborted." for error in errors)  # its comparisons grew too many
    code = ErrorCode.QUERY_TOO_COMPLEX if is_aborted else ErrorCode.GRAPHQL_VALIDATION_FAILED
    return tuple(error if error.extensions else graphql_error(Refusal(code, error.message), error) for error in errors)


def _strip(document: DocumentNode) -> int:
    """What a valid document takes in memory, about; one that may run for days lets go of its text and comments.

    Errors in the events of a subscription then tell their path, and no place in the text.
    """
    nodes = list(_nodes_in(document))
    size = sum(map(_size_of, nodes))
    if any(isinstance(node, OperationDefinitionNode) and node.operation is _SUBSCRIPTION for node in nodes):
        for node in nodes:
            object.__setattr__(node, "loc", None)  # they are frozen, and nobody has seen them yet
    return size + (getsizeof(document.loc.source.body) if document.loc else 0)


def _nodes_in(document: DocumentNode) -> Iterator[Node]:
    waiting: list[Any] = [document]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Node):
            yield found
            waiting += [getattr(found, key, None) for key in found.keys]
        elif isinstance(found, list | tuple):
            waiting += found


def _size_of(node: Node) -> int:
    text = getattr(node, "value", None)
    return _BYTES_PER_NODE + (getsizeof(text) if isinstance(text, str) else 0)
