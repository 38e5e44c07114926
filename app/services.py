"""Services of a program, opened in order and closed in reverse."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from starlette.types import ASGIApp

from app.auth import announce_new_admin, opened_auth, read_keys
from app.background import BackgroundServices, opened_background, recover_leases, running_background
from app.connections import opened_database
from app.downloads import make_download_services
from app.messaging import Messaging, opened_messaging
from app.roles import Role
from app.uploads import make_upload_services
from auth.keys import agree_on_key
from auth.rates import Rates, rate_storage
from auth.signatures import Signer
from background.people import sweep_people_forever
from background.reconciler import EventReconciler
from background.supervision import supervise
from background.sweepers import sweep_uploads_forever
from base.settings import Settings
from jobs.retention import Retention
from models.database import is_alive
from results.guides import guides_folder
from results.wiring import ResultServices
from schema.build import Schema
from schema.context import RequestServices
from storage.data_folder import find_data_folder
from storage.local.durability import Durability
from storage.local.storage import LocalStorage
from uploads.limits import has_space
from uploads.redis_lock import RELEASES
from uploads.wiring import UploadServices
from web.app import build_app
from web.bounds import Bounds
from web.draining import Draining
from web.health import Check
from web.persisted import PersistedQueries

DATA_FOLDER_DEADLINE_SECONDS = 20.0
"""A server that starts at the same time as a worker has so long to make the data folder."""


@dataclass(frozen=True)
class Services:
    """Services of a server.

    Attributes:
        checks: How each part is asked whether it works, by its name in `/ready`.
        draining: Begins the end of the server, and hands over what it does.
        bounds: Of requests.
    """

    request: RequestServices
    results: ResultServices
    persisted: PersistedQueries
    checks: dict[str, Check]
    draining: Draining = field(default_factory=Draining)
    bounds: Bounds = field(default_factory=Bounds)

    def asgi(self, schema: Schema) -> ASGIApp:
        """The web application that answers with `schema` over these services."""
        return build_app(
            self.request.settings,
            schema,
            self.request,
            self.results,
            self.persisted,
            self.checks,
            self.draining,
            self.bounds,
        )


@asynccontextmanager
async def opened_worker(
    settings: Settings, *, deadline_seconds: float = DATA_FOLDER_DEADLINE_SECONDS
) -> AsyncIterator[BackgroundServices]:
    """Open what a worker needs, until the block is left; it works inside `running_background`.

    Raises:
        Refusal: SERVICE_UNAVAILABLE with a sentence for the operator; so does `opened_server`.
    """
    await find_data_folder(settings.data_dir, deadline_seconds)
    async with (
        opened_database(settings),
        opened_messaging(settings) as messaging,
        opened_background(settings, messaging, _storage_for(settings)) as background,
    ):
        yield background


@asynccontextmanager
async def opened_server(settings: Settings, role: Role) -> AsyncIterator[Services]:
    """Open what a server needs, and take up what an earlier one left, until the block is left."""
    keys = read_keys(settings)
    signer = Signer(keys)
    storage = _storage_for(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened_database(settings))
        await agree_on_key(keys)
        await announce_new_admin(settings)
        messaging = await stack.enter_async_context(opened_messaging(settings, RELEASES))
        auth = await stack.enter_async_context(opened_auth(settings, keys, messaging.events.publisher, messaging.redis))
        uploads = make_upload_services(settings, storage, signer, messaging.outbox, messaging.redis)
        await stack.enter_async_context(_running_upkeep(settings, uploads, messaging))
        if role is Role.EMBEDDED:
            await recover_leases(settings, messaging.outbox, storage)
        background = await stack.enter_async_context(opened_background(settings, messaging, storage))
        draining = await stack.enter_async_context(_draining_background(background, uploads))
        yield Services(
            request=RequestServices(
                settings,
                auth,
                signer,
                messaging.hub,
                messaging.outbox,
                storage,
                uploads,
                make_download_services(settings, keys, background.fetching),
                _operation_rates(settings, messaging),
                background.sender,
            ),
            results=ResultServices(storage, signer, Retention.of(settings), guides_folder(settings)),
            persisted=PersistedQueries(messaging.redis, settings.redis_prefix),
            checks={
                "database": is_alive,
                "storage": storage.is_writable,
                "events": messaging.events.is_alive,
                "queue": messaging.work_queue.is_alive,
                "disk": partial(has_space, storage, uploads.limits),
            },
            draining=draining,
        )


@asynccontextmanager
async def _running_upkeep(settings: Settings, uploads: UploadServices, messaging: Messaging) -> AsyncIterator[None]:
    """What uploads, callers and watchers need besides their requests, while the block lasts."""
    parts = [
        sweep_uploads_forever(uploads, Retention.of(settings)),
        sweep_people_forever(settings.retention_audit),
        uploads.locks.serve_release_requests(messaging.hub),
    ]
    if settings.redis_url:  # else whoever changes something publishes it in this process, before it can die
        parts.append(EventReconciler(messaging.hub).run())
    try:
        async with supervise(*parts):
            yield
    finally:
        await uploads.tasks.stop()


@asynccontextmanager
async def _draining_background(background: BackgroundServices, uploads: UploadServices) -> AsyncIterator[Draining]:
    """Run work without a request until the server drains or the block is left."""
    draining = Draining()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running_background(background))

        async def hand_over() -> None:
            uploads.locks.stop()  # running uploads save what they have and answer 503
            await stack.aclose()

        draining.add(hand_over)
        try:
            yield draining
        finally:
            await draining.wait(None)


def _storage_for(settings: Settings) -> LocalStorage:
    return LocalStorage(settings.data_dir, Durability(settings.upload_fsync))


def _operation_rates(settings: Settings, messaging: Messaging) -> Rates:
    return Rates(
        rate_storage(messaging.redis, settings.redis_prefix),
        per_minute=settings.rate_limit_per_minute,
        per_second=settings.rate_limit_per_second,
        user_per_minute=settings.user_rate_limit_per_minute,
        user_per_second=settings.user_rate_limit_per_second,
    )
