"""Tables `webhooks` and `webhook_deliveries`: who is told of which events, and what is to be or was delivered."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField, now


class Webhook(Model):
    """An address that is told of its owner's jobs. The secret is kept as it is: every message is signed with it."""

    id = fields.CharField(primary_key=True, max_length=64)
    owner_id = fields.CharField(max_length=64)
    url = fields.TextField()
    events: Any = fields.JSONField()
    """A list of their names."""
    secret = fields.CharField(max_length=100)
    is_enabled = fields.BooleanField(default=True)
    after_event_id = fields.BigIntField()
    """The newest line of any job's history when it was created or enabled: it is told of those after that, whatever clocks say."""
    created_at = InstantField(default=now)
    succeeded_at = InstantField(null=True)
    """When it last took a delivery, by the database's clock."""

    class Meta:
        table = "webhooks"
        indexes = (("owner_id", "created_at"),)


class WebhookDelivery(Model):
    """One message for one webhook, with what came of its last attempt; it goes with its webhook and with its job.

    `attempt` grows with every claim, so that a sender which lost its turn can record nothing. Times are by the
    database's clock.
    """

    id = fields.CharField(primary_key=True, max_length=64)
    webhook_id = fields.CharField(max_length=64)
    job_id = fields.CharField(max_length=64, null=True, db_index=True)
    event_id = fields.BigIntField(null=True)
    """The line of the job's history that it tells; null for a test."""
    event = fields.CharField(max_length=40)
    payload = fields.TextField()
    """The body, byte for byte the same in every attempt."""
    attempt = fields.IntField(default=0)
    status_code = fields.IntField(null=True)
    error = fields.TextField(null=True)
    created_at = InstantField()
    delivered_at = InstantField(null=True)
    next_attempt_at = InstantField(null=True)
    """When it is due; while it is being sent, when the sender loses its turn; null once it is over."""
    is_sending = fields.BooleanField(default=False)

    class Meta:
        table = "webhook_deliveries"
        unique_together = (("webhook_id", "event_id"),)
        indexes = (("webhook_id", "created_at", "id"), ("webhook_id", "next_attempt_at", "is_sending", "delivered_at"))
