"""Fault injection: the parts of an installation are killed, restarted, and held for a moment."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from client.server_process import ServerFailed, ServerProcess
from tests.journeys.installation import Installation

EVERY_SECONDS = 5.0
LONGEST_AWAY_SECONDS = 2.0
LONGEST_HOLD_SECONDS = 4.0


@dataclass(frozen=True)
class Fault:
    """One thing that happens to one part, and is over when the part works again."""

    part: str
    what: str
    inject: Callable[[], Awaitable[None]]


@dataclass
class FaultInjector:
    """Injects faults at random, by a seed; `injected` says which, for people."""

    installation: Installation
    rng: random.Random
    injected: list[str] = field(default_factory=list)

    async def inject_for(self, seconds: float) -> None:
        """One every 5 s, each to a part that has got over the last one; returns once all parts work again."""
        faults = [*self._of_postgres(), *self._of_redis(), *self._of_processes()]
        busy: dict[str, asyncio.Task[None]] = {}
        began = time.monotonic()
        async with asyncio.TaskGroup() as injecting:
            while time.monotonic() < began + seconds:
                free = {fault.part for fault in faults} - {part for part, task in busy.items() if not task.done()}
                kind = self.rng.choice(sorted({part.split()[0] for part in free}))
                part = self.rng.choice(sorted(part for part in free if part.startswith(kind)))
                fault = self.rng.choice([fault for fault in faults if fault.part == part])
                self.injected.append(f"{time.monotonic() - began:6.1f} s  {fault.part}: {fault.what}")
                busy[part] = injecting.create_task(_inject(fault))
                await asyncio.sleep(EVERY_SECONDS)

    def _of_postgres(self) -> list[Fault]:
        postgres = self.installation.postgres
        return [
            Fault("postgres", "kill -9", self._in_thread(postgres.kill, postgres.start)),
            Fault(
                "postgres", "restart -m immediate", self._in_thread(lambda: postgres.stop("immediate"), postgres.start)
            ),
            Fault("postgres", "restart -m fast", self._in_thread(lambda: postgres.stop("fast"), postgres.start)),
            Fault("postgres", "held", self._in_thread(postgres.hold, postgres.let_go, LONGEST_HOLD_SECONDS)),
        ]

    def _of_redis(self) -> list[Fault]:
        redis = self.installation.redis
        return [
            Fault("redis", "kill -9", self._in_thread(redis.kill, redis.start)),
            Fault("redis", "restart", self._in_thread(redis.stop, redis.start)),
            Fault("redis", "held", self._in_thread(redis.hold, redis.let_go, LONGEST_HOLD_SECONDS)),
        ]

    def _of_processes(self) -> list[Fault]:
        servers = [(f"server {n}", process) for n, process in enumerate(self.installation.servers, 1)]
        workers = [(f"worker {n}", process) for n, process in enumerate(self.installation.workers, 1)]
        return [
            Fault(name, what, inject)
            for name, process in (*servers, *workers)
            for what, inject in (
                ("kill -9", self._ended(process, process.kill)),
                ("restart", self._ended(process, process.stop)),
                ("held", self._held(process)),
            )
        ]

    def _in_thread(
        self, hurt: Callable[[], None], heal: Callable[[], None], longest_seconds: float = LONGEST_AWAY_SECONDS
    ) -> Callable[[], Awaitable[None]]:
        async def inject() -> None:
            await asyncio.to_thread(hurt)
            await asyncio.sleep(self.rng.uniform(0, longest_seconds))
            await asyncio.to_thread(heal)

        return inject

    def _ended(self, process: ServerProcess, end: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        async def inject() -> None:
            await end()
            await asyncio.sleep(self.rng.uniform(0, LONGEST_AWAY_SECONDS))
            await revive(process)

        return inject

    def _held(self, process: ServerProcess) -> Callable[[], Awaitable[None]]:
        async def inject() -> None:
            process.hold()
            await asyncio.sleep(self.rng.uniform(0, LONGEST_HOLD_SECONDS))
            process.let_go()

        return inject


async def revive(process: ServerProcess) -> None:
    """Start it as a supervisor does: again, where it ended because what it needs is away just now."""
    while True:
        try:
            await process.start()
        except ServerFailed:
            await process.kill()
            await asyncio.sleep(0.5)
        else:
            return


async def _inject(fault: Fault) -> None:
    try:
        await fault.inject()
    except Exception as error:
        error.add_note(f"after the fault in {fault.part}: {fault.what}")
        raise
