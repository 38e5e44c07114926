"""Writes of webhooks: create, change, enable, disable, delete."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from auth.audit import Action, note
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import Role
from models import JobEvent, User, Webhook, WebhookDelivery
from models.database import transaction
from models.fields import now
from models.ids import new_id
from models.sql import database_now, delete_in_batches, execute_counted, fetch_rows
from webhooks.payloads import TEST_EVENT, payload_of_test
from webhooks.queries import find_webhook, webhook_not_found
from webhooks.receivers import check_events, check_url, origin_of, receiver_of
from webhooks.sending import Message, Sender
from webhooks.signing import new_secret

log = log_for(__name__)

MAX_PER_USER = 20


@dataclass(frozen=True)
class WebhookChanges:
    """What its owner changes about a webhook; None leaves it as it is.

    Attributes:
        wants_secret: Whether it is to have another secret; it has one anyway where its URL leads to another receiver.
    """

    url: str | None = None
    events: Sequence[str] | None = None
    is_enabled: bool | None = None
    wants_secret: bool = False

    def checked(self, *, is_private_allowed: bool) -> "WebhookChanges":
        """The same, once it is known that a webhook can be so.

        Raises:
            Refusal: BAD_INPUT, URL_NOT_ALLOWED.
        """
        if self.url is not None:
            check_url(self.url, is_private_allowed=is_private_allowed)
        return self if self.events is None else replace(self, events=check_events(self.events))

    def columns(self, webhook: Webhook) -> dict[str, object]:
        """What becomes different in `webhook`."""
        wanted = {"url": self.url, "events": self.events, "is_enabled": self.is_enabled}
        wanted["secret"] = new_secret() if self._needs_secret(webhook) else None
        return {name: value for name, value in wanted.items() if value not in (None, getattr(webhook, name))}

    def _needs_secret(self, webhook: Webhook) -> bool:
        """The old secret would sign for a receiver that was never given it, and that may not be the owner's any more."""
        return self.wants_secret or (self.url is not None and receiver_of(self.url) != receiver_of(webhook.url))


async def create_webhook(viewer: Viewer, url: str, events: Sequence[str], *, is_private_allowed: bool) -> Webhook:
    """A new webhook; its secret is told to who creates it, and to nobody afterwards.

    Raises:
        Refusal: BAD_INPUT, URL_NOT_ALLOWED; FORBIDDEN for workers and who has no account; QUOTA_EXCEEDED.
    """
    check_url(url, is_private_allowed=is_private_allowed)
    wanted = check_events(events)
    async with transaction() as db:
        await _check_may_own(db, viewer)
        webhook = await Webhook.create(
            using_db=db,
            id=new_id("webhook"),
            owner_id=viewer.user_id,
            url=url,
            events=wanted,
            secret=new_secret(),
            after_event_id=await _newest_event_id(db),
        )
        await note(Action.WEBHOOK_CREATED, viewer.user_id, webhook.id, origin_of(url), db=db)
    return webhook


async def update_webhook(
    viewer: Viewer, webhook_id: str, changes: WebhookChanges, *, is_private_allowed: bool
) -> tuple[Webhook, str | None]:
    """Change a webhook; with its secret where that is a new one, told to nobody afterwards.

    One that is disabled is told nothing, and what waited for it ends; enabled, it begins anew.

    Raises:
        Refusal: INVALID_ID, WEBHOOK_NOT_FOUND, BAD_INPUT, URL_NOT_ALLOWED.
    """
    await find_webhook(viewer, webhook_id)
    changes = changes.checked(is_private_allowed=is_private_allowed)
    async with transaction() as db:
        webhook = await _lock_webhook(db, webhook_id)
        if columns := changes.columns(webhook):
            begun = {"after_event_id": await _newest_event_id(db)} if changes.is_enabled else {}
            await webhook.update_from_dict(columns | begun).save(using_db=db, update_fields=[*columns, *begun])
            if "is_enabled" in columns:
                await _end_waiting(db, webhook.id)
            await note(Action.WEBHOOK_CHANGED, viewer.user_id, webhook.id, _told(webhook, columns), db=db)
    return webhook, webhook.secret if "secret" in columns else None


async def delete_webhook(viewer: Viewer, webhook_id: str) -> str:
    """Remove a webhook with its deliveries. Returns its id.

    Raises:
        Refusal: INVALID_ID, WEBHOOK_NOT_FOUND.
    """
    await find_webhook(viewer, webhook_id)
    async with transaction() as db:
        webhook = await _lock_webhook(db, webhook_id)
        await WebhookDelivery.filter(webhook_id=webhook.id).using_db(db).delete()
        await webhook.delete(using_db=db)
        await note(Action.DELETED, viewer.user_id, webhook.id, origin_of(webhook.url), db=db)
    return webhook.id


