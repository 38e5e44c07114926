"""A harness of workers: it makes them and their jobs, and waits for what is to happen."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from background.executors.async_io import AsyncIoExecutor
from background.executors.child import ChildExecutor
from background.executors.executor import Executor
from background.slice_runner import REST_SECONDS
from background.worker import Worker
from base.words import JobStatus
from models import File, Job
from processors.contract import ExecutorName
from storage.local.storage import LocalStorage
from tests.job_harness import JobHarness

MEMORY_BYTES = 256 * 2**20
on_sqlite = pytest.mark.parametrize("template", ["sqlite"], indirect=True)
"""For what has little to do with the database and takes long."""


@dataclass
class WorkerHarness:
    """Workers of a test, and jobs for them."""

    jobs: JobHarness
    stack: AsyncExitStack

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.jobs.folder)

    async def worker(
        self, name: str = "here:1", count: int = 2, silence_seconds: float = 0, rest_seconds: float = REST_SECONDS
    ) -> Worker:
        """A worker that obeys, with its own executors; `work` is called by the test."""
        children = await self.stack.enter_async_context(ChildExecutor(count, MEMORY_BYTES, silence_seconds))
        coroutines = await self.stack.enter_async_context(AsyncIoExecutor(4, silence_seconds))
        executors: dict[ExecutorName, Executor] = {ExecutorName.CHILD: children, ExecutorName.ASYNC_IO: coroutines}
        worker = Worker(name, executors, self.storage, self.jobs.outbox, self.jobs.hub, rest_seconds=rest_seconds)
        obeying = asyncio.create_task(worker.listen_for_stops())
        self.stack.push_async_callback(asyncio.wait, [obeying])
        self.stack.callback(obeying.cancel)
        self.stack.push_async_callback(worker.stop)
        await asyncio.sleep(0)
        return worker

    async def add_job(self, *, folder: Path | None = None, **script: Any) -> Job:
        return await self.jobs.add_job(options={**script, "folder": str(folder or self.jobs.folder)})

    async def run(self, job: Job) -> Job:
        """The job after one worker has done all there is."""
        await (await self.worker()).work()
        return await Job.get(id=job.id)

    async def report(self, job: Job) -> list[list[Any]]:
        """What `finish` was given: index, status and result of each item."""
        file = await File.get(job_id=job.id, name="report.json", item_id=None)
        return orjson.loads(self.storage.path_of(file.storage_key).read_bytes())  # type: ignore[no-any-return]


async def wait_until(is_so: Callable[[], Any], seconds: float = 30) -> float:
    begin = asyncio.get_running_loop().time()
    while True:
        found = is_so()
        if await found if asyncio.iscoroutine(found) else found:
            return asyncio.get_running_loop().time() - begin
        assert asyncio.get_running_loop().time() - begin < seconds
        await asyncio.sleep(0.01)


async def wait_for_status(job: Job, status: JobStatus, seconds: float = 30) -> float:
    async def is_there() -> bool:
        return (await Job.get(id=job.id)).status is status

    return await wait_until(is_there, seconds)
