"""HTTP statuses of GraphQL answers.

Source: GraphQL over HTTP, first edition (September 2026), Status Codes.
"""

from collections.abc import Callable, Mapping

from strawberry.types import ExecutionResult

from base.errors import HTTP_STATUS, ErrorCode, Refusal
from web.negotiation import JSON, RESPONSE_JSON
from web.operations import RefusedResult, first_error_code, is_refused

PARTIAL_SUCCESS = 294
"""Data and errors; the edition's own code, which is meant beside its own media type only."""
UNREADABLE = 400
UNPROCESSABLE = 422
_STATUS_OF_CODE: Mapping[str | None, int] = {
    **{str(code): status for code, status in HTTP_STATUS.items()},
    ErrorCode.BAD_INPUT: UNPROCESSABLE,
}

StatusOf = Callable[[ExecutionResult, str], int]
"""The status of a result that is sent in a media type."""


def status_rule(*, is_legacy: bool) -> StatusOf:
    """The rule by which statuses are chosen: that of the edition, or that of its drafts."""
    return _legacy_status if is_legacy else _status


def _status(result: ExecutionResult, media_type: str) -> int:
    """Data makes it a 2xx, and its absence a 4xx or 5xx, whatever the client accepts."""
    if not is_refused(result):
        return PARTIAL_SUCCESS if result.errors and media_type == RESPONSE_JSON else 200
    if _is_asked_again(result) and media_type == JSON:
        return 200
    refusal = _refusal_of(result)
    if refusal is not None and refusal.status is not None:
        return refusal.status
    return _STATUS_OF_CODE.get(first_error_code(result), UNREADABLE)


def _legacy_status(result: ExecutionResult, media_type: str) -> int:
    """Programs of that time that know only application/json read no errors from an answer that is not 200."""
    if not is_refused(result) or _is_asked_again(result):
        return 200
    if _refusal_of(result) is None:
        return UNREADABLE if media_type == RESPONSE_JSON else 200
    status = _status(result, media_type)
    return UNREADABLE if status == UNPROCESSABLE else status


def _refusal_of(result: ExecutionResult) -> Refusal | None:
    return result.refusal if isinstance(result, RefusedResult) else None


def _is_asked_again(result: ExecutionResult) -> bool:
    """That a hash is not known is an answer by which the client goes on: Apollo's protocol has it with a 200."""
    return first_error_code(result) == ErrorCode.PERSISTED_QUERY_NOT_FOUND
