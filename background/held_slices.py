"""Slices that a worker holds, each with its asyncio task."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from jobs.scheduling.claims import Claim


class HeldSlices:
    """What is being done, and whether more may be taken."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._tasks: dict[Claim, asyncio.Task[None]] = {}

    @contextmanager
    def holding(self, claim: Claim, task: asyncio.Task[None]) -> Iterator[None]:
        """Hold `claim` while the block lasts; `task`, which does it, is cancelled when it is to stop."""
        self._tasks[claim] = task
        if self.is_stopping:
            task.cancel()
        try:
            yield
        finally:
            del self._tasks[claim]

    @property
    def claims(self) -> list[Claim]:
        """All that is held."""
        return list(self._tasks)

    def stop(self, claims: Iterable[Claim]) -> None:
        """Cancel the work on those of `claims` that are held."""
        for claim in claims:
            if task := self._tasks.get(claim):
                task.cancel()

    def stop_all(self) -> None:
        """Cancel all work, and whatever is taken from now on."""
        self.is_stopping = True
        self.stop(self.claims)
