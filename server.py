"""Program 1: answers HTTP and WebSocket; opens and closes what the rooms need."""

import argparse
import gc
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
import uvloop
from redis.asyncio import Redis
from starlette.types import ASGIApp

from auth.accounts import ensure_admin, reset_admin_password
from auth.gate import Gate
from auth.keys import Keys, agree_on_key, forget_key
from auth.outside import OutsideIssuer
from auth.outside_keys import OutsideKeys, fetching
from auth.rates import Rates, rate_storage
from auth.redis_tallies import RedisTallies
from auth.signatures import Signer
from auth.throttle import Throttle
from background.backup import back_up
from background.deliveries import running_deliveries
from background.duties import on_duty
from background.ending import Ending
from background.queue import DELIVERIES, WORK, DocketQueue, is_outage
from background.retelling import Retelling
from background.running import running_worker
from background.sweepers import sweep_uploads_forever
from background.worker import worker_name, worker_prefix
from base.errors import ErrorCode, Refusal, told
from base.logging import log_for, set_up_logging
from base.settings import (
    MIN_KEY_CHARACTERS,
    VERSION,
    Settings,
    SettingsError,
    describe_settings,
    load_settings,
    unsafe_settings,
)
from events.feed import open_events
from events.hub import Hub, Publisher
from events.messages import Event
from jobs.arrivals import count_upload_bytes, fail_waiting_jobs, start_waiting_jobs
from jobs.choosing import Budget
from jobs.claims import recover_slices
from jobs.external import check_may_upload
from jobs.outbox import Outbox
from jobs.retention import Retention
from models.database import DATABASE_TROUBLE, close_database, is_alive, is_sqlite, migrate, open_database
from outgoing.session import outgoing_session
from results.endpoints import Shelf
from results.guides import guides_folder
from schema.build import build_schema, print_schema
from schema.context import Means
from storage.data_folder import lock_data_folder, read_secret_key
from storage.local import LocalStorage
from storage.writer import Durability
from uploads.limits import Limits, has_room
from uploads.locks import UploadLocks
from uploads.receiver import Receiver
from uploads.redis_lock import RedisLock
from web.app import build_app
from web.draining import Draining
from web.health import Check
from web.listening import address_of, bind, listen
from web.persisted import PersistedQueries
from web.proxies import base_url_of
from webhooks.sending import Sender
from webhooks.turns import recover_turns

log = log_for("server")


def main() -> int:
    """Parse the command line, and run until told to stop. Returns the exit code."""
    arguments = _parser().parse_args()
    if arguments.print_schema:
        sys.stdout.write(print_schema(build_schema()))
        return 0
    try:
        settings = load_settings()
        set_up_logging(settings.log_format, settings.log_level, is_outage)
        if arguments.check:
            return _check(settings)
        if arguments.backup is not None:
            return back_up(settings, arguments.backup, partial(print, flush=True))
        with lock_data_folder(settings.data_dir, is_shared=not is_sqlite(settings.database_url)):
            return uvloop.run(_work(arguments, settings))
    except (SettingsError, Refusal) as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
    return 1


def _work(arguments: argparse.Namespace, settings: Settings) -> Coroutine[None, None, int]:
    """What the command line asks for."""
    if arguments.migrate:
        return _migrate(settings)
    if arguments.reset_admin_password:
        return _reset_admin_password(settings)
    if arguments.forget_secret_key:
        return _forget_secret_key(settings)
    return _serve(settings, Ending())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="server.py", description="Waybill's server. Settings are environment variables."
    )
    parser.add_argument("--check", action="store_true", help="print every setting with its source, and what is unsafe")
    parser.add_argument(
        "--reset-admin-password", action="store_true", help="give the admin a new password, and print it"
    )
    parser.add_argument("--migrate", action="store_true", help="bring the tables up to date, and end")
    parser.add_argument(
        "--forget-secret-key", action="store_true", help="let the next start have another secret key than the last one"
    )
    parser.add_argument("--backup", type=Path, metavar="FOLDER", help="write a backup there, while servers may run")
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


async def _migrate(settings: Settings) -> int:
    with told(DATABASE_TROUBLE):
        applied = await migrate(settings.database_url, settings.data_dir)
    print("\n".join(f"Applied {name}." for name in applied) or "Nothing was missing.")
    return 0


