"""Table `files`: bytes that go out, and intermediate ones that stay inside."""

from tortoise import fields
from tortoise.models import Model

from base.words import FileRole
from models.fields import InstantField, now


class File(Model):
    """One file of a job, or of one of its items."""

    id = fields.CharField(primary_key=True, max_length=64)
    job_id = fields.CharField(max_length=64)
    item_id = fields.CharField(max_length=64, null=True)
    owner_id = fields.CharField(max_length=64)
    attempt = fields.IntField(default=1)
    role = fields.CharEnumField(FileRole, max_length=12)
    name = fields.CharField(max_length=1024)
    content_type = fields.CharField(max_length=255)
    size_bytes = fields.BigIntField()
    sha256 = fields.CharField(max_length=64)
    storage_key = fields.CharField(max_length=255)
    is_stored = fields.BooleanField(default=True, db_default=True)
    """Whether the disk has its bytes: not any more once they were removed."""
    upload_id = fields.CharField(max_length=64, null=True)
    """The upload that brought it; null where a processor made it."""
    created_at = InstantField(default=now)
    modified_at = InstantField(null=True)
    """Of a file that was fetched: when it changed last at its server, where that said so."""
    source = fields.CharField(max_length=64, null=True)
    """Of a file that was fetched: a digest of its URL and its server's strong validators."""
    expires_at = InstantField(null=True)
    """When its time was over; until then that follows from its job's end."""

    class Meta:
        table = "files"
        indexes = (
            ("job_id", "item_id"), ("item_id",), ("is_stored", "role", "expires_at", "created_at"),
            ("owner_id", "sha256"), ("owner_id", "source"),
        )  # fmt: skip
