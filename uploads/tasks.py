"""Work that goes on without its request: each piece once at a time, and none outlives the server."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from base.logging import log_for

log = log_for(__name__)


class Tasks:
    """The running tasks of one process, by the upload that they work on."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[Any]] = {}

    def start(self, upload_id: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        """Begin `work` for this upload, unless something is being done for it already; what is being done."""
        task = self._running.get(upload_id)
        if task is None:
            task = self._running[upload_id] = asyncio.create_task(work())
            task.add_done_callback(lambda done: self._forget(upload_id, done))
        return task

    async def stop(self) -> None:
        """End everything that runs; it will be begun anew at the next start."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _forget(self, upload_id: str, task: asyncio.Task[Any]) -> None:
        del self._running[upload_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work on an upload failed; it will be done again", upload_id=upload_id, exc_info=error)
