"""Reads: whose webhooks there are, their deliveries, and how many of these stand how."""

from collections.abc import Sequence
from typing import Any

from tortoise.connection import get_connection

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from models import Webhook
from models.ids import type_of_id
from models.listing import KeyType, Listing
from models.sql import fetch_rows

_COLUMNS = (
    "id, webhook_id, job_id, event, attempt, status_code, error, created_at, delivered_at, next_attempt_at, is_sending"
)
"""All but the payload, which nobody reads here."""
_OUTCOME = "CASE WHEN delivered_at IS NOT NULL THEN 'delivered' WHEN next_attempt_at IS NOT NULL THEN 'waiting' ELSE 'failed' END"


async def list_webhooks(viewer: Viewer) -> list[Webhook]:
    """The viewer's own webhooks, newest first."""
    return await Webhook.filter(owner_id=viewer.user_id).order_by("-created_at", "-id")


async def find_webhook(viewer: Viewer, webhook_id: str) -> Webhook:
    """The webhook, if it exists for this viewer.

    Raises:
        Refusal: INVALID_ID, WEBHOOK_NOT_FOUND.
    """
    type_of_id(webhook_id)
    webhook = await Webhook.get_or_none(id=webhook_id)
    if webhook is None or not viewer.may_see(webhook.owner_id):
        raise webhook_not_found()
    return webhook


async def find_webhooks(viewer: Viewer, webhook_ids: Sequence[str]) -> list[Webhook | Refusal]:
    """Each webhook as `find_webhook` does, or why there is none."""
    webhooks = await Webhook.filter(id__in=set(webhook_ids))
    found = {webhook.id: webhook for webhook in webhooks if viewer.may_see(webhook.owner_id)}
    return [found.get(id_) or webhook_not_found() for id_ in webhook_ids]


def list_deliveries() -> Listing:
    """The deliveries of each webhook, newest first."""
    keys, types = ("created_at", "id"), (KeyType.FLOAT, KeyType.TEXT)
    return Listing("webhook_deliveries", keys, types, _COLUMNS, is_descending=True, parent="webhook_id")


async def count_deliveries_by_outcome() -> dict[str, int]:
    """How many deliveries there are that are `delivered`, `waiting` for an attempt, or `failed` for good."""
    db = get_connection("default")
    statement = f"SELECT {_OUTCOME} AS outcome, count(*) AS total FROM webhook_deliveries GROUP BY 1"
    rows: list[Any] = await fetch_rows(db, statement)
    return {"delivered": 0, "waiting": 0, "failed": 0} | {row["outcome"]: row["total"] for row in rows}


def webhook_not_found() -> Refusal:
    """One answer for one that is not there and one that belongs to somebody else."""
    return Refusal(ErrorCode.WEBHOOK_NOT_FOUND, "There is no such webhook.")
