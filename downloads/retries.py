"""Retries with exponential back-off and jitter, and Retry-After."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from base.words import LogLevel
from downloads.failures import FetchFailed
from downloads.options import FetchOptions
from egress.dates import parse_date
from egress.retry_after import parse_retry_after

Result = TypeVar("Result")
Log = Callable[[LogLevel, str], None]
"""Told, in sentences for people, of what the owner should know."""

OnWait = Callable[[str, float], None]
"""Told the host and the seconds, where it asked to be left alone and is waited for."""

MAX_PAUSE_SECONDS = 3_600.0
"""No server is waited for longer, whatever it or the back-off says."""


def retry_after_seconds(header: str | None, date: str | None, now: datetime) -> float | None:
    """How long a server asks to wait, at most an hour; None where it does not, or in no form of RFC 9110, section 10.2.3.

    Args:
        header: Retry-After: whole seconds or a date.
        date: The answer's own Date: with it the pause is right even where a clock is wrong.
        now: Our time, where the answer has no Date.
    """
    wait = parse_retry_after(header or "", parse_date(date) or now)
    return None if wait is None else min(wait.total_seconds(), MAX_PAUSE_SECONDS)


def backoff_seconds(retry: int, first_seconds: float) -> float:
    """The pause before retry number `retry` (from 1): `first_seconds`, doubled each time, up to a quarter more or less."""
    pause = first_seconds * 2.0 ** min(retry - 1, 40) * random.uniform(0.75, 1.25)  # noqa: S311  no secret
    return min(pause, MAX_PAUSE_SECONDS)


def pass_over_wait(_host: str, _seconds: float) -> None:
    """Nobody is told."""


def logged_wait(log: Log, on_wait: OnWait) -> OnWait:
    """`on_wait`, which the owner reads in the log, too."""

    def tell(host: str, seconds: float) -> None:
        log(LogLevel.INFO, f"Waiting {seconds:.0f} s for {host}, as the server asked.")
        on_wait(host, seconds)

    return tell


async def retry_transient(
    attempt: Callable[[], Awaitable[Result]],
    options: FetchOptions,
    log: Log,
    before_pause: Callable[[], Awaitable[None]] | None = None,
) -> Result:
    """Do `attempt` again, after a pause, while it fails in a way that may pass and retries are left.

    Raises:
        FetchFailed: The last one.
    """
    retry = 0
    while True:
        try:
            return await attempt()
        except FetchFailed as failure:
            retry += 1
            if not failure.is_transient or retry > options.max_retries:
                raise
            if before_pause is not None:
                await before_pause()
            pause = backoff_seconds(retry, options.retry_interval_seconds)
            log(LogLevel.WARNING, f"{failure.message} Retry {retry} of {options.max_retries} in {pause:.1f} s.")
        await asyncio.sleep(pause)
