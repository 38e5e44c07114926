"""Tables `uploads` and `upload_parts`: one file coming in, and which uploads a concatenation is made of."""

from tortoise import fields
from tortoise.models import Model

from base.words import UploadStatus
from models.fields import InstantField, now


class Upload(Model):
    """`offset_bytes` counts what is safely on disk: it is raised after the bytes were synced, never before."""

    id = fields.CharField(primary_key=True, max_length=64)
    owner_id = fields.CharField(max_length=64)
    status = fields.CharEnumField(UploadStatus, max_length=10, default=UploadStatus.UPLOADING)
    filename = fields.CharField(max_length=1024)
    content_type = fields.CharField(max_length=255)
    external_id = fields.CharField(max_length=255, null=True)
    metadata = fields.TextField(default="")
    """The Upload-Metadata header as it came, to be answered byte for byte."""
    concat = fields.TextField(null=True)
    """The Upload-Concat header as it came: null for a plain file."""
    is_partial = fields.BooleanField(default=False, db_default=False)
    """A part of files to come: not a file of its own, and in no list."""
    is_stored = fields.BooleanField(default=True, db_default=True)
    """Whether the disk has bytes under this id: not for a concatenation, and not any more once they are removed."""
    size_bytes = fields.BigIntField(null=True)
    offset_bytes = fields.BigIntField(default=0)
    sha256 = fields.CharField(max_length=64, null=True)
    fence = fields.BigIntField(default=0, db_default=0)
    """Fencing token: grows with every writer, where several processes may write: an earlier one commits nothing any more."""
    version = fields.BigIntField(default=1)
    error_code = fields.CharField(max_length=40, null=True)
    error_message = fields.TextField(null=True)
    created_at = InstantField(default=now)
    updated_at = InstantField(default=now)
    expires_at = InstantField(null=True)

    class Meta:
        table = "uploads"
        indexes = (
            # Whatever a list filters by lies in these two.
            ("owner_id", "created_at", "id", "status", "is_partial"),
            ("created_at", "id", "status", "is_partial"),
            ("status", "updated_at"),
            ("owner_id", "is_stored", "status", "size_bytes"),
            ("is_stored", "status", "id"),
            ("external_id", "created_at", "id"),
        )


class UploadPart(Model):
    """One piece of a concatenation, in the order of its bytes (the same piece may come twice)."""

    id = fields.BigIntField(primary_key=True)
    final_id = fields.CharField(max_length=64)
    part_id = fields.CharField(max_length=64, db_index=True)
    position = fields.IntField()

    class Meta:
        table = "upload_parts"
        unique_together = (("final_id", "position"),)
