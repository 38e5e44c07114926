"""Webhooks and their deliveries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

import models
from execution.batches import batch_field
from schema.context import Info
from schema.types.arguments import ListSize
from schema.types.connection import Window, read_nested_pages
from schema.types.node import Node
from webhooks.queries import list_deliveries


@strawberry.type(description="One message for a webhook, with what came of its last attempt.")
class WebhookDelivery:
    """See `models.WebhookDelivery`."""

    id: strawberry.ID = strawberry.field(description="The message's webhook-id, the same in every attempt.")
    event: str = strawberry.field(description="What it tells, such as batch.completed.")
    job_id: strawberry.ID | None = strawberry.field(description="Of which job; null for a test.")
    attempt: int = strawberry.field(description="Attempts so far, the one under way included.")
    status_code: int | None = strawberry.field(
        description="What the receiver answered to the last one; null without an answer."
    )
    error: str | None = strawberry.field(description="Why the last one did not arrive; null where it did.")
    delivered_at: datetime | None = strawberry.field(description="When it arrived.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it will be tried again, at the latest; null when it arrived or was given up."
    )


async def _deliveries(roots: Sequence["Webhook"], info: Info, first: ListSize = 50) -> list[list[WebhookDelivery]]:
    pages = await read_nested_pages(info, list_deliveries(), roots, Window(first))
    return [[delivery_row_type(row) for row in page.rows] for page in pages]


@strawberry.type(description="An address that is told of its owner's jobs.")
class Webhook(Node):
    """See `models.Webhook`."""

    url: str = strawberry.field(description="Where the messages go.")
    events: list[str] = strawberry.field(description="Of what it is told.")
    is_enabled: bool = strawberry.field(
        description="False when its owner said so, its receiver answered 410, or nothing arrived for a day."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    secret: str | None = strawberry.field(
        description="Signs the messages. Shown once, in the answer of createWebhook, or of updateWebhook where that makes another; "
        "null afterwards. Lost: updateWebhook(newSecret: true)."
    )
    deliveries: list[WebhookDelivery] = batch_field(_deliveries, description="Newest first; `first` is at most 100.")


def webhook_type(webhook: models.Webhook, secret: str | None = None) -> Webhook:
    """The row as clients see it; `secret` is for who creates it alone."""
    return Webhook(
        id=strawberry.ID(webhook.id),
        url=webhook.url,
        events=webhook.events,
        is_enabled=webhook.is_enabled,
        created_at=webhook.created_at,
        secret=secret,
    )


def delivery_type(delivery: models.WebhookDelivery) -> WebhookDelivery:
    """The row as clients see it."""
    return WebhookDelivery(
        id=strawberry.ID(delivery.id),
        event=delivery.event,
        job_id=None if delivery.job_id is None else strawberry.ID(delivery.job_id),
        attempt=delivery.attempt,
        status_code=delivery.status_code,
        error=delivery.error,
        delivered_at=delivery.delivered_at,
        next_attempt_at=delivery.next_attempt_at,
    )


def delivery_row_type(row: dict[str, Any]) -> WebhookDelivery:
    """A row of a list as clients see it."""
    return delivery_type(models.WebhookDelivery._init_from_db(**row, payload=""))  # noqa: SLF001  the ORM's own way
