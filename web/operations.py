"""What surrounds every operation, over HTTP and over sockets alike: its deadline, its numbers, its line in the log."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from strawberry.types import ExecutionResult

from base.errors import ErrorCode, Refusal
from base.logging import Notes
from schema.documents import Asked
from web.metrics import count_operation

Found = TypeVar("Found")


@contextmanager
def observed(asked: Asked, notes: Notes) -> Iterator[None]:
    """Note what is asked, and count it under the code in `notes` when the block is left."""
    notes.operation = asked.name or asked.field
    started = time.perf_counter()
    try:
        yield
    except Refusal as refusal:
        notes.code = refusal.code
        raise
    finally:
        count_operation(asked, notes.code, time.perf_counter() - started)


def code_of(result: ExecutionResult) -> str | None:
    """The code of the first error of `result`; None where all went well."""
    return next((str((error.extensions or {}).get("code")) for error in result.errors or ()), None)


async def within(seconds: float | None, work: Awaitable[Found]) -> Found:
    """What `work` comes to; after `seconds` it is cancelled, wherever it is, and its transaction undone. None: never.

    Raises:
        Refusal: TIMED_OUT.
    """
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        message = f"The operation was stopped after {seconds:g} s: ask for less at once, or try again later."
        raise Refusal(ErrorCode.TIMED_OUT, message) from None
