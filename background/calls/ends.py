"""Ends of calls, as an executor learns them."""

import traceback
from dataclasses import dataclass
from typing import Literal

from base.errors import Refusal
from processors.contract import NeedsInput, PauseJob, SkipJob
from storage.disk_space import is_disk_full

DETAIL_CHARACTERS = 20_000

Outcome = Literal["done", "refused", "asks", "pauses", "skips", "memory", "full", "bug", "crash", "silent"]


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a call ended; `code` to `retry_after` are a refusal's, `code` and `message` those of a question, too.

    Of a job that is skipped, `code` is the reason, and `field` the job that has done the same.

    `detail` (a traceback, or what was printed) is for the log alone. `exit_code` is there when the process died: its
    own, or minus the number of the signal. `index` is the item that was in work when it fell silent, if one was.
    """

    outcome: Outcome
    code: str = ""
    message: str = ""
    field: str | None = None
    retry_after: float | None = None
    detail: str = ""
    exit_code: int | None = None
    index: int | None = None
    is_retiring: bool = False
    """The process cannot be used again, or has grown too large for it."""


def end_of_error(error: BaseException) -> CallEnd:
    """How a call ended in which the processor raised `error`."""
    if isinstance(error, NeedsInput):
        return CallEnd("asks", error.awaiting, error.message)
    if isinstance(error, PauseJob):
        return CallEnd("pauses", message=error.message)
    if isinstance(error, SkipJob):
        return CallEnd("skips", error.reason, error.message, error.duplicate_of)
    if isinstance(error, Refusal):
        return CallEnd("refused", error.code, error.message, error.field, error.retry_after)
    if _is_lack_of_memory(error):
        return CallEnd("memory")
    detail = "".join(traceback.format_exception(error))[-DETAIL_CHARACTERS:]
    return CallEnd("full" if is_disk_full(error) else "bug", detail=detail)


def _is_lack_of_memory(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None
