"""Time that passes only where everything waits for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest


@pytest.fixture
async def virtual_time() -> AsyncIterator[None]:
    """The loop's clock stands still while anything can run, and then leaps to the next timer: no machine is slow or fast.

    For what waits by the loop alone; a thread, a process or another clock (`time.monotonic`) does not leap along.
    """
    loop: Any = asyncio.get_running_loop()
    select, now = loop._selector.select, loop.time()

    def leap(timeout: float | None) -> Any:
        nonlocal now
        ready = select(timeout if timeout is None else 0)
        if not ready and timeout:
            now += timeout
        return ready

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "time", lambda: now)
        patch.setattr(loop._selector, "select", leap)
        yield
