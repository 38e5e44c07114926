"""Reads: who a token belongs to."""

from tortoise.connection import get_connection

from auth.tokens import read_access_token
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import User
from models.database import sql

_SIGNED_IN = (
    "SELECT u.role FROM sessions s JOIN users u ON u.id = s.user_id "
    "WHERE s.id = $1 AND u.id = $2 AND s.revoked_at IS NULL AND NOT u.is_disabled"
)
"""One statement, since it is asked at every request."""


async def find_viewer(secret_key: str, authorization: str | None) -> Viewer | None:
    """The caller that the value of an Authorization header names; None where there is none.

    Raises:
        Refusal: INVALID_TOKEN or TOKEN_EXPIRED, also for a session that ended and a user who is disabled or gone.
    """
    if not authorization:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refusal(ErrorCode.INVALID_TOKEN, "Send the access token as: Authorization: Bearer <token>")
    access = read_access_token(secret_key, token.strip())
    db = get_connection("default")
    rows = await db.execute_query_dict(sql(db, _SIGNED_IN), [access.session_id, access.user_id])
    if not rows:
        raise Refusal(ErrorCode.INVALID_TOKEN, "This session has ended: call login.")
    return Viewer(access.user_id, Role(rows[0]["role"]), access.session_id, access.expires_at)


def require_viewer(viewer: Viewer | None) -> Viewer:
    """`viewer`, who must be signed in.

    Raises:
        Refusal: UNAUTHENTICATED.
    """
    if viewer is None:
        raise Refusal(
            ErrorCode.UNAUTHENTICATED, "Sign in first: call login and send the access token as a bearer token."
        )
    return viewer


async def find_user(user_id: str) -> User:
    """The user with this id.

    Raises:
        Refusal: NOT_FOUND.
    """
    user = await User.get_or_none(id=user_id)
    if user is None:
        raise Refusal(ErrorCode.NOT_FOUND, "There is no such user.")
    return user


async def users_by_ids(ids: list[str]) -> list[User | None]:
    """The users in the order of `ids`."""
    found = {user.id: user for user in await User.filter(id__in=set(ids))}
    return [found.get(id_) for id_ in ids]
