"""Work without a request, which a server and a worker do alike.

Deliveries of webhooks, and slices of jobs.
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from app.auth import read_keys
from app.enrichment import opened_enrichers
from app.messaging import Messaging
from auth.sealing import Sealer
from background.deliveries import running_dispatcher
from background.executors.opening import executors_for
from background.provisions import Provisions
from background.running import running_worker
from background.worker import worker_name, worker_prefix
from base.settings import Settings
from downloads.fetching import Fetching, opened_fetching
from downloads.kind import KIND as DOWNLOAD
from downloads.processor import DownloadProcessor
from downloads.proxies import Proxies, read_system_proxies
from downloads.secrets import PURPOSE
from egress.session import guarded_session
from jobs.outbox import Outbox
from jobs.scheduling.leases import recover_slices
from jobs.scheduling.selection import Budget
from processors.contract import Enricher
from storage.ports import Storage
from webhooks.leases import recover_deliveries
from webhooks.sending import Sender


@dataclass(frozen=True)
class BackgroundServices:
    """Services of work without a request."""

    settings: Settings
    messaging: Messaging
    storage: Storage
    sender: Sender
    fetching: Fetching
    enrichers: Mapping[str, Enricher]


@asynccontextmanager
async def opened_background(
    settings: Settings, messaging: Messaging, storage: Storage
) -> AsyncIterator[BackgroundServices]:
    """Open what sends webhooks, what fetches and what enriches; nothing works before `running_background`."""

    def sealer() -> Sealer:
        return Sealer(read_keys(settings), PURPOSE)

    async with (
        guarded_session(is_private_allowed=settings.webhook_allow_private) as session,
        opened_fetching(
            storage,
            sealer,
            is_private_allowed=settings.download_allow_private,
            proxies=Proxies(frozenset(settings.allowed_proxies), read_system_proxies(os.environ)),
            redis=messaging.redis,
            redis_prefix=settings.redis_prefix,
            bytes_per_user=settings.upload_bytes_per_user,
        ) as fetching,
        opened_enrichers(settings) as enrichers,
    ):
        yield BackgroundServices(settings, messaging, storage, Sender(session), fetching, enrichers)


@asynccontextmanager
async def running_background(services: BackgroundServices) -> AsyncIterator[None]:
    """Deliver, and work on slices with as many child processes as the settings say, until the block is left."""
    settings, messaging = services.settings, services.messaging
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running_dispatcher(services.sender, messaging.delivery_queue))
        if settings.workers:
            worker = running_worker(
                worker_name(_instance(settings)),
                executors_for(settings, {DOWNLOAD.name: partial(DownloadProcessor, services.fetching)}),
                services.storage,
                messaging.outbox,
                messaging.hub,
                messaging.work_queue,
                Budget.of(settings),
                enrichers=services.enrichers,
                provisions=Provisions.of(settings),
            )
            await stack.enter_async_context(worker)
            await messaging.work_queue.send_wake_up()
        yield


async def recover_leases(settings: Settings, outbox: Outbox, storage: Storage) -> None:
    """Void what an earlier process of a server that is alone held; beside others leases end by themselves."""
    await recover_slices(worker_prefix(_instance(settings)), outbox)
    await recover_deliveries()
    await storage.remove_folder("work")


def _instance(settings: Settings) -> str:
    return str(settings.data_dir.absolute())
