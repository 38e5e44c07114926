"""Table `sessions`: one row per sign-in, with the hashes of its two newest refresh tokens."""

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField, now


class Session(Model):
    """A family of refresh tokens. Hashes are hex SHA-256. The previous one stays good for a moment (two tabs)."""

    id = fields.CharField(primary_key=True, max_length=64)
    user_id = fields.CharField(max_length=64, db_index=True)
    current_hash = fields.CharField(max_length=64)
    previous_hash = fields.CharField(max_length=64, null=True)
    rotated_at = InstantField(null=True)
    created_at = InstantField(default=now)
    expires_at = InstantField()
    revoked_at = InstantField(null=True)

    class Meta:
        table = "sessions"
        indexes = (("expires_at",),)
