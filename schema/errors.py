"""Translation of refusals into GraphQL errors, in one place."""

from typing import Any

from graphql import GraphQLError

from base.errors import ErrorCode, Refusal, error_extensions
from base.logging import log_for
from models.database import refusal_of_database

log = log_for(__name__)


def graphql_error(refusal: Refusal, error: GraphQLError | None = None) -> GraphQLError:
    """A refusal as clients of GraphQL are told of it.

    Args:
        refusal: Why something is refused.
        error: What has the place in the document or the answer already: it gets the sentence and the code.
    """
    error = error or GraphQLError(refusal.message)
    error.message = refusal.message
    error.extensions = error_extensions(refusal)
    return error


def refusal_for_fault(fault: BaseException, **where: Any) -> Refusal:
    """What a client is told of a fault that nobody foresaw; its details, and `where` it was, go to the log."""
    refusal = refusal_of_database(fault)
    if refusal is not None and refusal.retry_after is not None:
        log.warning("the database is away or full", exc_info=fault, **where)
    else:
        log.error("unforeseen error", exc_info=fault, **where)
    message = "Something went wrong in the server. It was logged under the requestId."
    return refusal or Refusal(ErrorCode.INTERNAL_ERROR, message)
