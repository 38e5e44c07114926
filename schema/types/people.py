"""Users, sessions, API tokens, and the audit log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

import models
from auth.lifecycle import OpenSession
from schema.context import Info
from schema.types.enums import Role
from schema.types.node import Node


@strawberry.type(description="A person or program that may sign in.")
class User(Node):
    """See `models.User`."""

    username: str | None = strawberry.field(description="Null for anonymous sessions.")
    role: Role = strawberry.field(description="What they may do.")
    is_anonymous: bool = strawberry.field(description="Came in without an account.")
    is_disabled: bool = strawberry.field(description="May not sign in any more.")
    created_at: datetime = strawberry.field(description="When the account was made.")


@strawberry.type(description="Signed in: the two tokens and who they belong to.")
class Session:
    """See `auth.lifecycle.OpenSession`."""

    access_token: str = strawberry.field(description="JWT, lives 30 minutes by default.")
    expires_at: datetime = strawberry.field(description="When the access token ends.")
    refresh_token: str = strawberry.field(
        description="Shown once, in this answer, and kept as a hash; lost: call login. Single use: each refresh returns a new one. Again within 30 s returns the same successor "
        "(two tabs, a lost answer); later it revokes the whole family."
    )
    refresh_expires_at: datetime = strawberry.field(description="When the refresh token ends.")
    user: User = strawberry.field(description="Who signed in.")


@strawberry.type(description="A long-lived bearer token for a program, with the rights of who created it.")
class ApiToken(Node):
    """See `models.ApiToken`."""

    name: str = strawberry.field(description="What it is for.")
    token: str | None = strawberry.field(
        description="Shown once, in the answer of createApiToken, and kept as a hash; null afterwards. "
        "Lost: revoke it and create another."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    last_used_at: datetime | None = strawberry.field(description="When it was last used, to the minute.")
    expires_at: datetime | None = strawberry.field(description="When it ends by itself; null: only by revokeApiToken.")


async def owners_of_rows(roots: Sequence[Any], info: Info) -> list[User]:
    """Whose each of `roots` is, by its row."""
    owners = [root.row.owner_id for root in roots]
    users = await info.context.loaders.users.load_many(dict.fromkeys(owners))
    shown = {user.id: user_type(user) for user in users if user is not None}
    return [shown[owner_id] for owner_id in owners]  # who owns something is not removed


async def _actor(root: "AuditEntry", info: Info) -> User | None:
    user = await info.context.loaders.users.load(root.actor_id) if root.actor_id is not None else None
    return user_type(user) if user is not None else None


@strawberry.type(description="Something that somebody may have to answer for.")
class AuditEntry:
    """See `models.AuditEntry`."""

    id: strawberry.ID = strawberry.field(description="Grows; also the cursor.")
    at: datetime = strawberry.field(description="When it happened.")
    actor_id: strawberry.Private[str | None]
    actor: User | None = strawberry.field(
        resolver=_actor,
        description="Who did it; null where nobody is known: a wrong password, a link that was passed on.",
    )
    action: str = strawberry.field(description="What was done, such as SIGNED_IN or ROLE_CHANGED.")
    object_id: strawberry.ID | None = strawberry.field(description="To what; it may be gone.")
    detail: str | None = strawberry.field(description="For people.")


def user_type(user: models.User) -> User:
    """The row as clients see it."""
    return User(
        id=strawberry.ID(user.id),
        username=user.username,
        role=user.role,
        is_anonymous=user.is_anonymous,
        is_disabled=user.is_disabled,
        created_at=user.created_at,
    )


def session_type(opened: OpenSession) -> Session:
    """The opened session as clients see it."""
    return Session(
        access_token=opened.access_token,
        expires_at=opened.expires_at,
        refresh_token=opened.refresh_token,
        refresh_expires_at=opened.refresh_expires_at,
        user=user_type(opened.user),
    )


def api_token_type(token: models.ApiToken, text: str | None = None) -> ApiToken:
    """The row as clients see it; `text` is the token itself, which only its creation knows."""
    return ApiToken(
        id=strawberry.ID(token.id),
        name=token.name,
        token=text,
        created_at=token.created_at,
        last_used_at=token.last_used_at,
        expires_at=token.expires_at,
    )


def audit_entry_type(entry: models.AuditEntry) -> AuditEntry:
    """The row as clients see it."""
    return AuditEntry(
        id=strawberry.ID(str(entry.id)),
        at=entry.at,
        actor_id=entry.actor_id,
        action=entry.action,
        object_id=None if entry.object_id is None else strawberry.ID(entry.object_id),
        detail=entry.detail,
    )
