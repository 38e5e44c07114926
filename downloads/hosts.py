"""Politeness towards hosts: how many transfers at once, and when a host asked to wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import anyio

from base.resilience import Clock, jittered
from downloads.shared_hosts import POLL_SECONDS, RedisHosts

PER_HOST = 2
FIRST_PAUSE_SECONDS = 5.0
MAX_PAUSE_SECONDS = 300.0
"""A host that says 429 or 503 and not for how long is left alone for 5 s, then twice as long each time, up to 5 min."""
_KEPT_HOSTS = 1_000


@dataclass
class _Host:
    active: int = 0
    waiting: int = 0
    strikes: int = 0
    is_probed: bool = False
    open_at: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_idle(self) -> bool:
        return not self.active and not self.waiting

    def tell(self) -> None:
        """Wake all that wait for a change."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()


class HostSlot:
    """One transfer that a host has at the moment, until it ends.

    Args:
        held: What is left when it ends.
    """

    def __init__(self, held: AsyncExitStack) -> None:
        self._held = held
        self._ending: asyncio.Task[None] | None = None

    def end(self) -> None:
        """Let another transfer begin; whoever holds the slot may go on with what has come."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._held.aclose())

    async def ended(self) -> None:
        """End it, if it has not ended, and wait until others may begin; safe in a cancelled task."""
        self.end()
        if self._ending is not None:
            with anyio.CancelScope(shield=True):
                await asyncio.shield(self._ending)


class HostLimiter:
    """At most `per_host` transfers from a host at once; all of this process share one. Belongs to one event loop.

    A host that asked to wait is left alone, then asked by one transfer; the others follow once that was answered. What
    `shared` knows holds over all processes.
    """

    def __init__(
        self,
        per_host: int = PER_HOST,
        *,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        clock: Clock = time.monotonic,
        shared: RedisHosts | None = None,
    ) -> None:
        self._shared = shared
        self._per_host = per_host
        self._first_pause_seconds = first_pause_seconds
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def slot(
        self, name: str, on_wait: Callable[[float], None] = lambda _seconds: None
    ) -> AsyncIterator[HostSlot]:
        """One transfer from the host `name`, while the block lasts and its slot has not ended.

        Args:
            name: In lower case, without a dot at its end.
            on_wait: Told once for how many seconds the host asked to be left alone, where it did.
        """
        self._forget_old()
        host = self._hosts.setdefault(name, _Host())
        host.waiting += 1
        try:
            is_probe = await self._enter(host, on_wait)
        finally:
            host.waiting -= 1
            self._forget(name, host)
        async with AsyncExitStack() as held:
            held.callback(self._leave, name, host, is_probe=is_probe)
            await held.enter_async_context(self._shared_slot(name, host, on_wait))
            slot = HostSlot(held.pop_all())
            try:
                yield slot
            finally:
                await slot.ended()

    async def answered(self, name: str) -> None:
        """The host answered as it should: nothing holds the others back."""
        if (host := self._hosts.get(name)) is not None and host.strikes:
            host.strikes, host.open_at, host.is_probed = 0, 0.0, False
            host.tell()
            if self._shared is not None:
                await self._shared.answered(name)

    async def cool_down(self, name: str, seconds: float | None) -> float:
        """The host asked to be left alone; `seconds` is None or 0 where it did not say for how long. Returns for how long."""
        host = self._hosts.setdefault(name, _Host())
        now = self._clock()
        if now >= host.open_at:  # several answers of one moment are one request to wait
            host.strikes += 1
        own = min(self._first_pause_seconds * 2 ** min(host.strikes - 1, 10), MAX_PAUSE_SECONDS)
        pause = seconds or jittered(own, 0.1)
        if self._shared is not None:
            pause = max(
                pause, await self._shared.cool_down(name, seconds, self._first_pause_seconds, MAX_PAUSE_SECONDS)
            )
        host.open_at = max(host.open_at, now + pause)
        host.is_probed = False
        host.tell()
        return host.open_at - now

    def active(self, name: str) -> int:
        """How many transfers from it run."""
        return self._hosts[name].active if name in self._hosts else 0

    def seconds_to_wait(self, name: str) -> float:
        """For how long it asked to be left alone; 0 where it did not."""
        return max(self._hosts[name].open_at - self._clock(), 0.0) if name in self._hosts else 0.0

    @asynccontextmanager
    async def _shared_slot(self, name: str, host: _Host, on_wait: Callable[[float], None]) -> AsyncIterator[None]:
        """The slot among all processes, where these share what they know."""
        if self._shared is None:
            yield
            return
        is_told = False
        async with self._shared.slot(name) as entry:
            while (seconds := await entry.enter()) is not None:
                if seconds and not is_told:
                    is_told = True
                    host.open_at = max(host.open_at, self._clock() + seconds)
                    on_wait(seconds)
                await asyncio.sleep(seconds or jittered(POLL_SECONDS, 0.5))
            if entry.is_probe:
                host.strikes = max(host.strikes, 1)
            yield

    async def _enter(self, host: _Host, on_wait: Callable[[float], None]) -> bool:
        """Wait until the host may be asked; whether this is the probe of one that asked to wait."""
        is_told = False
        while not self._may_begin(host):
            seconds = host.open_at - self._clock()
            if seconds > 0 and not is_told:
                is_told = True
                on_wait(seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds if seconds > 0 else None):
                    await host.changed.wait()
        host.active += 1
        host.is_probed |= host.strikes > 0
        return host.strikes > 0

    def _leave(self, name: str, host: _Host, *, is_probe: bool) -> None:
        """A transfer has ended."""
        host.active -= 1
        host.is_probed &= not is_probe
        self._forget(name, host)
        host.tell()

    def _may_begin(self, host: _Host) -> bool:
        is_free = host.active < self._per_host and self._clock() >= host.open_at
        return is_free and not (host.strikes and host.is_probed)

    def _forget(self, name: str, host: _Host) -> None:
        if host.is_idle and not host.strikes and self._hosts.get(name) is host:
            del self._hosts[name]

    def _forget_old(self) -> None:
        """Hosts that nobody asks any more keep their strikes only while there are few of them."""
        if len(self._hosts) > _KEPT_HOSTS:
            now = self._clock()
            for name in [name for name, host in self._hosts.items() if host.is_idle and now >= host.open_at]:
                del self._hosts[name]
