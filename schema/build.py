"""The schema, built once, and how its errors are told."""

import strawberry
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_for
from schema.mutation import Mutation
from schema.query import Query
from schema.subscription import Subscription
from schema.types.job import Batch
from schema.types.scalars import SCALARS

log = log_for(__name__)


class Schema(strawberry.Schema):
    """Strawberry's schema; refusals leave with their code, everything unforeseen as INTERNAL_ERROR."""

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        for error in errors:
            tell(error)


def build_schema() -> Schema:
    """The whole API."""
    return Schema(
        query=Query, mutation=Mutation, subscription=Subscription, types=[Batch],
        extensions=[ParserCache, ValidationCache], config=StrawberryConfig(scalar_map=SCALARS),
    )


def print_schema(schema: Schema) -> str:
    """The schema in SDL, ending in one line feed."""
    return schema.as_str().rstrip() + "\n"


def tell(error: GraphQLError) -> None:
    """Give `error` its code; what a client must not see stays in the log."""
    if "code" in (error.extensions or {}):
        return
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    if isinstance(original, Refusal):
        error.extensions = error_extensions(original)
    elif isinstance(error, GraphQLSyntaxError):
        error.extensions = error_extensions(Refusal(ErrorCode.GRAPHQL_PARSE_FAILED, error.message))
    elif original is None:
        code = ErrorCode.BAD_INPUT if _is_about_variables(error) else ErrorCode.GRAPHQL_VALIDATION_FAILED
        error.extensions = error_extensions(Refusal(code, error.message))
    else:
        log.error("unforeseen error", path=error.path, exc_info=original)
        error.message = "Something went wrong in the server. It was logged under the requestId."
        error.extensions = error_extensions(Refusal(ErrorCode.INTERNAL_ERROR, error.message))


def _is_about_variables(error: GraphQLError) -> bool:
    return error.message.startswith("Variable ")