async def _forget_secret_key(settings: Settings) -> int:
    await _open_database(settings)
    try:
        await forget_key()
    finally:
        await close_database()
    print("Forgotten: the next server that starts says what the secret key is. What was signed with another one ends.")
    return 0


async def _reset_admin_password(settings: Settings) -> int:
    keys, events = _keys(settings), open_events(settings.redis_url, Hub(), settings.redis_prefix)
    await _open_database(settings)
    try:
        async with _gate(settings, keys, events.publisher, None) as gate, events.running():
            password = await reset_admin_password(
                gate, settings.admin_username, settings.admin_password.get_secret_value()
            )
    finally:
        await close_database()
    print(f"Admin: user name {settings.admin_username}, password {password} (shown this once)")
    return 0


async def _serve(settings: Settings, ending: Ending) -> int:
    port = bind(settings.host, settings.port)
    async with opened(settings) as house:
        ending.call(house.draining.begin)
        app = build(house)
        gc.collect()
        gc.freeze()  # what was loaded by now stays; looking through it at every collection would cost milliseconds
        ready = f"Waybill {VERSION} is ready: {settings.public_url or address_of(port)}/graphql"
        has_colleagues = not is_sqlite(settings.database_url)
        await listen(app, port, house.draining, partial(print, ready, flush=True), has_colleagues=has_colleagues)
    return 0


@dataclass(frozen=True)
class House:
    """What a running server has: the means of the rooms, known queries, and how each part is asked whether it works."""

    means: Means
    persisted: PersistedQueries
    checks: dict[str, Check]
    draining: Draining = field(default_factory=Draining)


def build(house: House) -> ASGIApp:
    """The application of an open house."""
    means = house.means
    shelf = Shelf(
        storage=means.storage,
        signer=means.signer,
        retention=Retention.of(means.settings),
        guides=guides_folder(means.settings),
    )
    return build_app(means.settings, build_schema(), means, shelf, house.persisted, house.checks, house.draining)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[House]:
    """Open all that a server needs, and take up what an earlier one left; close it when the block is left.

    Raises:
        Refusal: SERVICE_UNAVAILABLE with a sentence for the operator.
    """
    keys = _keys(settings)
    signer, hub = Signer(keys), Hub()
    storage = LocalStorage(settings.data_dir, Durability(settings.upload_fsync))
    events = open_events(settings.redis_url, hub, settings.redis_prefix)
    docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, WORK)
    queue = DocketQueue(docket)
    deliveries_docket = DocketQueue.docket_at(settings.redis_url, settings.redis_prefix, DELIVERIES)
    deliveries = DocketQueue(deliveries_docket)
    outbox = Outbox(events.publisher, queue.permit_work, deliveries.permit_work)
    draining = Draining()
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(_shared(settings.redis_url))
        lock = RedisLock(redis, events.publisher, settings.redis_prefix) if redis else None
        receiver = _receiver(settings, storage, signer, outbox, UploadLocks(lock))
        gate = await stack.enter_async_context(_gate(settings, keys, events.publisher, redis))
        await _open_database(settings)
        stack.push_async_callback(close_database)
        await agree_on_key(keys)
        await _welcome_admin(settings)
        await stack.enter_async_context(events.running())
        await stack.enter_async_context(docket)
        await stack.enter_async_context(deliveries_docket)
        await stack.enter_async_context(_looking_after(receiver, hub, settings))
        instance = str(settings.data_dir.absolute())
        if is_sqlite(settings.database_url):  # beside a PostgreSQL another server may have them; leases end
            await recover_slices(worker_prefix(instance), outbox)
            await recover_turns()
            await storage.remove_folder("work")
        session = await stack.enter_async_context(outgoing_session(is_private_allowed=settings.webhook_allow_private))
        sender = Sender(session)
        work = await stack.enter_async_context(AsyncExitStack())
        await work.enter_async_context(running_deliveries(sender, deliveries))
        if settings.workers:
            worker = running_worker(
                worker_name(instance),
                settings.workers,
                settings.worker_memory,
                storage,
                outbox,
                hub,
                queue,
                Budget.of(settings),
            )
            await work.enter_async_context(worker)
            await queue.permit_work()

        async def hand_over() -> None:
            receiver.locks.stop()  # running uploads save what they have and answer 503
            await work.aclose()

        draining.add(hand_over)
        stack.push_async_callback(draining.wait, None)
        rates = Rates(
            rate_storage(redis, settings.redis_prefix),
            per_minute=settings.rate_limit_per_minute,
            per_second=settings.rate_limit_per_second,
        )
        checks: dict[str, Check] = {
            "database": is_alive,
            "storage": storage.is_writable,
            "events": events.is_alive,
            "queue": queue.is_alive,
            "disk": partial(has_room, storage, receiver.limits),
        }
        means = Means(settings, gate, signer, hub, outbox, storage, receiver, rates, sender)
        yield House(means, PersistedQueries(redis, settings.redis_prefix), checks, draining)


