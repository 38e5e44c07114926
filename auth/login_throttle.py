"""The login throttle: after free failures each costs a growing wait.

Failures are counted by name, by address, and by both together.
"""

import hashlib
import ipaddress
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from cachetools import TTLCache

from base.errors import ErrorCode, Refusal
from base.resilience import CircuitBreaker

FREE_FAILURES = 5
MAX_WAIT_SECONDS = 300.0
MAX_ADDRESS_WAIT_SECONDS = 60.0
"""An address can be that of many people."""
MEMORY_SECONDS = 1_800.0
"""A failure is forgotten so long after the last one of its kind."""
MAX_KEPT = 20_000
_KNOWN_NETWORKS = 1_024
_KNOWN_CHARACTERS = 100
"""Of an address that is read once for all its requests; a proxy may name longer ones."""


def _monotonic() -> float:
    return time.monotonic()


class FailureCounters(Protocol):
    """Counts failures by key; forgets a key `MEMORY_SECONDS` after its last failure."""

    async def counts(self, keys: Sequence[str]) -> list[tuple[int, float]]:
        """For each key its failures, and the seconds since the last one."""

    async def add(self, keys: Sequence[str]) -> None:
        """One more failure of each key."""

    async def clear(self, keys: Sequence[str]) -> None:
        """Forget the keys."""


class MemoryFailureCounters:
    """For one process: the 20,000 keys that were used last."""

    def __init__(self, capacity: int = MAX_KEPT) -> None:
        self._kept: TTLCache[str, tuple[int, float]] = TTLCache(capacity, MEMORY_SECONDS, timer=_monotonic)

    async def counts(self, keys: Sequence[str]) -> list[tuple[int, float]]:
        moment = time.monotonic()
        found = [self._kept.get(key, (0, moment)) for key in keys]
        return [(count, moment - last) for count, last in found]

    async def add(self, keys: Sequence[str]) -> None:
        moment = time.monotonic()
        for key, (count, _) in zip(keys, await self.counts(keys), strict=True):
            self._kept[key] = (count + 1, moment)

    async def clear(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._kept.pop(key, None)


@dataclass(frozen=True)
class Attempt:
    """One try to sign in: its keys say whom it concerns, and hold neither name nor address in readable form."""

    name: str
    address: str | None
    pair: str | None


def attempt_of(username: str, address: str | None) -> Attempt:
    """The attempt of somebody at `address` (None: unknown) to be `username`, whether or not there is such a user."""
    if address is None:
        return Attempt(_key("name", username), None, None)
    network = network_of(address)
    return Attempt(_key("name", username), _key("address", network), _key("pair", f"{network} {username}"))


@dataclass
class LoginThrottle:
    """Decides who has to wait.

    A name is slowed for the addresses from which it was missed before, so that nobody is locked out by a stranger: from
    an address of their own its owner always has a try. An address is slowed for all names.
    """

    counters: FailureCounters = field(default_factory=MemoryFailureCounters)
    _spare: MemoryFailureCounters = field(default_factory=MemoryFailureCounters)
    _breaker: CircuitBreaker = field(
        default_factory=lambda: CircuitBreaker("failures to sign in are counted in this process only")
    )

    async def check(self, attempt: Attempt) -> None:
        """Let the attempt pass.

        Raises:
            Refusal: RATE_LIMITED, with the seconds to wait.
        """
        keys = [key for key in (attempt.name, attempt.address, attempt.pair) if key is not None]
        name, *others = await self._counts(keys)
        is_stranger_to_name = bool(others) and others[1][0] == 0
        wait_of_name = 0.0 if is_stranger_to_name else _wait_after(*name, MAX_WAIT_SECONDS)
        wait_of_address = _wait_after(*others[0], MAX_ADDRESS_WAIT_SECONDS) if others else 0.0
        if (wait := max(wait_of_name, wait_of_address)) > 0:
            message = "Too many attempts to sign in went wrong: wait a little."
            raise Refusal(ErrorCode.RATE_LIMITED, message, retry_after=math.ceil(wait))

    async def failed(self, attempt: Attempt) -> None:
        """The name or the password was wrong."""
        keys = [key for key in (attempt.name, attempt.address, attempt.pair) if key is not None]
        await self._spare.add(keys)
        await self._breaker.call(lambda: self.counters.add(keys), None)

    async def succeeded(self, attempt: Attempt) -> None:
        """Their own mistakes are forgotten; what others did from the same address is not."""
        keys = [key for key in (attempt.name, attempt.pair) if key is not None]
        await self._spare.clear(keys)
        await self._breaker.call(lambda: self.counters.clear(keys), None)

    async def _counts(self, keys: Sequence[str]) -> list[tuple[int, float]]:
        """What is shared, or what this process knows where that cannot be asked."""
        known_here = await self._spare.counts(keys)
        return await self._breaker.call(lambda: self.counters.counts(keys), known_here)


def _wait_after(failures: int, age: float, longest: float) -> float:
    """Seconds that are still to wait: 1 after the fifth failure, then twice as long after each."""
    if failures < FREE_FAILURES:
        return 0.0
    return min(2.0 ** min(failures - FREE_FAILURES, 20), longest) - age


def network_of(address: str) -> str:
    """The address; of IPv6 the /64, which is what one customer has."""
    return _read_network(address) if len(address) > _KNOWN_CHARACTERS else _known_network(address)


def _read_network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


_known_network = lru_cache(_KNOWN_NETWORKS)(_read_network)


def _key(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:32]}"