async def remove_deliveries(job_id: str) -> int:
    """Remove the deliveries about a job that is removed for good, and return how many they were."""
    return await delete_in_batches(get_connection("default"), "webhook_deliveries", "job_id = $1", job_id)


async def try_webhook(viewer: Viewer, webhook_id: str, sender: Sender) -> WebhookDelivery:
    """Send a test now, once, also to a disabled webhook, and answer what came of it; only the newest test is kept.

    Raises:
        Refusal: INVALID_ID, WEBHOOK_NOT_FOUND.
    """
    webhook = await find_webhook(viewer, webhook_id)
    message = Message(new_id("delivery"), TEST_EVENT, payload_of_test(webhook.id, now()))
    outcome = await sender.send(webhook, message)
    async with transaction() as db:
        await _lock_webhook(db, webhook.id)
        await WebhookDelivery.filter(webhook_id=webhook.id, event=TEST_EVENT).using_db(db).delete()
        delivered_at = database_now(db) if outcome.is_delivered else "NULL"
        statement = (
            "INSERT INTO webhook_deliveries (id, webhook_id, event, payload, status_code, error, attempt, is_sending, "
            f"created_at, delivered_at) VALUES ($1, $2, $3, $4, $5, $6, 1, false, {database_now(db)}, {delivered_at}) "
            "RETURNING *"
        )
        values = [message.id, webhook.id, message.event, message.body.decode(), outcome.status_code, outcome.error]
        rows = await fetch_rows(db, statement, *values)
    return WebhookDelivery._init_from_db(**dict(rows[0]))  # noqa: SLF001  the ORM's own way, without a query


async def disable_webhook(db: BaseDBAsyncClient, webhook: Webhook, reason: str) -> None:
    """End a webhook (locked) whose receiver takes nothing; nobody is the actor."""
    if not webhook.is_enabled:
        return
    webhook.is_enabled = False
    await webhook.save(using_db=db, update_fields=["is_enabled"])
    await _end_waiting(db, webhook.id)
    await note(Action.WEBHOOK_DISABLED, None, webhook.id, f"{origin_of(webhook.url)}: {reason}", db=db)
    log.warning("a webhook was disabled", webhook=webhook.id, url=origin_of(webhook.url), reason=reason)


async def _end_waiting(db: BaseDBAsyncClient, webhook_id: str) -> None:
    """What waits is not sent any more; what is on its way writes down its own end."""
    statement = (
        "UPDATE webhook_deliveries SET next_attempt_at = NULL, is_sending = false, "
        "error = coalesce(error, 'The webhook was disabled before this was sent.') WHERE webhook_id = $1 "
        f"AND next_attempt_at IS NOT NULL AND (is_sending = false OR next_attempt_at <= {database_now(db)})"
    )
    await execute_counted(db, statement, webhook_id)


async def _newest_event_id(db: BaseDBAsyncClient) -> int:
    newest = await JobEvent.all().order_by("-id").using_db(db).first()
    return newest.id if newest else 0


async def _check_may_own(db: BaseDBAsyncClient, viewer: Viewer) -> None:
    """Raises Refusal FORBIDDEN or QUOTA_EXCEEDED; the user is locked, so that two at once do not both have the last one."""
    user = await User.select_for_update(using_db=db).get(id=viewer.user_id)
    if user.is_anonymous or viewer.role is Role.WORKER:
        raise Refusal(ErrorCode.FORBIDDEN, "Webhooks tell the owner of jobs: workers and anonymous sessions have none.")
    if await Webhook.filter(owner_id=viewer.user_id).using_db(db).count() >= MAX_PER_USER:
        raise Refusal(ErrorCode.QUOTA_EXCEEDED, f"You have {MAX_PER_USER} webhooks: delete one that is not needed.")


async def _lock_webhook(db: BaseDBAsyncClient, webhook_id: str) -> Webhook:
    webhook = await Webhook.select_for_update(using_db=db).get_or_none(id=webhook_id)
    if webhook is None:
        raise webhook_not_found()
    return webhook


def _told(webhook: Webhook, columns: dict[str, object]) -> str:
    """What changed, for people."""
    words = {
        "url": origin_of(webhook.url),
        "events": ", ".join(webhook.events),
        "is_enabled": "enabled" if webhook.is_enabled else "disabled",
        "secret": "another secret",
    }
    return "; ".join(words[name] for name in columns)
