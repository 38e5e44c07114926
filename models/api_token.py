"""Table `api_tokens`: long-lived bearer tokens for programs, of which only a hash is kept."""

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField, now


class ApiToken(Model):
    """One token. `token_hash` is hex SHA-256. `last_used_at` is written at most once a minute."""

    id = fields.CharField(primary_key=True, max_length=64)
    user_id = fields.CharField(max_length=64, db_index=True)
    name = fields.CharField(max_length=100)
    token_hash = fields.CharField(max_length=64, unique=True)
    created_at = InstantField(default=now)
    last_used_at = InstantField(null=True)
    expires_at = InstantField(null=True)
    revoked_at = InstantField(null=True)

    class Meta:
        table = "api_tokens"
