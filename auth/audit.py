"""The audit log, written in the transaction of what it tells.

It has what somebody may have to answer for.
"""

from enum import StrEnum

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.fields import now
from models.sql import execute_soon, fetch_rows

_MAX_DETAIL = 500


class Action(StrEnum):
    """What was done. The object is the user, unless something else is said."""

    SIGNED_IN = "SIGNED_IN"
    SIGN_IN_REFUSED = "SIGN_IN_REFUSED"
    """Nobody is the actor; the object is the user whose name was given, if there is one."""
    SIGNED_OUT = "SIGNED_OUT"
    SESSION_REVOKED = "SESSION_REVOKED"
    """A refresh token came back that had been used before: it may have been stolen."""
    REFUSED = "REFUSED"
    """FORBIDDEN; the detail says where, and why."""
    USER_CREATED = "USER_CREATED"
    ROLE_CHANGED = "ROLE_CHANGED"
    USER_DISABLED = "USER_DISABLED"
    USER_ENABLED = "USER_ENABLED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105  an act, not a password
    TOKEN_CREATED = "TOKEN_CREATED"  # noqa: S105  an act; the object is the API token
    TOKEN_REVOKED = "TOKEN_REVOKED"  # noqa: S105  an act; the object is the API token
    WEBHOOK_CREATED = "WEBHOOK_CREATED"
    """The object is the webhook, as in the next two; the detail has its host."""
    WEBHOOK_CHANGED = "WEBHOOK_CHANGED"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    """Nobody is the actor: its receiver said that it is gone, or failed for a day."""
    DELETED = "DELETED"
    """The object is what was deleted; nobody is the actor where the right came with a link."""
    PURGED = "PURGED"
    REVIEWED = "REVIEWED"
    """The object is the item; the detail has the fields that were corrected."""


async def note(
    action: Action,
    actor_id: str | None,
    object_id: str | None = None,
    detail: str | None = None,
    *,
    db: BaseDBAsyncClient | None = None,
) -> None:
    """Add an entry.

    Args:
        action: What was done.
        actor_id: The user who did it; None where nobody is known.
        object_id: What it was done to.
        detail: For people; never a password, a token or a name that did not exist (people type passwords there).
        db: The transaction of what is told; without one the entry stands alone.
    """
    text = detail[:_MAX_DETAIL].replace("\0", "") if detail else None
    statement = "INSERT INTO audit_entries (at, actor_id, action, object_id, detail) VALUES ($1, $2, $3, $4, $5)"
    values = (now().timestamp(), actor_id, str(action), object_id or None, text or None)
    if db is None:
        await fetch_rows(get_connection("default"), statement, *values)
    else:
        await execute_soon(db, statement, *values)
