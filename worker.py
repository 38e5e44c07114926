"""Program 2: runs `background/` alone, on as many machines as wanted; they share the database, Redis and the data folder."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack

import uvloop

from background.deliveries import running_deliveries
from background.ending import Ending
from background.queue import DELIVERIES, WORK, DocketQueue, is_outage
from background.running import running_worker
from background.worker import worker_name
from base.errors import ErrorCode, Refusal, told
from base.logging import log_for, set_up_logging
from base.settings import VERSION, Settings, SettingsError, load_settings
from events.feed import open_events
from events.hub import Hub
from jobs.choosing import Budget
from jobs.outbox import Outbox
from models.database import DATABASE_TROUBLE, close_database, is_sqlite, open_database
from outgoing.session import outgoing_session
from storage.data_folder import find_data_folder
from storage.local import LocalStorage
from webhooks.sending import Sender

log = log_for("worker")

_PATIENCE_SECONDS = 20.0
"""A server that starts at the same time has so long to make the data folder."""


def main() -> int:
    """Work until told to stop. Returns the exit code."""
    argparse.ArgumentParser(
        prog="worker.py", description="Waybill's worker. Settings are environment variables."
    ).parse_args()
    try:
        settings = load_settings()
        set_up_logging(settings.log_format, settings.log_level, is_outage)
        _check(settings)
        uvloop.run(_work(settings, Ending()))
    except (SettingsError, Refusal) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _check(settings: Settings) -> None:
    if is_sqlite(settings.database_url) or not settings.redis_url:
        message = (
            "A worker of its own needs a database and a Redis that it shares with the servers: set WAYBILL_DATABASE_URL and "
            "WAYBILL_REDIS_URL. A single server needs no worker: it has one inside."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message)
    if not settings.workers:
        raise Refusal(ErrorCode.BAD_INPUT, "WAYBILL_WORKERS is 0: this worker would do nothing.")


async def _work(settings: Settings, ending: Ending) -> None:
    stop = asyncio.Event()
    hub = Hub()
    events = open_events(settings.redis_url, hub, settings.redis_prefix)
    docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, WORK)
    queue = DocketQueue(docket)
    deliveries_docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, DELIVERIES)
    deliveries = DocketQueue(deliveries_docket)
    outbox = Outbox(events.publisher, queue.permit_work, deliveries.permit_work)
    name = worker_name(str(settings.data_dir.absolute()))
    await find_data_folder(settings.data_dir, _PATIENCE_SECONDS)
    async with AsyncExitStack() as stack:
        with told(DATABASE_TROUBLE):
            await open_database(settings.database_url, settings.data_dir)
        stack.push_async_callback(close_database)
        await stack.enter_async_context(events.running())
        await stack.enter_async_context(docket)
        await stack.enter_async_context(deliveries_docket)
        session = await stack.enter_async_context(outgoing_session(is_private_allowed=settings.webhook_allow_private))
        await stack.enter_async_context(running_deliveries(Sender(session), deliveries))
        storage = LocalStorage(settings.data_dir)
        ending.call(stop.set)
        worker = running_worker(
            name, settings.workers, settings.worker_memory, storage, outbox, hub, queue, Budget.of(settings)
        )
        await stack.enter_async_context(worker)
        await queue.permit_work()
        print(f"Waybill {VERSION} worker is ready: {settings.workers} processes", flush=True)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
