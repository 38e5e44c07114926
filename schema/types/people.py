"""Users and sessions."""

from datetime import datetime

import strawberry

import models
from auth.lifecycle import OpenSession
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
        description="Single use: each refresh returns a new one. Again within 30 s returns the same successor "
        "(two tabs, a lost answer); later it revokes the whole family."
    )
    refresh_expires_at: datetime = strawberry.field(description="When the refresh token ends.")
    user: User = strawberry.field(description="Who signed in.")


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
