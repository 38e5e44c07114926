"""Table `identities`: which user somebody is whom an outside issuer vouches for."""

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField


class Identity(Model):
    """One subject of one issuer. `role_told_at` is when the token was issued that told the role the user has now."""

    id = fields.BigIntField(primary_key=True)
    issuer = fields.CharField(max_length=255)
    subject = fields.CharField(max_length=255)
    user_id = fields.CharField(max_length=64, unique=True)
    role_told_at = InstantField()

    class Meta:
        table = "identities"
        unique_together = (("issuer", "subject"),)
