"""Threads for the disk, so that the event loop never waits."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads:
    """So many threads at most; a slow disk then holds up nobody else's."""

    def __init__(self, count: int = 32) -> None:
        self._pool = ThreadPoolExecutor(count, "storage")

    def run(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> "asyncio.Future[T]":
        """Call `function` in a thread; it runs on where nobody waits for the result any more."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._pool.submit(_settle, loop, future, partial(function, *arguments, **named))
        return future

    def submit(self, function: Callable[[], None]) -> None:
        """Call `function` in a thread, from any thread."""
        self._pool.submit(function)


class SerialExecutor:
    """Calls that are made one after the other, in the order in which they were asked for, without a pause in between."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_moving = False
        self._lock = Lock()

    def submit(self, call: Callable[[], None]) -> None:
        """Make `call`, which must not raise, in a thread once everything before it is done."""
        with self._lock:
            self._waiting.append(call)
            must_start, self._is_moving = not self._is_moving, True
        if must_start:
            self._threads.submit(self._move)

    def _move(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Callable[[], None] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._is_moving = False
            return None


def _settle(loop: asyncio.AbstractEventLoop, future: "asyncio.Future[Any]", call: Callable[[], Any]) -> None:
    """In a thread: make the call, and tell who waits for it in the loop."""
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001  it is raised where the call is waited for
        loop.call_soon_threadsafe(_fail, future, error)
    else:
        loop.call_soon_threadsafe(_succeed, future, result)


def _succeed(future: "asyncio.Future[Any]", result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
