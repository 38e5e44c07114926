"""A harness of downloads: jobs of the kind, and workers that do them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from auth.keys import Keys
from auth.sealing import Sealer
from background.executors.async_io import AsyncIoExecutor
from background.worker import Worker
from downloads.client import Client
from downloads.connections import open_connections
from downloads.fetch import Fetcher
from downloads.fetching import Fetching
from downloads.hosts import PER_HOST, HostLimiter
from downloads.kind import KIND
from downloads.processor import DownloadProcessor
from downloads.resolving.registry import load_resolvers
from downloads.resolving.resolve import Resolving
from downloads.secrets import PURPOSE, seal_options
from jobs.creation import NewJob
from jobs.lifecycle import create_job
from models import File, Item, Job
from processors.contract import ExecutorName
from storage.local.storage import LocalStorage
from storage.ports import Storage
from tests.job_harness import JobHarness

CONTENT = bytes(range(256)) * 4_096
"""1 MiB."""
SEALER = Sealer(Keys("a secret of the tests, long enough"), PURPOSE)


@dataclass
class DownloadHarness:
    """Downloads of one user, and workers for them."""

    jobs: JobHarness
    stack: AsyncExitStack
    fetching: Fetching

    @property
    def storage(self) -> LocalStorage:
        return LocalStorage(self.jobs.folder)

    async def add(self, url: str, **options: Any) -> Job:
        """A download that waits for a worker."""
        options = {"url": url, "retryInterval": 0.001, **options}
        stored = seal_options(SEALER, options, "input.options")
        new = NewJob(KIND.name, stored, (), download_url=stored["url"])
        return await create_job(self.jobs.viewer, KIND, new, self.jobs.outbox)

    async def worker(self, storage: Storage | None = None) -> Worker:
        """A worker that obeys; `work` is called by the test."""
        fetching = self.fetching
        if storage is not None:
            fetching = replace(fetching, storage=storage, fetcher=Fetcher(fetching.fetcher._client, storage))
        executor = await self.stack.enter_async_context(
            AsyncIoExecutor(4, makers={KIND.name: partial(DownloadProcessor, fetching)})
        )
        worker = Worker(
            "here:1", {ExecutorName.ASYNC_IO: executor}, storage or self.storage, self.jobs.outbox, self.jobs.hub
        )
        obeying = asyncio.create_task(worker.listen_for_stops())
        self.stack.push_async_callback(asyncio.wait, [obeying])
        self.stack.callback(obeying.cancel)
        self.stack.push_async_callback(worker.stop)
        await asyncio.sleep(0)
        return worker

    async def run(self, job: Job) -> Job:
        """The job after one worker has done all there is."""
        await (await self.worker()).work()
        return await Job.get(id=job.id)

    async def item(self, job: Job, index: int = 0) -> Item:
        return await Item.get(job_id=job.id, index=index)

    async def contents(self, job: Job) -> dict[str, bytes]:
        """What was handed out, by name."""
        files = await File.filter(job_id=job.id)
        return {file.name: self.storage.path_of(file.storage_key).read_bytes() for file in files}

    def partials(self) -> list[Path]:
        """What lies in the storage of transfers."""
        return sorted(path for path in (self.jobs.folder / "partials").glob("*/*") if path.is_file())


@asynccontextmanager
async def opened_harness(folder: Path, per_host: int = PER_HOST) -> AsyncIterator[DownloadHarness]:
    """A harness over `folder`, in the database that is open; so many transfers from a host at once."""
    storage = LocalStorage(folder)
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(open_connections(is_private_allowed=True))
        hosts = HostLimiter(per_host, first_pause_seconds=0.01)
        client = Client(connections, hosts)
        resolving = Resolving(client, load_resolvers())
        fetching = Fetching(client, resolving, Fetcher(client, storage), hosts, storage, lambda: SEALER)
        yield DownloadHarness(JobHarness(folder, kind=KIND), stack, fetching)
