"""Writes: opening, refreshing and ending sessions."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.audit import Action, note
from auth.keys import Keys
from auth.login_throttle import attempt_of
from auth.passwords import is_password
from auth.quotas import address_quota, quota_of
from auth.tokens import issue_access_token
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import Role
from models import Session, User
from models.database import transaction
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


async def open_session(
    auth: AuthServices, username: str, password: str, address: str | None = None, caller: Viewer | None = None
) -> OpenSession:
    """Sign `username` in, who calls from `address` (None where that is not known), signed in already as `caller` or not.

    Raises:
        Refusal: INVALID_CREDENTIALS, the same in words and time for a wrong name and a wrong password; RATE_LIMITED
            after several of these, and where the caller has too many waiting.
    """
    attempt = attempt_of(username, address)
    await auth.login_throttle.check(attempt)
    user = await User.get_or_none(username=username) if _can_be_stored(username, 100) else None
    check = partial(auth.login_throttle.check, attempt)
    is_right = await is_password(user.password_hash if user else None, password, quota_of(caller, address), check)
    opened = await _sign_in(auth, user.id, address) if user is not None and is_right else None
    if opened is None:
        await auth.login_throttle.failed(attempt)
        log.warning("sign-in refused", security=True)
        await note(Action.SIGN_IN_REFUSED, None, user.id if user else None, _from(address))
        raise Refusal(ErrorCode.INVALID_CREDENTIALS, "The user name or the password is wrong.")
    await auth.login_throttle.succeeded(attempt)
    return opened


async def open_anonymous_session(auth: AuthServices, address: str | None = None) -> OpenSession:
    """Make a user without a name, and sign them in; their limits are those of the address.

    Raises:
        Refusal: FORBIDDEN where that is not allowed; RATE_LIMITED where the address has begun too many sessions.
    """
    if not auth.is_anonymous_allowed:
        raise Refusal(ErrorCode.FORBIDDEN, "This server takes nobody in without an account: call login.")
    quota_key = address_quota(address)
    await auth.anonymous_rates.take(quota_key)
    async with transaction() as db:
        user = await User.create(using_db=db, id=new_id("user"), role=Role.USER, is_anonymous=True, quota_key=quota_key)
        opened = await _new_session(auth, db, user, address)
    log.info("signed in anonymously", user=user.id, security=True)
    return opened


async def refresh_session(auth: AuthServices, refresh_token: str) -> OpenSession:
    """Exchange a refresh token for new tokens; it is good once (and once more within 30 s, for the same successor).

    Raises:
        Refusal: INVALID_TOKEN; the whole session is revoked where the token had been used long ago.
    """
    moment = now()
    session_id = refresh_token.partition(".")[0]
    if not _can_be_stored(session_id, 64):
        raise _invalid_refresh_token()
    successors = [_successor(key, refresh_token) for key in auth.keys.accepted]
    async with transaction() as db:
        # Locked, so that a sign-out at the same moment is not written over.
        session = await Session.select_for_update(using_db=db).get_or_none(id=session_id)
        user = await User.get_or_none(id=session.user_id, using_db=db) if session else None
        if session is None or user is None or session.revoked_at or session.expires_at <= moment or user.is_disabled:
            raise _invalid_refresh_token()
        successor = _rotate(session, refresh_token, successors, moment)
        await session.save(using_db=db)
        if successor is None:
            await note(Action.SESSION_REVOKED, None, user.id, "a used refresh token came back", db=db)
    if successor is None:
        log.warning("a used refresh token came back; session revoked", user=user.id, security=True)
        await auth.on_change(user.id)
        raise _invalid_refresh_token()
    return _opened(auth.keys, user, session, successor, moment)


async def close_session(auth: AuthServices, viewer: Viewer) -> None:
    """End the viewer's session: its tokens are refused from now on, and its sockets are closed.

    Raises:
        Refusal: INVALID_STATE where the viewer came with a token that belongs to no session.
    """
    if not viewer.session_id:
        message = (
            "There is no session to end: API tokens end by revokeApiToken, an outside issuer's tokens at the issuer."
        )
        raise Refusal(ErrorCode.INVALID_STATE, message)
    async with transaction() as db:
        await Session.filter(id=viewer.session_id, revoked_at=None).using_db(db).update(revoked_at=now())
        await note(Action.SIGNED_OUT, viewer.user_id, viewer.user_id, db=db)
    log.info("signed out", security=True)
    await auth.on_change(viewer.user_id)


async def end_sessions(db: BaseDBAsyncClient, user_id: str, *, but: str = "") -> None:
    """End all sessions of a user, or all but one, in a transaction of the caller's, who then tells `on_change`."""
    await Session.filter(user_id=user_id, revoked_at=None).exclude(id=but).using_db(db).update(revoked_at=now())


async def _sign_in(auth: AuthServices, user_id: str, address: str | None) -> OpenSession | None:
    """A session of a user who may have one; locked, so that whoever is being disabled gets none that would outlast it."""
    async with transaction() as db:
        user = await User.select_for_update(using_db=db).get_or_none(id=user_id)
        if user is None or user.is_disabled:
            return None
        opened = await _new_session(auth, db, user, address)
    log.info("signed in", user=user.id, security=True)
    return opened


async def _new_session(auth: AuthServices, db: BaseDBAsyncClient, user: User, address: str | None) -> OpenSession:
    moment = now()
    session_id = new_id("session")
    refresh_token = f"{session_id}.{secrets.token_urlsafe(32)}"
    session = await Session.create(
        using_db=db,
        id=session_id,
        user_id=user.id,
        current_hash=_hash(refresh_token),
        expires_at=moment + REFRESH_LIFETIME,
        created_at=moment,
    )
    await note(Action.SIGNED_IN, user.id, user.id, _from(address), db=db)
    return _opened(auth.keys, user, session, refresh_token, moment)


def _rotate(session: Session, refresh_token: str, successors: list[str], moment: datetime) -> str | None:
    """The successor of a good token, made with the key that signs, or with that which signed a moment ago; None for one that is not."""
    presented = _hash(refresh_token)
    if hmac.compare_digest(presented, session.current_hash):
        session.previous_hash, session.current_hash, session.rotated_at = presented, _hash(successors[0]), moment
        return successors[0]
    is_recent = session.rotated_at is not None and moment - session.rotated_at <= REUSE_GRACE
    if is_recent and session.previous_hash and hmac.compare_digest(presented, session.previous_hash):
        told = next((token for token in successors if hmac.compare_digest(_hash(token), session.current_hash)), None)
        if told is not None:
            return told
    session.revoked_at = moment
    return None


def _opened(keys: Keys, user: User, session: Session, refresh_token: str, moment: datetime) -> OpenSession:
    access_token, expires_at = issue_access_token(keys, user.id, session.id, moment)
    return OpenSession(access_token, expires_at, refresh_token, session.expires_at, user)


def _successor(secret_key: str, refresh_token: str) -> str:
    """The token after `refresh_token`: derived from it and our secret, so that only its hash needs to be stored."""
    digest = hmac.digest(secret_key.encode(), b"refresh:" + refresh_token.encode(), hashlib.sha256)
    return f"{refresh_token.partition('.')[0]}.{urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _can_be_stored(text: str, max_length: int) -> bool:
    """Whether a column of `max_length` can hold `text`; the ORM refuses to look for what is longer, PostgreSQL for NUL."""
    return len(text) <= max_length and "\0" not in text


def _from(address: str | None) -> str | None:
    return f"from {address}" if address else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _invalid_refresh_token() -> Refusal:
    return Refusal(ErrorCode.INVALID_TOKEN, "This refresh token is not good any more: call login.")
