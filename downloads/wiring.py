"""Services of downloads: what a server needs to begin them, and to look behind a URL."""

import asyncio
from dataclasses import dataclass, field

from auth.sealing import Sealer
from downloads.fetching import Fetching

PLANS_AT_ONCE = 8


@dataclass(frozen=True)
class PlanPatience:
    """How long the servers of a plan are waited for.

    Attributes:
        resolve_seconds: To find the files; then the plan is refused.
        probe_seconds: For all files together; what is not known by then stays unknown.
    """

    resolve_seconds: float = 15.0
    probe_seconds: float = 10.0


@dataclass(frozen=True)
class DownloadServices:
    """What the programs opened for requests.

    Attributes:
        sealer: Of what is secret in their options.
        fetching: By what servers are asked about files.
        is_private_allowed: Whether private addresses may be fetched from.
        allowed_proxies: Those that a download may name.
        max_unfinished: Unfinished jobs that one user may have; 0 = any number.
        patience: With the servers of a plan.
        plans: Slots for plans that are being made.
    """

    sealer: Sealer
    fetching: Fetching
    is_private_allowed: bool = False
    allowed_proxies: frozenset[str] = frozenset()
    max_unfinished: int = 0
    patience: PlanPatience = PlanPatience()
    plans: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PLANS_AT_ONCE))
