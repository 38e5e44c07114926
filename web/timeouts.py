"""Timeouts for work that may hang and cannot be told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Found = TypeVar("Found")

_left_behind: set[asyncio.Task[Any]] = set()
"""They were cancelled and have not ended yet; the event loop itself does not keep them alive."""


async def with_timeout(seconds: float | None, work: Coroutine[Any, Any, Found]) -> Found:
    """What `work` comes to; after `seconds` (None: never) it is cancelled and left to end when it can.

    A database that hangs cannot be told to stop, and who waits for that hangs with it.

    Raises:
        TimeoutError: It was not done in time.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _leave(task)
    if not task.done():
        raise TimeoutError
    return task.result()


def _leave(task: asyncio.Task[Any]) -> None:
    task.cancel()
    _left_behind.add(task)
    task.add_done_callback(_left_behind.discard)
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
