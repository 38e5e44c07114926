"""Supervision of what runs beside requests."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from base.logging import log_for

log = log_for(__name__)


@asynccontextmanager
async def supervise(*parts: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `parts`, which do not end by themselves, while the block lasts; one that ends earlier is logged as critical."""
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a part of what runs without requests ended; restart the server", exc_info=error)


def is_cancelled() -> bool:
    """Whether somebody cancelled this very task, and not only what it waits for, or whose end it was told otherwise."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
