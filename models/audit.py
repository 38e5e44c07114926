"""Table `audit_entries`: who did what that somebody may have to answer for; rows are added, and removed by age."""

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField, now


class AuditEntry(Model):
    """One act. Ids grow, and `object_id` stays when what it names is gone."""

    id = fields.BigIntField(primary_key=True)
    at = InstantField(default=now)
    actor_id = fields.CharField(max_length=64, null=True)
    action = fields.CharField(max_length=40)
    object_id = fields.CharField(max_length=64, null=True)
    detail = fields.TextField(null=True)

    class Meta:
        table = "audit_entries"
        indexes = (("object_id", "id"), ("at",))
