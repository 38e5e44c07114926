"""Table `uploads`: one file coming in."""

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
    size_bytes = fields.BigIntField(null=True)
    offset_bytes = fields.BigIntField(default=0)
    sha256 = fields.CharField(max_length=64, null=True)
    version = fields.BigIntField(default=1)
    error_code = fields.CharField(max_length=40, null=True)
    error_message = fields.TextField(null=True)
    created_at = InstantField(default=now)
    updated_at = InstantField(default=now)
    expires_at = InstantField(null=True)

    class Meta:
        table = "uploads"
        indexes = (("owner_id", "created_at", "id"), ("status", "updated_at"))
