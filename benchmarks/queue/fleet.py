"""Servers and workers under measurement, and a client that watches."""

import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.queue.databases import made_database
from benchmarks.queue.empty import KIND, Empty
from client.api import Waybill
from client.kinds import install_kind
from client.server_process import ServerProcess, WorkerProcess

_CREATE = "mutation ($work: TaskWork!) { createTask(input: {work: $work}) { id } }"
_WATCH = (
    "subscription ($id: ID!) { taskUpdated(id: $id) { id status stage statusMessage progress { completedSlices } } }"
)
_EVENTS = "query ($id: ID!) { task(id: $id) { events(first: 20) { nodes { at status } } } }"


@dataclass(frozen=True)
class Services:
    """Where PostgreSQL and Redis are."""

    database_url: str
    redis_url: str


@dataclass
class Fleet:
    """A server that is signed in to, and workers beside it."""

    folder: Path
    environment: dict[str, str]
    waybill: Waybill
    workers: list[WorkerProcess] = field(default_factory=list)

    async def add_worker(self) -> WorkerProcess:
        """One more, with one child process."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = WorkerProcess(self.folder / "data", {**self.environment, "WAYBILL_WORKERS": "1"}, log)
        await worker.start()
        self.workers.append(worker)
        return worker

    async def watch(self, slices: int, seconds: float = 0) -> AsyncIterator[tuple[dict[str, Any], float]]:
        """Every state of a new job of empty slices, with the moment at which it was heard of."""
        work = {"custom": {"kind": "empty", "options": {"slices": slices, "seconds": seconds}}}
        task = await self.waybill.execute(_CREATE, {"work": work})
        async for message in self.waybill.subscribe(_WATCH, {"id": task["createTask"]["id"]}):
            state: dict[str, Any] = message["taskUpdated"]
            if state["status"] == "FAILED":
                sys.exit(f"The job failed: {state['statusMessage']}")
            yield state, time.perf_counter()

    async def first_running(self, task_id: str, since: datetime) -> datetime | None:
        """When the task's history first says after `since` that it runs."""
        task = await self.waybill.execute(_EVENTS, {"id": task_id})
        events = ((event["status"], datetime.fromisoformat(event["at"])) for event in task["task"]["events"]["nodes"])
        return next((at for status, at in events if status == "PROCESSING" and at > since), None)


@asynccontextmanager
async def running_fleet(folder: Path, services: Services | None, workers: int) -> AsyncIterator[Fleet]:
    """A server with so many workers beside it, or with so many child processes inside where there are no services."""
    environment = {
        "PYTHONPATH": install_kind(folder / "kinds", KIND.name, f"{Empty.__module__}:KIND"),
        "WAYBILL_LOG_LEVEL": "warning",
        "WAYBILL_RUNNING_JOBS_PER_USER": "0",
    }
    async with AsyncExitStack() as stack:
        if services:
            environment |= {
                "WAYBILL_DATABASE_URL": await stack.enter_async_context(made_database(services.database_url)),
                "WAYBILL_REDIS_URL": services.redis_url,
                "WAYBILL_REDIS_PREFIX": f"bench-{uuid.uuid4().hex[:8]}",
            }
        inside = {"WAYBILL_WORKERS": "0" if services else str(workers)}
        server = await stack.enter_async_context(ServerProcess(folder / "data", {**environment, **inside}))
        waybill = await stack.enter_async_context(Waybill(server.base_url))
        await waybill.login(server.admin_name, server.admin_password)
        fleet = Fleet(folder, environment, waybill)
        try:
            for _ in range(workers if services else 0):
                await fleet.add_worker()
            yield fleet
        finally:
            for worker in fleet.workers:
                await worker.stop()
