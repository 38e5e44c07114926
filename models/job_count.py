"""Tables `job_counts` and `job_count_changes`: how many jobs there are of each sort, without looking at each of them.

The database itself notes every change of a job that changes a count, by triggers, in the transaction that changes the job:
what is counted is what is there, whoever wrote it and wherever that broke off. Notes are only ever added, so that
transactions do not wait for each other, and folded into the counts later.
"""

from tortoise import fields
from tortoise.models import Model

EVERYBODY = ""
"""In place of an owner: the jobs of all of them together."""
NOT_ENDED = -1
"""In place of the day of an end."""


class _Counted(Model):
    """Jobs of one sort that are not deleted; days are counted in UTC since 1970."""

    id = fields.BigIntField(primary_key=True)
    owner_id = fields.CharField(max_length=64)
    created_on = fields.IntField()
    ended_on = fields.IntField()
    type = fields.CharField(max_length=10)
    kind = fields.CharField(max_length=100)
    status = fields.CharField(max_length=20)
    jobs = fields.BigIntField()
    items = fields.BigIntField()
    """Done (completed, failed or skipped), of those that ended."""
    runs = fields.BigIntField()
    """Jobs that were begun and ended."""
    run_microseconds = fields.BigIntField()
    """How long these took together: integers, because sums of fractions depend on their order."""

    class Meta:
        abstract = True


class JobCount(_Counted):
    """The counts of one sort, but for what `JobCountChange` has to add to them."""

    class Meta:
        table = "job_counts"
        unique_together = (("owner_id", "created_on", "ended_on", "type", "kind", "status"),)


class JobCountChange(_Counted):
    """What one change of one job adds to the counts, or takes away. Its owner is never `EVERYBODY`."""

    class Meta:
        table = "job_count_changes"
