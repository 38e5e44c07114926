"""The time that all requests of one file may take together."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from downloads.failures import out_of_time


class TimeBudget:
    """So many seconds, of which only those inside of `spend` count; 0 = no limit."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent = 0.0

    @asynccontextmanager
    async def spend(self) -> AsyncIterator[None]:
        """The block runs on this budget.

        Raises:
            FetchFailed: TIMED_OUT: it is used up.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._seconds - self._spent if self._seconds else None) as scope:
                yield
        except TimeoutError:
            if not scope.expired():
                raise
            raise out_of_time(self._seconds) from None
        finally:
            self._spent += time.monotonic() - began
