"""Writes: opening, refreshing and ending sessions; the first admin."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from auth.passwords import hash_password, is_password
from auth.tokens import issue_access_token
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import Role
from models import Session, User
from models.fields import now
from models.ids import new_id

log = log_for(__name__)

REFRESH_LIFETIME = timedelta(days=30)
REUSE_GRACE = timedelta(seconds=30)
"""A rotated refresh token answers once more with the same successor for so long: two tabs, or a lost answer."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """What a client is given: both tokens, their ends, and who it is."""

    access_token: str
    expires_at: datetime
    refresh_token: str
    refresh_expires_at: datetime
    user: User


async def open_session(secret_key: str, username: str, password: str) -> OpenSession:
    """Sign `username` in.

    Raises:
        Refusal: INVALID_CREDENTIALS, the same in words and time for a wrong name and a wrong password.
    """
    user = await User.get_or_none(username=username) if _can_be_stored(username, 100) else None
    is_right = await is_password(user.password_hash if user else None, password)
    if user is None or not is_right or user.is_disabled:
        log.warning("sign-in refused", security=True)
        raise Refusal(ErrorCode.INVALID_CREDENTIALS, "The user name or the password is wrong.")
    moment = now()
    session_id = new_id("session")
    refresh_token = f"{session_id}.{secrets.token_urlsafe(32)}"
    session = await Session.create(
        id=session_id,
        user_id=user.id,
        current_hash=_hash(refresh_token),
        expires_at=moment + REFRESH_LIFETIME,
        created_at=moment,
    )
    log.info("signed in", user=user.id, security=True)
    return _opened(secret_key, user, session, refresh_token, moment)


async def refresh_session(secret_key: str, refresh_token: str) -> OpenSession:
    """Exchange a refresh token for new tokens; it is good once (and once more within 30 s, for the same successor).

    Raises:
        Refusal: INVALID_TOKEN; the whole session is revoked where the token had been used long ago.
    """
    moment = now()
    session_id = refresh_token.partition(".")[0]
    if not _can_be_stored(session_id, 64):
        raise _invalid_refresh_token()
    successor = _successor(secret_key, refresh_token)
    async with in_transaction() as db:
        # Locked, so that a sign-out at the same moment is not written over.
        session = await Session.select_for_update(using_db=db).get_or_none(id=session_id)
        user = await User.get_or_none(id=session.user_id, using_db=db) if session else None
        if session is None or user is None or session.revoked_at or session.expires_at <= moment or user.is_disabled:
            raise _invalid_refresh_token()
        is_known = await _rotate(session, refresh_token, successor, moment)
        await session.save(using_db=db)
    if not is_known:
        log.warning("a used refresh token came back; session revoked", user=user.id, security=True)
        raise _invalid_refresh_token()
    return _opened(secret_key, user, session, successor, moment)


async def close_session(session_id: str) -> None:
    """End a session: its tokens are refused from now on."""
    await Session.filter(id=session_id, revoked_at=None).update(revoked_at=now())
    log.info("signed out", security=True)


async def ensure_admin(username: str, password: str) -> str | None:
    """Make the first admin where nobody exists yet; return the password if one had to be made up."""
    if await User.exists():
        return None
    made_up = None if password else secrets.token_urlsafe(15)
    await User.create(
        id=new_id("user"), username=username, role=Role.ADMIN, password_hash=await hash_password(made_up or password)
    )
    return made_up


async def reset_admin_password(username: str, password: str) -> str:
    """Give the admin a new password (made up where `password` is empty), end all of their sessions, return it.

    Raises:
        Refusal: NOT_FOUND where no admin has this name.
    """
    user = await User.get_or_none(username=username, role=Role.ADMIN)
    if user is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"There is no admin called {username}: set WAYBILL_ADMIN_USERNAME.")
    new_password = password or secrets.token_urlsafe(15)
    user.password_hash = await hash_password(new_password)
    user.is_disabled = False
    async with in_transaction() as db:
        await user.save(using_db=db)
        await Session.filter(user_id=user.id, revoked_at=None).using_db(db).update(revoked_at=now())
    return new_password


async def _rotate(session: Session, refresh_token: str, successor: str, moment: datetime) -> bool:
    presented = _hash(refresh_token)
    if hmac.compare_digest(presented, session.current_hash):
        session.previous_hash, session.current_hash, session.rotated_at = presented, _hash(successor), moment
        return True
    is_recent = session.rotated_at is not None and moment - session.rotated_at <= REUSE_GRACE
    if is_recent and session.previous_hash and hmac.compare_digest(presented, session.previous_hash):
        return True
    session.revoked_at = moment
    return False


def _opened(secret_key: str, user: User, session: Session, refresh_token: str, moment: datetime) -> OpenSession:
    access_token, expires_at = issue_access_token(secret_key, user.id, session.id, moment)
    return OpenSession(access_token, expires_at, refresh_token, session.expires_at, user)


def _successor(secret_key: str, refresh_token: str) -> str:
    """The token after `refresh_token`: derived from it and our secret, so that only its hash needs to be stored."""
    digest = hmac.digest(secret_key.encode(), b"refresh:" + refresh_token.encode(), hashlib.sha256)
    return f"{refresh_token.partition('.')[0]}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _can_be_stored(text: str, max_length: int) -> bool:
    """Whether a column of `max_length` can hold `text`; the ORM refuses to look for what is longer, PostgreSQL for NUL."""
    return len(text) <= max_length and "\0" not in text


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _invalid_refresh_token() -> Refusal:
    return Refusal(ErrorCode.INVALID_TOKEN, "This refresh token is not good any more: call login.")
