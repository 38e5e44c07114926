"""The schema, built once, and the codes of its errors."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any

import strawberry
from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLSchema,
    default_field_resolver,
    default_type_resolver,
    execute_root_selection_set,
)
from graphql.execution import ExecutionResult as GraphQLExecutionResult
from graphql.execution.values import VariableValues
from graphql.utilities.print_schema import print_schema_definition
from strawberry.execution import optimized_is_awaitable
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from base.errors import ErrorCode, Refusal
from execution.plans.cache import PlanCache
from execution.plans.compiler import OpenField
from execution.single import SingleFieldOperation
from schema.answers import AnswerBounds, AnswerExecutor, OperationRefusedError
from schema.context import Context
from schema.descriptions import Descriptions, question_in
from schema.documents import DOCUMENT, PLANS, Document, read_document
from schema.errors import graphql_error, refusal_for_fault
from schema.mutation import Mutation
from schema.operations import Operation
from schema.query import Query
from schema.subscription import Subscription
from schema.types.download import Download
from schema.types.job import Batch, Task
from schema.types.scalars import SCALARS

DESCRIPTION = """\
Everything that happens to a file after "upload": it becomes a task or a batch that is worked on in the background, is watched live and
handed back as results. Begin with `login`, then send `Authorization: Bearer …`; `createUpload` and any tus client bring a file in,
`createTask` and `createBatch` have it worked on, `startDownloads` has files fetched by their URLs, `jobUpdated` tells how far it is, and `files.url` leads to what came of it.
Refusals are errors with a code in `extensions.code` (see `ErrorCode`). Enums may grow: clients take an unknown value for one that they
need not know."""


class Schema(strawberry.Schema):
    """Strawberry's schema; refusals leave with their code, everything unforeseen as INTERNAL_ERROR."""

    def __init__(self, **named: Any) -> None:
        super().__init__(**named)
        self._descriptions = Descriptions()
        self.plans = PlanCache()
        self._aside = ThreadPoolExecutor(1, "introspection")

    def read(self, text: str) -> Document:
        """The document that `text` is, with what is wrong with it."""
        return read_document(self._schema, text)

    async def execute(  # type: ignore[override]  # without Strawberry's extensions, of which there are none
        self,
        query: str | Document | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        operation_name: str | None = None,
    ) -> ExecutionResult:
        """The answer to a query or mutation; nothing of a document that is wrong is executed.

        Raises:
            CannotGetOperationTypeError: The document has no operation of that name.
        """
        document = query if isinstance(query, Document) else self.read(query or "")
        question = question_in(document, operation_name, variable_values)
        known = question and self._descriptions.find(question, context_value)
        if known:
            return known
        try:
            operation, values = self._prepared(document, operation_name, variable_values)
        except OperationRefusedError as refused:
            return refused.result
        if question:
            executor = self._executor(document, operation, values, context_value, PlanCache())  # a thread's own
            result = await self._describe(executor)
        else:
            result = await self._answer(document, operation, values, context_value)
        add_codes(result.errors)
        answer = ExecutionResult(data=result.data, errors=result.errors)
        if question:
            self._descriptions.keep(question, answer)
        return answer

    async def _answer(
        self, document: Document, operation: Operation, values: VariableValues, context: Context
    ) -> GraphQLExecutionResult:
        make_executor = partial(self._executor, document, operation, values, context, self.plans)
        field = self._single_field(document, operation, values, context)
        if field is not None:
            extensions = {DOCUMENT: document, PLANS: self.plans}
            return await SingleFieldOperation(
                field,
                self._schema,
                operation.node,
                operation.fragment_definitions,
                values,
                context,
                extensions,
                bounds=AnswerBounds(context),
                counts=self.plans.counts,
                make_executor=make_executor,
            ).execute()
        executor = make_executor()
        result: Any = execute_root_selection_set(executor)
        found: GraphQLExecutionResult = await result if executor.is_awaitable(result) else result
        return found

    def _single_field(
        self, document: Document, operation: Operation, values: VariableValues, context: Context
    ) -> OpenField | None:
        if not document.is_kept or not context.services.settings.compiled_plans:
            return None
        return self.plans.find(document.plan_key(operation.node, values.coerced)).find_single()

    async def _describe(self, executor: AnswerExecutor) -> Any:
        """Introspection takes long and waits for nothing: it goes on aside, one at a time, while others are served."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, execute_root_selection_set, executor)

    def executor_for(
        self, document: Document, name: str | None, variables: dict[str, Any] | None, context: Context
    ) -> AnswerExecutor:
        """What executes one operation of a document.

        Raises:
            OperationRefusedError: Something is wrong with the document or its variables.
            CannotGetOperationTypeError: It has no operation of that name.
        """
        operation, values = self._prepared(document, name, variables)
        return self._executor(document, operation, values, context, self.plans)

    def _prepared(
        self, document: Document, name: str | None, variables: dict[str, Any] | None
    ) -> tuple[Operation, VariableValues]:
        """One operation of a document, and the values of its variables; raises as `executor_for` does."""
        if errors := document.errors_of(name):
            raise refused_by(errors)
        operation = document.operation(name)
        if operation is None:
            raise CannotGetOperationTypeError(name)
        values = operation.coerce(variables or {})
        if isinstance(values, list):
            raise refused_by(values)
        return operation, values

    def _executor(
        self, document: Document, operation: Operation, values: VariableValues, context: Context, plans: PlanCache
    ) -> AnswerExecutor:
        return AnswerExecutor(
            self._schema,
            operation.fragment_definitions,
            operation.fragments,
            None,
            context,
            operation.node,
            values,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            is_awaitable=optimized_is_awaitable,
            operation_extensions={DOCUMENT: document, PLANS: plans},
        )


def build_schema() -> Schema:
    """The whole API."""
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Batch, Download, Task],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    schema._schema.description = DESCRIPTION  # noqa: SLF001  Strawberry has no argument for it
    _mark_one_of(schema._schema)  # noqa: SLF001
    return schema


def _mark_one_of(schema: GraphQLSchema) -> None:
    """Let graphql-core, which checks variables there, know of @oneOf: Strawberry keeps it to itself."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            type_.is_one_of = type_.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].is_one_of


@cache
def print_schema(schema: Schema) -> str:
    """The schema in SDL with its own description, which Strawberry's printer leaves out; ends in one line feed."""
    definition = print_schema_definition(schema._schema)  # noqa: SLF001
    return f"{definition}\n\n{schema.as_str().rstrip()}\n"


def add_codes(errors: Iterable[GraphQLError] | None) -> None:
    for error in errors or ():
        add_code(error)


def add_code(error: GraphQLError) -> None:
    """Give `error` its code; what a client must not see stays in the log."""
    if "code" not in (error.extensions or {}):
        graphql_error(_refusal_of(error), error)


def refused_by(errors: list[GraphQLError]) -> OperationRefusedError:
    """The end of an operation of which nothing is answered."""
    add_codes(errors)
    return OperationRefusedError(PreExecutionError(data=None, errors=errors))


def _refusal_of(error: GraphQLError) -> Refusal:
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    if isinstance(original, Refusal):
        return original
    if original is None and _is_about_input(error):
        return Refusal(ErrorCode.BAD_INPUT, "A value does not fit its argument: see /schema.graphql.")
    return refusal_for_fault(original or error, path=error.path)


def _is_about_input(error: GraphQLError) -> bool:
    """Whether variables are wrong (known before the first field) or, at a field, an argument that one of them fills."""
    return error.path is None or error.message.startswith("Argument ")
