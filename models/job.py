"""Tables `jobs` and `job_uploads`: what runs and is watched, and the uploads that it works on."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from base.words import JobStatus, JobType, WaitReason
from models.fields import InstantField, now


class Job(Model):
    """Task, batch or download. `version` grows with every change that a subscriber can see."""

    id = fields.CharField(primary_key=True, max_length=64)
    type = fields.CharEnumField(JobType, max_length=10)
    kind = fields.CharField(max_length=100)
    owner_id = fields.CharField(max_length=64)
    title = fields.CharField(max_length=500, null=True)
    external_id = fields.CharField(max_length=255, null=True)
    status = fields.CharEnumField(JobStatus, max_length=20)
    status_message = fields.TextField(default="")
    awaiting = fields.CharField(max_length=100, null=True)
    stage = fields.CharField(max_length=100, null=True)
    options: Any = fields.JSONField(default=dict)
    queue = fields.CharField(max_length=100, null=True)
    """Of a task that other programs claim: which of them."""
    answered: Any = fields.JSONField(null=True)
    """A list: what it awaited when its owner let it go on."""
    auto_start = fields.BooleanField(default=True)
    wait_reason = fields.CharEnumField(WaitReason, max_length=20, null=True)
    wait_until = InstantField(null=True)
    """While there is a reason: no slice of it is taken before that."""
    wait_count = fields.IntField(default=0, db_default=0)
    """Waits in a row, without anything done in between."""
    priority = fields.IntField(default=0)
    attempt = fields.IntField(default=1)
    version = fields.BigIntField(default=1)
    percentage = fields.FloatField(default=0)
    total_items = fields.IntField(null=True)
    completed_items = fields.IntField(default=0)
    failed_items = fields.IntField(default=0)
    skipped_items = fields.IntField(default=0)
    total_slices = fields.IntField(null=True)
    completed_slices = fields.IntField(default=0)
    total_bytes = fields.BigIntField(null=True)
    processed_bytes = fields.BigIntField(default=0)
    total_size = fields.BigIntField(default=0)
    reserved_bytes = fields.BigIntField(default=0, db_default=0)
    """Of a download while it is PROCESSING: what its transfers take of its owner's quota, come or still to come."""
    reference = fields.CharField(max_length=100, null=True)
    summary: Any = fields.JSONField(null=True)
    """What planning found out about the whole, as its kind writes it."""
    cost = fields.FloatField(null=True)
    """Of what was done in this attempt; None where its kind has no price."""
    download: Any = fields.JSONField(null=True)
    """Of a download: its URL and where it stands, as `jobs.recording.transfers` writes it."""
    search_text: str = fields.TextField(default="", db_default="")
    """Title and file names as they are searched; see `models.search`."""
    error_code = fields.CharField(max_length=40, null=True)
    error_message = fields.TextField(null=True)
    error_is_retryable = fields.BooleanField(default=False)
    """Whether what failed could end otherwise another time; also of one that is COMPLETED with failures."""
    error_at = InstantField(null=True)
    queued_at = InstantField(null=True)
    """When it last became PENDING: its age in the queue."""
    created_at = InstantField(default=now)
    updated_at = InstantField(default=now)
    started_at = InstantField(null=True)
    finished_at = InstantField(null=True)
    working_since = InstantField(null=True)
    """When it last became PROCESSING, while it is."""
    worked_seconds = fields.FloatField(default=0, db_default=0)
    """How long the attempt was PROCESSING before that."""
    progressed_at = InstantField(null=True)
    """When its work last moved; null where nothing has moved for so long that no rate tells when it will be done."""
    expires_at = InstantField(null=True)
    deleted_at = InstantField(null=True)

    class Meta:
        table = "jobs"
        unique_together = (("owner_id", "external_id"),)
        indexes = (
            # Whatever a list filters by lies in these two, so that none but the rows of the page are read.
            ("owner_id", "created_at", "id", "type", "status", "kind", "deleted_at", "search_text"),
            ("created_at", "id", "type", "status", "kind", "deleted_at", "search_text"),
            ("status", "priority", "queued_at"),
            ("queue", "status", "priority", "queued_at"),
            ("status", "total_slices"),
            ("owner_id", "status"),
            ("status", "queue", "owner_id", "priority", "queued_at", "id", "deleted_at"),
            ("reference",),
            ("external_id",),
            ("finished_at",),
        )


class JobUpload(Model):
    """One input of a job, in the order in which the client named it."""

    id = fields.BigIntField(primary_key=True)
    job_id = fields.CharField(max_length=64)
    upload_id = fields.CharField(max_length=64, db_index=True)
    position = fields.IntField()

    class Meta:
        table = "job_uploads"
        unique_together = (("job_id", "upload_id"),)
        indexes = (("job_id", "position"),)
