"""Duties: what goes on beside requests, from the opening of a part of the program to its end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from base.logging import log_for

log = log_for(__name__)


@asynccontextmanager
async def on_duty(*duties: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `duties`, which do not end by themselves, while the block lasts; one that ends earlier is told in the log."""
    tasks = [asyncio.create_task(duty) for duty in duties]
    for task in tasks:
        task.add_done_callback(_complain)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a part of what runs without requests ended; restart the server", exc_info=error)


def is_cancelled() -> bool:
    """Whether somebody cancelled this very task, and not only what it waits for, or whose end it was told otherwise."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
