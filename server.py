"""Program 1: answers HTTP and WebSocket; opens and closes what the rooms need."""

import argparse
import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from auth.lifecycle import ensure_admin, reset_admin_password
from auth.signatures import Signer
from background.queue import DocketQueue
from background.running import running_worker
from background.worker import worker_name, worker_prefix
from base.errors import Refusal
from base.logging import log_for, set_up_logging
from base.settings import VERSION, Settings, SettingsError, describe_settings, load_settings, unsafe_settings
from events.feed import open_events
from events.hub import Hub
from jobs.lifecycle import count_upload_bytes, fail_waiting_jobs, start_waiting_jobs
from jobs.outbox import Outbox
from jobs.claims import recover_slices
from models.database import close_database, is_alive, open_database
from results.endpoints import Shelf
from schema.build import build_schema, print_schema
from schema.context import Means
from storage.data_folder import lock_data_folder, read_secret_key
from storage.local import LocalStorage
from uploads.lifecycle import finish_interrupted_uploads
from uploads.receiver import Receiver
from web.app import build_app
from web.middleware import base_url_of

log = log_for("server")

GRACE_SECONDS = 5


def main() -> int:
    """Parse the command line, and run until told to stop. Returns the exit code."""
    arguments = _parser().parse_args()
    if arguments.print_schema:
        sys.stdout.write(print_schema(build_schema()))
        return 0
    try:
        settings = load_settings()
        set_up_logging(settings.log_format, settings.log_level)
        if arguments.check:
            return _check(settings)
        with lock_data_folder(settings.data_dir):
            if arguments.reset_admin_password:
                return asyncio.run(_reset_admin_password(settings))
            return _serve(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
    except Refusal as refusal:
        print(refusal.message, file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="server.py", description="Waybill's server. Settings are environment variables.")
    parser.add_argument("--check", action="store_true", help="print every setting with its source, and what is unsafe")
    parser.add_argument("--reset-admin-password", action="store_true", help="give the admin a new password, and print it")
    parser.add_argument("--print-schema", action="store_true", help="print the GraphQL schema")
    return parser


def _check(settings: Settings) -> int:
    for line in describe_settings(settings):
        print(f"{line.name:32} {line.value:24} {line.source:12} {line.description}")
    warnings = unsafe_settings(settings)
    for warning in warnings:
        print(f"UNSAFE: {warning}")
    print("Nothing is unsafe." if not warnings else f"{len(warnings)} to look at.")
    return 0


async def _reset_admin_password(settings: Settings) -> int:
    await open_database(settings.database_url, settings.data_dir)
    try:
        password = await reset_admin_password(settings.admin_username, settings.admin_password.get_secret_value())
    finally:
        await close_database()
    print(f"Admin: user name {settings.admin_username}, password {password} (shown this once)")
    return 0


def _serve(settings: Settings) -> int:
    try:
        listener = _bind(settings)
    except OSError as error:
        message = f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}): set WAYBILL_PORT to another."
        print(message, file=sys.stderr)
        return 1
    config = uvicorn.Config(
        _build(settings, listener.getsockname()[1]), log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS, ws_max_size=2**20, ws_per_message_deflate=False, lifespan="on",
        timeout_keep_alive=75,
    )
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0 if server.started else 1


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    return listener


def _build(settings: Settings, port: int) -> ASGIApp:
    """The application, with everything it needs; what must be opened is opened by its lifespan."""
    secret_key = settings.secret_key.get_secret_value() or read_secret_key(settings.data_dir)
    signer, hub = Signer(secret_key), Hub()
    storage = LocalStorage(settings.data_dir)
    events = open_events(settings.redis_url, hub)
    docket = DocketQueue.docket_at(settings.redis_url)
    queue = DocketQueue(docket)
    outbox = Outbox(events.publisher, queue.permit_work)
    receiver = Receiver(
        storage=storage, signer=signer, publisher=events.publisher, max_size_bytes=settings.max_upload_size,
        base_url=partial(base_url_of, public_url=settings.public_url, trusted_proxies=settings.trusted_proxies),
        on_progress=partial(count_upload_bytes, outbox=outbox), on_completed=partial(start_waiting_jobs, outbox=outbox),
        on_gone=partial(fail_waiting_jobs, outbox=outbox),
    )
    means = Means(settings, secret_key, signer, hub, outbox, storage, receiver)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await open_database(settings.database_url, settings.data_dir)
            stack.push_async_callback(close_database)
            await _welcome_admin(settings)
            await stack.enter_async_context(events.running())
            await stack.enter_async_context(docket)
            await finish_interrupted_uploads(receiver)
            instance = str(settings.data_dir.absolute())
            await recover_slices(worker_prefix(instance), outbox)
            if settings.workers:
                worker = running_worker(
                    worker_name(instance), settings.workers, settings.worker_memory, storage, outbox, hub, queue
                )
                await stack.enter_async_context(worker)
                await queue.permit_work()
            gc.collect()
            gc.freeze()
            host = f"[{settings.host}]" if ":" in settings.host else settings.host
            print(f"Waybill {VERSION} is ready: {settings.public_url or f'http://{host}:{port}'}/graphql", flush=True)
            yield

    checks = {"database": is_alive, "storage": storage.is_writable, "events": events.is_alive}
    return build_app(settings, build_schema(), means, Shelf(storage=storage, signer=signer), checks, lifespan)


async def _welcome_admin(settings: Settings) -> None:
    password = await ensure_admin(settings.admin_username, settings.admin_password.get_secret_value())
    if password is not None:
        print(f"Admin: user name {settings.admin_username}, password {password} (shown this once)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
