"""Type of an error that a job, item or upload carries. Refusals of a request are GraphQL errors instead."""

from datetime import datetime

import strawberry

from base import errors
from models.fields import now
from schema.types.enums import ErrorCode


@strawberry.type(description="Why a job, an item or an upload failed.")
class JobError:
    """Code for programs, sentence for people."""

    code: ErrorCode = strawberry.field(description="What a program branches on.")
    message: str = strawberry.field(description="For people; no paths, no stack traces.")
    is_retryable: bool = strawberry.field(description="The same thing could succeed another time.")
    at: datetime = strawberry.field(description="When it failed.")


def error_type(code: str | None, message: str | None, *, is_retryable: bool, at: datetime) -> JobError | None:
    """The error, or None where there is no code."""
    if code is None:
        return None
    return JobError(code=errors.ErrorCode(code), message=message or "", is_retryable=is_retryable, at=at)


def refusal_type(refusal: errors.Refusal, *, is_retryable: bool) -> JobError:
    """A refusal of one thing among many that were asked for together."""
    return JobError(code=refusal.code, message=refusal.message, is_retryable=is_retryable, at=now())