@asynccontextmanager
async def _gate(settings: Settings, keys: Keys, publisher: Publisher, redis: Redis | None) -> AsyncIterator[Gate]:
    """What knows callers: failures to sign in are counted in Redis where there is one."""

    async def tell_access(user_id: str) -> None:
        await publisher.publish(Event("access", {"id": user_id}))

    async with AsyncExitStack() as stack:
        throttle = Throttle(RedisTallies(redis, settings.redis_prefix)) if redis else Throttle()
        issuer = None
        if settings.oidc_issuer:
            session = await stack.enter_async_context(aiohttp.ClientSession())
            theirs = OutsideKeys(settings.oidc_issuer, fetching(session))
            issuer = OutsideIssuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_role_claim, theirs)
        yield Gate(keys, tell_access, settings.allow_anonymous, throttle, issuer)


def _receiver(
    settings: Settings, storage: LocalStorage, signer: Signer, outbox: Outbox, locks: UploadLocks
) -> Receiver:
    return Receiver(
        storage=storage,
        signer=signer,
        publisher=outbox.publisher,
        base_url=partial(base_url_of, public_url=settings.public_url, trusted_proxies=settings.trusted_proxies),
        on_progress=partial(count_upload_bytes, outbox=outbox),
        on_completed=partial(start_waiting_jobs, outbox=outbox),
        on_gone=partial(fail_waiting_jobs, outbox=outbox),
        check_creator=check_may_upload,
        limits=Limits(
            max_size_bytes=settings.max_upload_size,
            bytes_per_user=settings.upload_bytes_per_user,
            open_per_user=settings.open_uploads_per_user,
            running=settings.running_uploads,
        ),
        retention=settings.retention_uploads,
        has_relative_location=settings.upload_location == "relative",
        locks=locks,
    )


@asynccontextmanager
async def _shared(redis_url: str) -> AsyncIterator[Redis | None]:
    """What several servers share: locks, counts, known queries; none where there is one server only."""
    if not redis_url:
        yield None
        return
    async with Redis.from_url(redis_url, socket_timeout=5, socket_connect_timeout=5) as redis:
        yield redis


@asynccontextmanager
async def _looking_after(receiver: Receiver, hub: Hub, settings: Settings) -> AsyncIterator[None]:
    """What uploads and watchers need besides their requests, while the block lasts."""
    duties = [sweep_uploads_forever(receiver, Retention.of(settings)), receiver.locks.obey(hub)]
    if settings.redis_url:  # else whoever changes something tells it in this process, before it can die
        duties.append(Retelling(hub).run())
    try:
        async with on_duty(*duties):
            yield
    finally:
        await receiver.tasks.stop()


def _keys(settings: Settings) -> Keys:
    with told(f"The secret key in the data folder {settings.data_dir} cannot be read or written"):
        secret_key = settings.secret_key.get_secret_value() or read_secret_key(settings.data_dir)
    if len(secret_key) < MIN_KEY_CHARACTERS:
        message = (
            f"The secret key in the data folder {settings.data_dir} is damaged: restore it, or, where it is lost, delete it and "
            "run server.py --forget-secret-key to have a new one made."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)
    return Keys(secret_key, tuple(key.get_secret_value() for key in settings.other_secret_keys))


async def _open_database(settings: Settings) -> None:
    with told(DATABASE_TROUBLE):
        await open_database(settings.database_url, settings.data_dir)


async def _welcome_admin(settings: Settings) -> None:
    password = await ensure_admin(settings.admin_username, settings.admin_password.get_secret_value())
    if password is not None:
        print(f"Admin: user name {settings.admin_username}, password {password} (shown this once)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
