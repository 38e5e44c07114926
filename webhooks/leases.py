"""Leases on deliveries: claiming one that is due, and recording what came of its attempt.

Whoever changes deliveries of a webhook locks the webhook's row first. Neither a lease nor its outcome waits for the
disk: what a power cut takes is sent again, with the same id.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.resilience import jittered
from models import Webhook
from models.database import transaction
from models.sql import database_now, execute_counted, fetch_rows, for_update
from webhooks.lifecycle import disable_webhook
from webhooks.sending import Message, Outcome

LEASE_SECONDS = 30
"""So long a lease lasts at most; a sender that is lost by then has its delivery taken by another."""
SENDING_PER_WEBHOOK = 4
"""Messages that are on their way to one receiver at the same time: a slow one holds up nobody else."""
PERSISTENCE = timedelta(hours=24)
"""So long a delivery is tried."""
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 30 * 60, 3_600, 2 * 3_600))
"""After the first attempt, the second, …; the last one over and over."""
_SPREAD = 0.2
"""Each pause is up to so much shorter or longer: receivers that come back are not called by all at once."""


@dataclass(frozen=True)
class DeliveryLease:
    """A delivery that this sender may send now: the number of the attempt proves it."""

    webhook: Webhook
    message: Message

    @property
    def attempt(self) -> int:
        return self.message.attempt


async def has_due_deliveries() -> bool:
    """Whether any delivery could be taken now."""
    db = get_connection("default")
    rows = await fetch_rows(db, f"SELECT 1 {_ready(db)} LIMIT 1")
    return bool(rows)


async def claim_delivery() -> DeliveryLease | None:
    """Take a delivery that is due: of the owner with the fewest on their way, then the one that waits longest."""
    while True:
        async with transaction(is_durable=False) as db:
            webhook_id = await _choose_webhook(db)
            lease = await _take_of(db, webhook_id) if webhook_id else None
        if lease is not None or webhook_id is None:
            return lease


async def record_outcome(lease: DeliveryLease, outcome: Outcome) -> None:
    """Write down what came of the attempt; nothing happens where the lease was lost, or the webhook deleted."""
    async with transaction(is_durable=False) as db:
        webhook = await Webhook.filter(id=lease.webhook.id).select_for_update().using_db(db).first()
        if webhook is None:
            return
        if outcome.is_delivered:
            await _record_delivered(db, lease, outcome)
        else:
            await _record_failed(db, webhook, lease, outcome)


async def release_delivery(lease: DeliveryLease) -> None:
    """The attempt was broken off: another sender makes it at once."""
    async with transaction(is_durable=False) as db:
        await _change(db, lease, f"is_sending = false, next_attempt_at = {database_now(db)}")


async def recover_deliveries() -> None:
    """At the start of an embedded server: what the one before had on its way is due."""
    async with transaction(is_durable=False) as db:
        moment = database_now(db)
        statement = (
            f"UPDATE webhook_deliveries SET is_sending = false, next_attempt_at = {moment} WHERE is_sending = true "
            "AND next_attempt_at IS NOT NULL AND webhook_id IN (SELECT id FROM webhooks)"  # by the index
        )
        await execute_counted(db, statement)


def pause_after(attempt: int, wait: timedelta | None) -> float:
    """Seconds from the end of this attempt to the next one, which is not made before the receiver wants it."""
    usual = _PAUSES[min(attempt, len(_PAUSES)) - 1].total_seconds()
    return max(jittered(usual, _SPREAD), (wait or timedelta()).total_seconds())


def _moment(db: BaseDBAsyncClient) -> str:
    """The database's clock, read once for a statement: an index can be asked for what lies before it."""
    return f"(SELECT {database_now(db)})"


def _first(column: str, webhook: str, order: str = "d.next_attempt_at") -> str:
    """The delivery of `webhook` that is due before all others, or will be: in this form it is looked up in the index."""
    return (
        f"(SELECT {column} FROM webhook_deliveries d WHERE d.webhook_id = {webhook} AND d.next_attempt_at IS NOT NULL "
        f"ORDER BY {order} LIMIT 1)"
    )


def _on_their_way(db: BaseDBAsyncClient, webhook: str) -> str:
    """Conditions: the deliveries of `webhook` that have a sender."""
    return (
        f"s.webhook_id = {webhook} AND s.is_sending = true AND s.next_attempt_at > {_moment(db)} "
        f"AND s.next_attempt_at <= {_moment(db)} + {LEASE_SECONDS}"
    )


