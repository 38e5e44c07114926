"""Table `users`: people and programs that may sign in."""

from tortoise import fields
from tortoise.models import Model

from base.words import Role
from models.fields import InstantField, now


class User(Model):
    """One account. `password_hash` is argon2id in PHC form, null for accounts that cannot sign in by password."""

    id = fields.CharField(primary_key=True, max_length=64)
    username = fields.CharField(max_length=100, unique=True, null=True)
    password_hash = fields.CharField(max_length=255, null=True)
    role = fields.CharEnumField(Role, max_length=10, default=Role.USER)
    is_anonymous = fields.BooleanField(default=False)
    is_disabled = fields.BooleanField(default=False)
    quota_key = fields.CharField(max_length=100, null=True)
    """Whose limits count what an anonymous user does: those of an address; null: the user's own."""
    created_at = InstantField(default=now)

    class Meta:
        table = "users"
        indexes = (("quota_key",),)
