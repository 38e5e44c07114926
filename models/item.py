"""Table `items`: a lead, a sheet, an audio file, a downloaded file."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from base.words import ItemStatus
from models.fields import InstantField, now


class Item(Model):
    """One item of a job. `attempt` is the attempt that gave it its present state, and each attempt gives it once."""

    id = fields.CharField(primary_key=True, max_length=64)
    job_id = fields.CharField(max_length=64)
    index = fields.IntField()
    name = fields.CharField(max_length=1024)
    status = fields.CharEnumField(ItemStatus, max_length=10, default=ItemStatus.PENDING)
    attempt = fields.IntField(default=1)
    result: Any = fields.JSONField(null=True)
    error_code = fields.CharField(max_length=40, null=True)
    error_message = fields.TextField(null=True)
    error_is_retryable = fields.BooleanField(default=False)
    skip_reason = fields.TextField(null=True)
    url = fields.TextField(null=True)
    size_bytes = fields.BigIntField(null=True)
    processed_bytes = fields.BigIntField(null=True)
    needs_review = fields.BooleanField(default=False)
    review: Any = fields.JSONField(null=True)
    """What a person said about it, in the shape of its kind; every attempt heeds it."""
    reviewed_at = InstantField(null=True)
    reviewed_by = fields.CharField(max_length=64, null=True)
    updated_at = InstantField(default=now)

    class Meta:
        table = "items"
        unique_together = (("job_id", "index"),)