def _ready(db: BaseDBAsyncClient) -> str:
    """FROM and WHERE: the webhooks that have something due and room for it."""
    return (
        "FROM webhooks w JOIN users u ON u.id = w.owner_id WHERE w.is_enabled = true AND u.is_disabled = false "
        f"AND {_first('d.next_attempt_at', 'w.id')} <= {_moment(db)} AND "
        f"(SELECT count(*) FROM webhook_deliveries s WHERE {_on_their_way(db, 'w.id')}) < {SENDING_PER_WEBHOOK}"
    )


async def _choose_webhook(db: BaseDBAsyncClient) -> str | None:
    lock = for_update(db, of="w", skip_locked=True)
    of_owner = (
        "(SELECT count(*) FROM webhooks o JOIN webhook_deliveries s ON "
        f"{_on_their_way(db, 'o.id')} WHERE o.owner_id = w.owner_id)"
    )
    oldest = _first("d.next_attempt_at", "w.id")
    rows = await fetch_rows(db, f"SELECT w.id {_ready(db)} ORDER BY {of_owner}, {oldest}, w.id LIMIT 1{lock}")
    return str(rows[0]["id"]) if rows else None


async def _take_of(db: BaseDBAsyncClient, webhook_id: str) -> DeliveryLease | None:
    """The delivery of the webhook (locked) that waits longest; None where others have taken what there was."""
    statement = (
        "UPDATE webhook_deliveries SET is_sending = true, attempt = attempt + 1, "
        f"next_attempt_at = {database_now(db)} + {LEASE_SECONDS} "
        f"WHERE id = {_first('d.id', '$1', 'd.next_attempt_at, d.event_id')} AND next_attempt_at <= {_moment(db)} AND "
        f"(SELECT count(*) FROM webhook_deliveries s WHERE {_on_their_way(db, '$1')}) < {SENDING_PER_WEBHOOK} RETURNING *"
    )
    rows = await fetch_rows(db, statement, webhook_id)
    webhook = await Webhook.get(id=webhook_id, using_db=db) if rows else None
    if webhook is None:
        return None
    row = rows[0]
    return DeliveryLease(webhook, Message(row["id"], row["event"], row["payload"].encode(), row["attempt"]))


async def _record_delivered(db: BaseDBAsyncClient, lease: DeliveryLease, outcome: Outcome) -> None:
    moment = database_now(db)
    changes = f"delivered_at = {moment}, next_attempt_at = NULL, is_sending = false, error = NULL, status_code = $3"
    if await _change(db, lease, changes, outcome.status_code):
        statement = f"UPDATE webhooks SET succeeded_at = {moment} WHERE id = $1"
        await execute_counted(db, statement, lease.webhook.id)


async def _record_failed(db: BaseDBAsyncClient, webhook: Webhook, lease: DeliveryLease, outcome: Outcome) -> None:
    """Another attempt later, unless a day is over, or nobody wants it any more.

    A receiver is judged by a day of attempts, not by one after a day on which nobody here was running.
    """
    changes = "is_sending = false, status_code = $3, error = $4"
    delivery = await _change(db, lease, changes, outcome.status_code, outcome.error)
    if delivery is None:
        return
    moment, begun = delivery["moment"], delivery["created_at"]
    end = begun + PERSISTENCE.total_seconds()
    if outcome.is_gone:
        await disable_webhook(db, webhook, "its receiver is gone (410)")
    elif moment >= end and lease.attempt > len(_PAUSES) and not _has_succeeded_since(webhook, begun):
        await disable_webhook(db, webhook, "its receiver failed for a day")
    is_over = outcome.is_gone or moment >= end or not webhook.is_enabled
    next_at = None if is_over else min(moment + pause_after(lease.attempt, outcome.wait), end)
    statement = "UPDATE webhook_deliveries SET next_attempt_at = $2 WHERE id = $1"
    await execute_counted(db, statement, lease.message.id, next_at)


def _has_succeeded_since(webhook: Webhook, moment: float) -> bool:
    return webhook.succeeded_at is not None and webhook.succeeded_at.timestamp() >= moment


async def _change(db: BaseDBAsyncClient, lease: DeliveryLease, changes: str, *values: Any) -> dict[str, Any] | None:
    """Change the delivery, and answer its row with the database's `moment`; None where the lease was lost."""
    statement = (
        f"UPDATE webhook_deliveries SET {changes} WHERE id = $1 AND attempt = $2 AND is_sending = true "
        f"RETURNING created_at, {database_now(db)} AS moment"
    )
    rows = await fetch_rows(db, statement, lease.message.id, lease.attempt, *values)
    return {name: float(value) for name, value in dict(rows[0]).items()} if rows else None
