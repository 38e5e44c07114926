"""Tables `job_events` and `log_entries`: what happened to a job, and what it said; ids grow within a job."""

from tortoise import fields
from tortoise.indexes import PartialIndex
from tortoise.models import Model

from base.words import JobStatus, LogLevel
from models.fields import InstantField, now


class JobEvent(Model):
    """A change of status or stage. The newest 1,000 of a job are kept."""

    id = fields.BigIntField(primary_key=True)
    job_id = fields.CharField(max_length=64)
    at = InstantField(default=now)
    attempt = fields.IntField()
    status = fields.CharEnumField(JobStatus, max_length=20)
    stage = fields.CharField(max_length=100, null=True)
    message = fields.TextField()
    is_owed = fields.BooleanField(default=False, db_default=False)
    """Whether webhooks are still to be told: it is written with the change itself, so that none is forgotten."""

    class Meta:
        table = "job_events"
        indexes = (("job_id", "id"), PartialIndex(fields=("at", "id"), condition={"is_owed": True}))


class LogEntry(Model):
    """One line of a job's log. The newest 1,000 of a job are kept."""

    id = fields.BigIntField(primary_key=True)
    job_id = fields.CharField(max_length=64)
    level = fields.CharEnumField(LogLevel, max_length=10)
    message = fields.TextField()
    at = InstantField(default=now)

    class Meta:
        table = "log_entries"
        indexes = (("job_id", "id"),)
