"""Bounds of requests, sockets and streams that no setting changes."""

from dataclasses import dataclass

from execution.groups.subscriber import STALLED_SECONDS


@dataclass(frozen=True)
class Bounds:
    """Numbers of bytes and seconds.

    Attributes:
        form_bytes: Of a form with its files.
        recheck_seconds: Callers of what runs for long are looked up again so often, should the process that ended their
            token have died before it told us.
        stalled_seconds: A socket may take nothing for so long while something waits for it.
    """

    form_bytes: int = 100 * 2**20
    recheck_seconds: float = 60.0
    stalled_seconds: float = STALLED_SECONDS
