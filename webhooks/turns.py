"""Turns: taking a delivery that is due, under a lease, and writing down what came of its attempt.

Whoever changes deliveries of a webhook locks the webhook's row first. Neither a turn nor its outcome waits for the
disk: what a power cut takes is sent again, with the same id.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models import Webhook
from models.database import database_now, sql, transaction
from webhooks.lifecycle import disable_webhook
from webhooks.sending import Message, Outcome

LEASE_SECONDS = 30
"""So long a turn lasts at most; a sender that is lost by then has its delivery taken by another."""
SENDING_PER_WEBHOOK = 4
"""Messages that are on their way to one receiver at the same time: a slow one holds up nobody else."""
PERSISTENCE = timedelta(hours=24)
"""So long a delivery is tried."""
_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 2 * 60, 10 * 60, 30 * 60, 3_600, 2 * 3_600))
"""After the first attempt, the second, …; the last one over and over."""
_SPREAD = 0.2
"""Each pause is up to so much shorter or longer: receivers that come back are not called by all at once."""


@dataclass(frozen=True)
class Turn:
    """A delivery that this sender may send now: the number of the attempt proves it."""

    webhook: Webhook
    message: Message

    @property
    def attempt(self) -> int:
        return self.message.attempt


async def has_due_deliveries() -> bool:
    """Whether any delivery could be taken now."""
    db = get_connection("default")
    rows = await db.execute_query_dict(f"SELECT 1 {_ready(db)} LIMIT 1")
    return bool(rows)


async def take_turn() -> Turn | None:
    """Take a delivery that is due: of the owner with the fewest on their way, then the one that waits longest."""
    while True:
        async with transaction(is_durable=False) as db:
            webhook_id = await _choose_webhook(db)
            turn = await _take_of(db, webhook_id) if webhook_id else None
        if turn is not None or webhook_id is None:
            return turn


async def record_outcome(turn: Turn, outcome: Outcome) -> None:
    """Write down what came of the attempt; nothing happens where the turn was lost, or the webhook deleted."""
    async with transaction(is_durable=False) as db:
        webhook = await Webhook.filter(id=turn.webhook.id).select_for_update().using_db(db).first()
        if webhook is None:
            return
        if outcome.is_delivered:
            await _record_delivered(db, turn, outcome)
        else:
            await _record_failed(db, webhook, turn, outcome)


async def give_back(turn: Turn) -> None:
    """The attempt was broken off: another sender makes it at once."""
    async with transaction(is_durable=False) as db:
        await _change(db, turn, f"is_sending = false, next_attempt_at = {database_now(db)}")


async def recover_turns() -> None:
    """At the start of an embedded server: what the one before had on its way is due."""
    async with transaction(is_durable=False) as db:
        moment = database_now(db)
        statement = (
            f"UPDATE webhook_deliveries SET is_sending = false, next_attempt_at = {moment} WHERE is_sending = true "
            "AND next_attempt_at IS NOT NULL AND webhook_id IN (SELECT id FROM webhooks)"  # by the index
        )
        await db.execute_query(statement)


def pause_after(attempt: int, wait: timedelta | None) -> float:
    """Seconds from the end of this attempt to the next one, which is not made before the receiver wants it."""
    usual = _PAUSES[min(attempt, len(_PAUSES)) - 1] * random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311  no secret
    return max(usual, wait or timedelta()).total_seconds()


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
    lock = " FOR UPDATE OF w SKIP LOCKED" if db.capabilities.support_for_update else ""
    of_owner = (
        "(SELECT count(*) FROM webhooks o JOIN webhook_deliveries s ON "
        f"{_on_their_way(db, 'o.id')} WHERE o.owner_id = w.owner_id)"
    )
    oldest = _first("d.next_attempt_at", "w.id")
    rows = await db.execute_query_dict(f"SELECT w.id {_ready(db)} ORDER BY {of_owner}, {oldest}, w.id LIMIT 1{lock}")
    return str(rows[0]["id"]) if rows else None


async def _take_of(db: BaseDBAsyncClient, webhook_id: str) -> Turn | None:
    """The delivery of the webhook (locked) that waits longest; None where others have taken what there was."""
    statement = (
        "UPDATE webhook_deliveries SET is_sending = true, attempt = attempt + 1, "
        f"next_attempt_at = {database_now(db)} + {LEASE_SECONDS} "
        f"WHERE id = {_first('d.id', '$1', 'd.next_attempt_at, d.event_id')} AND next_attempt_at <= {_moment(db)} AND "
        f"(SELECT count(*) FROM webhook_deliveries s WHERE {_on_their_way(db, '$1')}) < {SENDING_PER_WEBHOOK} RETURNING *"
    )
    rows = await db.execute_query_dict(sql(db, statement), [webhook_id])
    webhook = await Webhook.get(id=webhook_id, using_db=db) if rows else None
    if webhook is None:
        return None
    row = rows[0]
    return Turn(webhook, Message(row["id"], row["event"], row["payload"].encode(), row["attempt"]))


async def _record_delivered(db: BaseDBAsyncClient, turn: Turn, outcome: Outcome) -> None:
    moment = database_now(db)
    changes = f"delivered_at = {moment}, next_attempt_at = NULL, is_sending = false, error = NULL, status_code = $3"
    if await _change(db, turn, changes, outcome.status_code):
        statement = f"UPDATE webhooks SET succeeded_at = {moment} WHERE id = $1"
        await db.execute_query(sql(db, statement), [turn.webhook.id])


async def _record_failed(db: BaseDBAsyncClient, webhook: Webhook, turn: Turn, outcome: Outcome) -> None:
    """Another attempt later, unless a day is over, or nobody wants it any more.

    A receiver is judged by a day of attempts, not by one after a day on which nobody here was running.
    """
    changes = "is_sending = false, status_code = $3, error = $4"
    delivery = await _change(db, turn, changes, outcome.status_code, outcome.error)
    if delivery is None:
        return
    moment, begun = delivery["moment"], delivery["created_at"]
    end = begun + PERSISTENCE.total_seconds()
    if outcome.is_gone:
        await disable_webhook(db, webhook, "its receiver is gone (410)")
    elif moment >= end and turn.attempt > len(_PAUSES) and not _has_succeeded_since(webhook, begun):
        await disable_webhook(db, webhook, "its receiver failed for a day")
    is_over = outcome.is_gone or moment >= end or not webhook.is_enabled
    next_at = None if is_over else min(moment + pause_after(turn.attempt, outcome.wait), end)
    statement = "UPDATE webhook_deliveries SET next_attempt_at = $2 WHERE id = $1"
    await db.execute_query(sql(db, statement), [turn.message.id, next_at])


def _has_succeeded_since(webhook: Webhook, moment: float) -> bool:
    return webhook.succeeded_at is not None and webhook.succeeded_at.timestamp() >= moment


async def _change(db: BaseDBAsyncClient, turn: Turn, changes: str, *values: Any) -> dict[str, Any] | None:
    """Change the delivery, and answer its row with the database's `moment`; None where the turn was lost."""
    statement = (
        f"UPDATE webhook_deliveries SET {changes} WHERE id = $1 AND attempt = $2 AND is_sending = true "
        f"RETURNING created_at, {database_now(db)} AS moment"
    )
    rows = await db.execute_query_dict(sql(db, statement), [turn.message.id, turn.attempt, *values])
    return {name: float(value) for name, value in dict(rows[0]).items()} if rows else None
