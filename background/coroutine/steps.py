"""The driver of a coroutine: takes it step by step, and can refuse to take another."""

import asyncio
import contextlib
from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

from background.coroutine.watchdog import LoopWatchdog

T = TypeVar("T")


class Steps(Generic[T]):
    """Drives one coroutine inside a task; a step is what it does between two awaits.

    A coroutine that ignores its cancelling can be abandoned: it is never called again.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T], label: str, watchdog: LoopWatchdog) -> None:
        self._coroutine = coroutine
        self._label = label
        self._watchdog = watchdog
        self._is_abandoned = False

    def abandon(self) -> None:
        """Let the coroutine take no further step; cancel the task then, so that it comes to where the next would be."""
        self._is_abandoned = True

    def __await__(self) -> Generator[Any, Any, T]:
        """What the coroutine returns or raises; CancelledError once it is abandoned."""
        error: BaseException | None = None
        while not self._is_abandoned:
            try:
                awaited = self._step(error)
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]
            error = None
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001  all of it is the coroutine's
                error = raised
        with contextlib.suppress(BaseException):  # it may ignore this, too
            self._coroutine.close()
        raise asyncio.CancelledError

    def _step(self, error: BaseException | None) -> Any:
        self._watchdog.begin_step(self._label)
        try:
            return self._coroutine.send(None) if error is None else self._coroutine.throw(error)
        finally:
            self._watchdog.end_step()

    def close(self) -> None:
        """Let go of a coroutine that was never awaited."""
        self._coroutine.close()
