"""The schema, built once, and how its errors are told."""

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext

from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_for
from models.database import refusal_of_database
from schema.documents import Documents
from schema.mutation import Mutation
from schema.query import Query
from schema.subscription import Subscription
from schema.types.job import Batch, Task
from schema.types.scalars import SCALARS

log = log_for(__name__)


class Schema(strawberry.Schema):
    """Strawberry's schema; refusals leave with their code, everything unforeseen as INTERNAL_ERROR."""

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,  # noqa: ARG002  Strawberry's
    ) -> None:
        for error in errors:
            tell(error)


def build_schema() -> Schema:
    """The whole API."""
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Batch, Task],
        extensions=[Documents],
        config=StrawberryConfig(scalar_map=SCALARS),
    )


def print_schema(schema: Schema) -> str:
    """The schema in SDL, ending in one line feed."""
    return schema.as_str().rstrip() + "\n"


def tell(error: GraphQLError) -> None:
    """Give `error` its code; what a client must not see stays in the log."""
    if "code" in (error.extensions or {}):
        return
    refusal = _refusal_of(error)
    error.message = refusal.message
    error.extensions = error_extensions(refusal)


def _refusal_of(error: GraphQLError) -> Refusal:
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    if isinstance(original, Refusal):
        return original
    if isinstance(original, CannotGetOperationTypeError):
        return Refusal(ErrorCode.BAD_INPUT, original.as_http_error_reason(), "operationName")
    if isinstance(error, GraphQLSyntaxError):
        code = (
            ErrorCode.QUERY_TOO_COMPLEX
            if error.message.endswith("Parsing aborted.")
            else ErrorCode.GRAPHQL_PARSE_FAILED
        )
        return Refusal(code, error.message)
    if original is None and _is_about_input(error):
        return Refusal(ErrorCode.BAD_INPUT, error.message)
    fault = original or error
    refusal = refusal_of_database(fault)
    if refusal is not None and refusal.retry_after is not None:
        log.warning("the database is away or full", path=error.path, exc_info=fault)
    else:
        log.error("unforeseen error", path=error.path, exc_info=fault)
    message = "Something went wrong in the server. It was logged under the requestId."
    return refusal or Refusal(ErrorCode.INTERNAL_ERROR, message)


def _is_about_input(error: GraphQLError) -> bool:
    """Whether variables are wrong (known before the first field) or, at a field, an argument that one of them fills."""
    return error.path is None or error.message.startswith("Argument ")
