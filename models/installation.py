"""Table `installation`: what all servers on this database agree on."""

from tortoise import fields
from tortoise.models import Model

from models.fields import InstantField


class Installation(Model):
    """The only row. `key_fingerprint` tells the secret key that signs, 32 hex digits."""

    id = fields.IntField(primary_key=True, generated=False)
    key_fingerprint = fields.CharField(max_length=64)
    changed_at = InstantField()

    class Meta:
        table = "installation"
