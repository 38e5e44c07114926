"""API tokens: bearer tokens for programs.

Each is shown once, kept as a hash, and ended by its owner.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tortoise.connection import get_connection
from tortoise.exceptions import BaseORMException
from tortoise.queryset import QuerySet

from auth.audit import Action, note
from auth.names import check_name
from auth.queries import require_person
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.words import Role
from models import ApiToken, User
from models.database import transaction
from models.fields import now
from models.ids import new_id, type_of_id
from models.sql import execute_counted, fetch_rows

log = log_for(__name__)

PREFIX = "waybill_"
"""Tells people and scanners of leaked secrets what they have found."""
MAX_PER_USER = 100
_USE_INTERVAL = timedelta(minutes=1)
_END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)
"""Later moments do not come back from the database as they went in."""

_OWNER_OF = (
    "SELECT t.id, t.last_used_at, t.expires_at, u.id AS user_id, u.role FROM api_tokens t JOIN users u ON u.id = t.user_id"
    " WHERE t.token_hash = $1 AND t.revoked_at IS NULL AND NOT u.is_disabled"
)


async def create_api_token(viewer: Viewer, name: str, expires_at: datetime | None) -> tuple[ApiToken, str]:
    """A new token with the viewer's own rights, and its text, which is nowhere else.

    Raises:
        Refusal: BAD_INPUT; FORBIDDEN for who came with an API token or without an account, QUOTA_EXCEEDED.
    """
    require_person(viewer, "API tokens are created")
    check_name(name, "name")
    if expires_at is not None and not now() < expires_at < _END_OF_TIME:
        message = "This moment is over, or too far away: leave expiresAt out for a token without an end."
        raise Refusal(ErrorCode.BAD_INPUT, message, "expiresAt")
    text = PREFIX + secrets.token_urlsafe(32)
    async with transaction() as db:
        # Locked, so that who is being disabled gets none that would outlast it.
        user = await User.select_for_update(using_db=db).get(id=viewer.user_id)
        if user.is_anonymous or user.is_disabled:
            raise Refusal(ErrorCode.FORBIDDEN, "API tokens need an account: an anonymous session has none.")
        if await _present(viewer.user_id).using_db(db).count() >= MAX_PER_USER:
            message = f"You have {MAX_PER_USER} API tokens: revoke one that is not needed any more."
            raise Refusal(ErrorCode.QUOTA_EXCEEDED, message)
        token = await ApiToken.create(
            using_db=db,
            id=new_id("token"),
            user_id=viewer.user_id,
            name=name,
            token_hash=_hash(text),
            expires_at=expires_at,
        )
        await note(Action.TOKEN_CREATED, viewer.user_id, token.id, name, db=db)
    return token, text


async def revoke_api_token(auth: AuthServices, viewer: Viewer, token_id: str) -> str:
    """End a token: it is refused from now on, and sockets that were opened with it are closed.

    Raises:
        Refusal: INVALID_ID, NOT_FOUND; FORBIDDEN where the caller came with another API token than this.
    """
    if viewer.api_token_id != token_id:
        require_person(viewer, "Other API tokens are revoked")
    token = await find_api_token(viewer, token_id)
    async with transaction() as db:
        is_ended = await ApiToken.filter(id=token.id, revoked_at=None).using_db(db).update(revoked_at=now())
        if not is_ended:
            raise _not_found()
        await note(Action.TOKEN_REVOKED, viewer.user_id, token.id, token.name, db=db)
    await auth.on_change(token.user_id)
    return token.id


async def find_api_token(viewer: Viewer, token_id: str) -> ApiToken:
    """The token, if it exists for this viewer and was not revoked.

    Raises:
        Refusal: INVALID_ID, NOT_FOUND.
    """
    type_of_id(token_id)
    token = await ApiToken.get_or_none(id=token_id, revoked_at=None)
    if token is None or not viewer.may_see(token.user_id):
        raise _not_found()
    return token


async def find_api_tokens(viewer: Viewer, token_ids: Sequence[str]) -> list[ApiToken | Refusal]:
    """Each token as `find_api_token` does, or why there is none."""
    tokens = await ApiToken.filter(id__in=set(token_ids), revoked_at=None)
    found = {token.id: token for token in tokens if viewer.may_see(token.user_id)}
    return [found.get(id_) or _not_found() for id_ in token_ids]


async def list_api_tokens(viewer: Viewer) -> list[ApiToken]:
    """The viewer's own tokens that were not revoked, newest first."""
    return await _present(viewer.user_id).order_by("-created_at", "-id")


async def find_token_viewer(text: str) -> Viewer:
    """Who calls with this API token.

    Raises:
        Refusal: TOKEN_EXPIRED; INVALID_TOKEN for an unknown and a revoked one, and for a user who is disabled.
    """
    db = get_connection("default")
    rows = await fetch_rows(db, _OWNER_OF, _hash(text))
    if not rows:
        raise Refusal(ErrorCode.INVALID_TOKEN, "This API token is not good, or not any more: create another.")
    row = rows[0]
    moment = now()
    expires_at = None if row["expires_at"] is None else datetime.fromtimestamp(row["expires_at"], UTC)
    if expires_at is not None and expires_at <= moment:
        raise Refusal(ErrorCode.TOKEN_EXPIRED, "This API token has expired: create another.")
    if row["last_used_at"] is None or row["last_used_at"] <= (moment - _USE_INTERVAL).timestamp():
        await _note_use(row["id"], moment)
    return Viewer(row["user_id"], Role(row["role"]), "", expires_at, row["id"])


async def _note_use(token_id: str, moment: datetime) -> None:
    """Of several that come at once, one writes; that it was used is not worth waiting for the disk, or failing."""
    statement = "UPDATE api_tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)"
    values = [token_id, moment.timestamp(), (moment - _USE_INTERVAL).timestamp()]
    try:
        async with transaction(is_durable=False) as db:
            await execute_counted(db, statement, *values)
    except BaseORMException as error:
        log.warning("the use of an API token could not be noted", exc_info=error)


def _present(user_id: str) -> QuerySet[ApiToken]:
    return ApiToken.filter(user_id=user_id, revoked_at=None)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _not_found() -> Refusal:
    return Refusal(ErrorCode.NOT_FOUND, "There is no such API token.")
