"""Table `slices`: the runs of items that workers take, one at a time."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from base.words import SlicePhase, SliceStatus
from models.fields import InstantField


class Slice(Model):
    """`fence` grows with every claim, so that a worker which lost its lease cannot report any more."""

    id = fields.BigIntField(primary_key=True)
    job_id = fields.CharField(max_length=64)
    attempt = fields.IntField()
    phase = fields.CharEnumField(SlicePhase, max_length=10)
    number = fields.IntField()
    first_index = fields.IntField(default=0)
    item_count = fields.IntField(default=0)
    payload: Any = fields.JSONField(default=dict)
    status = fields.CharEnumField(SliceStatus, max_length=10, default=SliceStatus.WAITING)
    worker = fields.CharField(max_length=100, null=True)
    lease_expires_at = InstantField(null=True)
    fence = fields.IntField(default=0)
    crash_count = fields.IntField(default=0)

    class Meta:
        table = "slices"
        unique_together = (("job_id", "attempt", "phase", "number"),)
        indexes = (("job_id", "status", "number"), ("status", "lease_expires_at"))
