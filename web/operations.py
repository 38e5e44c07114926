"""Results of operations, their deadlines, and their records."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar, cast

import orjson
from strawberry.http import process_result
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from base.errors import Refusal
from base.logging import LogContext, current_log_context
from schema.answers import Deadline, deadline
from schema.documents import OperationInfo
from schema.errors import graphql_error
from web.metrics import count_operation

Found = TypeVar("Found")


@dataclass
class RefusedResult(PreExecutionError):  # noqa: N818  Strawberry calls a result an error
    """The result of an operation that was refused as a whole.

    Attributes:
        refusal: Why; over HTTP it has a status and headers.
    """

    refusal: Refusal | None = None


def refused(refusal: Refusal) -> RefusedResult:
    """The result of what is refused as a whole."""
    return RefusedResult(data=None, errors=[graphql_error(refusal)], refusal=refusal)


def is_refused(result: ExecutionResult) -> bool:
    """Whether the operation was refused before its first field, or its events came to an end by an error."""
    return result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())


def first_error_code(result: ExecutionResult) -> str | None:
    """The code of the first error of `result`; None where all went well."""
    return next((str((error.extensions or {}).get("code")) for error in result.errors or ()), None)


def encode_result(result: ExecutionResult) -> bytes:
    """A result in JSON, in one line; one that was refused has no `data`."""
    response = process_result(result)
    if is_refused(result):
        del response["data"]
    return orjson.dumps(response)


@contextmanager
def record_operation(info: OperationInfo) -> Iterator[LogContext]:
    """Record an operation in the present log context, and count it under the code there when the block is left."""
    log_context = current_log_context.get() or LogContext()
    log_context.operation = info.name or info.field
    started = time.perf_counter()
    try:
        yield log_context
    finally:
        count_operation(info, log_context.code, time.perf_counter() - started)


@contextmanager
def record_refusal(info: OperationInfo) -> Iterator[None]:
    """Record an operation that is refused in the block, and no other one."""
    try:
        yield
    except Refusal as refusal:
        with record_operation(info) as log_context:
            log_context.code = refusal.code
        raise


async def with_deadline(seconds: float | None, work: Awaitable[Found], since: float | None = None) -> Found:
    """What `work` comes to; after `seconds` it is cancelled, wherever it is, and its transaction undone. None: never.

    Args:
        seconds: How long it may take.
        work: What is waited for.
        since: When that time began, by the clock of the event loop; None: now.

    Raises:
        Refusal: TIMED_OUT.
    """
    now = asyncio.get_running_loop().time()
    end = None if seconds is None else (now if since is None else since) + seconds
    known = None if seconds is None or end is None else Deadline(seconds, time.monotonic() + end - now)
    token = deadline.set(known)
    steps, limit = work.__await__(), None
    try:
        first = next(steps)  # what waits for nothing ends here, and needs no timer
        async with asyncio.timeout_at(end) as limit:
            return await _Rest(first, steps)
    except StopIteration as end_of_work:
        return cast("Found", end_of_work.value)
    except TimeoutError:
        if known is None or limit is None or not limit.expired():
            raise
        raise known.refusal() from None
    finally:
        deadline.reset(token)


class _Rest(Generic[Found]):
    """What is left of something to await after its first step, which waits for `first`."""

    def __init__(self, first: Any, steps: Generator[Any, Any, Found]) -> None:
        self._first = first
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Found]:
        waited_for = self._first
        while True:
            try:
                yield waited_for
                step: Callable[[], Any] = partial(next, self._steps)
            except BaseException as error:  # noqa: BLE001  whatever it is, it is the work's
                step = partial(self._steps.throw, error)
            try:
                waited_for = step()
            except StopIteration as end:
                return cast("Found", end.value)
