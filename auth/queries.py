"""Reads: who a token belongs to, users, and the audit log."""

import time

from tortoise.connection import get_connection

from auth.keys import Keys
from auth.names import MAX_LENGTH
from auth.tokens import read_access_token
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import AuditEntry, User
from models.listing import MAX_SIZE
from models.records import record_type
from models.sql import fetch_rows, placeholders

user_of = record_type(User)
"""The row as an object, with the columns that were read."""
_SIGNED_IN = (
    "SELECT u.role, u.quota_key FROM sessions s JOIN users u ON u.id = s.user_id "
    "WHERE s.id = $1 AND u.id = $2 AND s.revoked_at IS NULL AND NOT u.is_disabled"
)
"""One statement, since it is asked at every request."""
_MAX_OFFSET = 2**31 - 1
_MAX_ID = 64


async def find_session_viewer(keys: Keys, token: str) -> Viewer:
    """Who calls with this access token of ours.

    Raises:
        Refusal: INVALID_TOKEN or TOKEN_EXPIRED, also for a session that ended and a user who is disabled or gone.
    """
    access = read_access_token(keys, token)
    db = get_connection("default")
    rows = await fetch_rows(db, _SIGNED_IN, access.session_id, access.user_id)
    if not rows:
        raise Refusal(ErrorCode.INVALID_TOKEN, "This session has ended: call login.")
    role, quota_key = Role(rows[0]["role"]), rows[0]["quota_key"]
    return Viewer(access.user_id, role, access.session_id, access.expires_at, quota_key=quota_key)


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


def require_admin(viewer: Viewer) -> Viewer:
    """`viewer`, who must be an admin.

    Raises:
        Refusal: FORBIDDEN.
    """
    if not viewer.is_admin:
        raise Refusal(ErrorCode.FORBIDDEN, "Only admins may do this.")
    return viewer


def require_person(viewer: Viewer, what: str) -> Viewer:
    """`viewer`, who must have signed in: no API token makes or changes people, roles, passwords or other tokens.

    Raises:
        Refusal: FORBIDDEN, with a sentence about `what` is done by who has signed in.
    """
    if viewer.api_token_id:
        message = f"{what} by who has signed in, not with an API token: what it made would outlive it."
        raise Refusal(ErrorCode.FORBIDDEN, message)
    return viewer


async def find_user(user_id: str) -> User:
    """The user with this id.

    Raises:
        Refusal: NOT_FOUND.
    """
    user = await User.get_or_none(id=user_id)
    if user is None:
        raise user_not_found()
    return user


def user_not_found() -> Refusal:
    """There is no such user for this caller: unknown and another one look the same."""
    return Refusal(ErrorCode.NOT_FOUND, "There is no such user.")


async def users_by_ids(ids: list[str]) -> list[User | None]:
    """The users in the order of `ids`."""
    known = list(dict.fromkeys(ids))
    statement = f"SELECT * FROM users WHERE id IN ({placeholders(known)})"
    found = {row["id"]: user_of(row) for row in await fetch_rows(get_connection("default"), statement, *known)}
    return [found.get(id_) for id_ in ids]


async def first_user_at() -> float:
    """When the first user was made, at the first start on this database; in seconds since 1970."""
    rows = await fetch_rows(get_connection("default"), "SELECT min(created_at) AS at FROM users")
    return float(rows[0]["at"] or time.time())


async def list_users(first: int, offset: int, search: str | None = None) -> list[User]:
    """Up to `first` users after the first `offset`, in the order in which they were made; `search` is a part of a name.

    Raises:
        Refusal: BAD_INPUT.
    """
    _check_size(first)
    if not 0 <= offset <= _MAX_OFFSET:
        raise Refusal(ErrorCode.BAD_INPUT, "offset is 0 or more.", "offset")
    part = (search or "").replace("\0", "").strip()  # PostgreSQL takes no NUL
    if len(part) > MAX_LENGTH:
        raise Refusal(ErrorCode.BAD_INPUT, f"A search has at most {MAX_LENGTH} characters.", "search")
    users = User.filter(username__icontains=part) if part else User.all()
    return await users.order_by("created_at", "id").offset(offset).limit(first) if first else []


async def list_audit_entries(object_id: str | None, first: int, after: str | None) -> list[AuditEntry]:
    """Up to `first` entries of the audit log, newest first, older than the entry `after`; of one object, or of all.

    Raises:
        Refusal: BAD_INPUT.
    """
    _check_size(first)
    entries = AuditEntry.all()
    if object_id is not None:
        if len(object_id) > _MAX_ID or "\0" in object_id:
            return []
        entries = entries.filter(object_id=object_id)
    if after is not None:
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise Refusal(ErrorCode.BAD_INPUT, "after is the id of an entry of the audit log.", "after")
        entries = entries.filter(id__lt=int(after))
    return await entries.order_by("-id").limit(first) if first else []


def _check_size(first: int) -> None:
    if not 0 <= first <= MAX_SIZE:
        raise Refusal(ErrorCode.BAD_INPUT, f"first must be 0 to {MAX_SIZE}.", "first")
