"""Writes to users: making them, their rights, how they sign in."""

import secrets
from dataclasses import dataclass, replace
from functools import partial

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import IntegrityError

from auth.audit import Action, note
from auth.lifecycle import end_sessions
from auth.login_throttle import attempt_of
from auth.names import check_name
from auth.outside_token import OutsideToken
from auth.passwords import ITSELF, check_new_password, hash_password, is_password
from auth.queries import find_user, require_person, user_not_found
from auth.quotas import quota_of
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import ApiToken, Identity, User
from models.database import transaction
from models.fields import now
from models.ids import new_id, type_of_id
from models.sql import acquire_advisory_lock

_FIRST_ADMIN_LOCK = 0x5761_7964
"""Key of the PostgreSQL advisory lock under which the first admin is made."""


@dataclass(frozen=True)
class UserChanges:
    """What an admin changes about a user; None leaves it as it is. `password_hash` is argon2id in PHC form."""

    role: Role | None = None
    is_disabled: bool | None = None
    password_hash: str | None = None


async def create_user(admin: Viewer, username: str, password: str, role: Role) -> User:
    """A new account.

    Raises:
        Refusal: BAD_INPUT; DUPLICATE where the name is taken; FORBIDDEN for an API token.
    """
    require_person(admin, "Users are created")
    check_name(username, "username")
    check_new_password(password)
    password_hash = await hash_password(password, quota_of(admin, None))
    try:
        async with transaction() as db:
            user = await User.create(
                using_db=db, id=new_id("user"), username=username, role=role, password_hash=password_hash
            )
            await note(Action.USER_CREATED, admin.user_id, user.id, f"{username}, {role}", db=db)
    except IntegrityError:
        raise Refusal(ErrorCode.DUPLICATE, "There is a user of this name already.", "username") from None
    return user


async def update_user(
    auth: AuthServices,
    admin: Viewer,
    user_id: str,
    *,
    role: Role | None = None,
    is_disabled: bool | None = None,
    password: str | None = None,
) -> User:
    """Change a user; who is disabled or given a new password has no session left, a new role counts at once.

    Raises:
        Refusal: BAD_INPUT; INVALID_ID; NOT_FOUND; INVALID_STATE where nobody would be an admin any more, or the account has no
            password or no role of its own; FORBIDDEN for an API token.
    """
    require_person(admin, "Users are changed")
    type_of_id(user_id)
    if password is not None:
        check_new_password(password)
    password_hash = None if password is None else await hash_password(password, quota_of(admin, None))
    changes = UserChanges(role, is_disabled, password_hash)
    async with transaction() as db:
        admins = await _locked_admins(db)
        user = await User.select_for_update(using_db=db).get_or_none(id=user_id)
        if user is None:
            raise user_not_found()
        changes = await _check_changes(auth, db, user, changes, admins)
        await _change(db, admin, user, changes)
    if changes != UserChanges():
        await auth.on_change(user.id)
    return user


async def change_password(
    auth: AuthServices, viewer: Viewer, current: str, new: str, address: str | None = None
) -> User:
    """Give the viewer another password, and end their other sessions.

    Raises:
        Refusal: INVALID_CREDENTIALS for a wrong current one, RATE_LIMITED after several; INVALID_STATE for an account
            without a password; BAD_INPUT for a new one that is too short; FORBIDDEN for an API token.
    """
    require_person(viewer, "A password is changed")
    user = await find_user(viewer.user_id)
    if user.password_hash is None:
        raise _without_password()
    check_new_password(new, "new")
    attempt = attempt_of(user.username or "", address)
    await auth.login_throttle.check(attempt)
    quota = quota_of(viewer, address)
    if not await is_password(user.password_hash, current, quota, partial(auth.login_throttle.check, attempt)):
        await auth.login_throttle.failed(attempt)
        await note(Action.SIGN_IN_REFUSED, user.id, user.id, "the current password, to change it")
        raise Refusal(ErrorCode.INVALID_CREDENTIALS, "The current password is another one.", "current")
    await auth.login_throttle.succeeded(attempt)
    was, user.password_hash = user.password_hash, await hash_password(new, quota)
    async with transaction() as db:
        # A change that came meanwhile, by an admin or in another tab, is not written over.
        unchanged = User.filter(id=user.id, password_hash=was, is_disabled=False).using_db(db)
        if not await unchanged.update(password_hash=user.password_hash):
            raise Refusal(ErrorCode.INVALID_CREDENTIALS, "The current password is another one.", "current")
        await end_sessions(db, user.id, but=viewer.session_id)
        await note(Action.PASSWORD_CHANGED, user.id, user.id, db=db)
    await auth.on_change(user.id)
    return user


async def ensure_admin(username: str, password: str) -> str | None:
    """Make the first admin where nobody exists yet; return the password if one had to be made up.

    Of several servers that start at once on an empty database, one makes it.
    """
    if await User.exists():
        return None
    made_up = None if password else secrets.token_urlsafe(15)
    password_hash = await hash_password(made_up or password, ITSELF)
    async with transaction() as db:
        await acquire_advisory_lock(db, f"{_FIRST_ADMIN_LOCK}")
        if await User.exists(using_db=db):
            return None
        await User.create(
            using_db=db, id=new_id("user"), username=username, role=Role.ADMIN, password_hash=password_hash
        )
    return made_up


async def reset_admin_password(auth: AuthServices, username: str, password: str) -> str:
    """Give the admin a new password (made up where `password` is empty), end all of their sessions, return it.

    Raises:
        Refusal: NOT_FOUND where no admin has this name.
    """
    user = await User.get_or_none(username=username, role=Role.ADMIN)
    if user is None:
        raise Refusal(ErrorCode.NOT_FOUND, f"There is no admin called {username}: set WAYBILL_ADMIN_USERNAME.")
    new_password = password or secrets.token_urlsafe(15)
    user.password_hash = await hash_password(new_password, ITSELF)
    user.is_disabled = False
    async with transaction() as db:
        await user.save(using_db=db)
        await end_sessions(db, user.id)
        await note(Action.PASSWORD_CHANGED, None, user.id, "at the machine itself", db=db)
    await auth.on_change(user.id)
    return new_password


async def take_in(auth: AuthServices, token: OutsideToken) -> User:
    """The user whom the outside issuer vouches for, made where they come for the first time.

    The role is what the newest token says that was seen; without a claim that tells it, it is ours to change.

    Raises:
        Refusal: INVALID_TOKEN where the user is disabled.
    """
    identity = await Identity.get_or_none(issuer=token.issuer, subject=token.subject)
    if identity is None:
        identity = await _new_identity(token)
    user = await find_user(identity.user_id)
    if user.is_disabled:
        raise Refusal(ErrorCode.INVALID_TOKEN, "This user may not sign in any more.")
    if token.role is not None and token.issued_at > identity.role_told_at:
        user = await _follow_role(auth, user, token.role, token)
    return user


async def _new_identity(token: OutsideToken) -> Identity:
    role = token.role or Role.USER
    try:
        async with transaction() as db:
            name = _outside_name(token)
            if name is not None and await User.exists(username=name, using_db=db):
                name = None
            user = await User.create(using_db=db, id=new_id("user"), username=name, role=role)
            identity = await Identity.create(
                using_db=db, issuer=token.issuer, subject=token.subject, user_id=user.id, role_told_at=token.issued_at
            )
            await note(Action.USER_CREATED, None, user.id, f"{user.username}, {role}, by the outside issuer", db=db)
    except IntegrityError:
        # Somebody else's request was first.
        return await Identity.get(issuer=token.issuer, subject=token.subject)
    return identity


async def _follow_role(auth: AuthServices, user: User, role: Role, token: OutsideToken) -> User:
    """Also a token that tells the role that the user has is remembered: an older one must not tell another."""
    async with transaction() as db:
        known = Identity.filter(user_id=user.id, role_told_at__lt=token.issued_at.timestamp()).using_db(db)
        other = User.filter(id=user.id).exclude(role=role).using_db(db)
        is_changed = bool(await known.update(role_told_at=token.issued_at) and await other.update(role=role))
        if is_changed:
            await note(Action.ROLE_CHANGED, None, user.id, f"{user.role} to {role}, by the outside issuer", db=db)
    if is_changed:
        await auth.on_change(user.id)
    return await find_user(user.id)


async def _locked_admins(db: BaseDBAsyncClient) -> list[str]:
    """Who is an admin and may sign in: locked, so that two who disable each other cannot both succeed."""
    admins = User.filter(role=Role.ADMIN, is_disabled=False).order_by("id").select_for_update().using_db(db)
    return [user.id for user in await admins]


async def _check_changes(
    auth: AuthServices, db: BaseDBAsyncClient, user: User, changes: UserChanges, admins: list[str]
) -> UserChanges:
    """What is left of `changes` when that which is so already is taken away."""
    if changes.role is user.role:
        changes = replace(changes, role=None)
    if changes.is_disabled is user.is_disabled:
        changes = replace(changes, is_disabled=None)
    is_lost = changes.is_disabled or changes.role is not None
    if is_lost and admins == [user.id]:
        raise Refusal(ErrorCode.INVALID_STATE, "This is the last admin: make somebody else one first.")
    if changes.password_hash is not None and user.password_hash is None:
        raise _without_password()
    if changes.role is not None and user.is_anonymous:
        raise Refusal(ErrorCode.INVALID_STATE, "An anonymous session has no other role.", "role")
    if changes.role is not None and await _is_role_told(auth, db, user):
        raise Refusal(ErrorCode.INVALID_STATE, "The outside issuer tells the role of this user.", "role")
    return changes


async def _is_role_told(auth: AuthServices, db: BaseDBAsyncClient, user: User) -> bool:
    """Whether the role of `user` is not ours to change."""
    if auth.issuer is None or not auth.issuer.role_claim:
        return False
    return await Identity.exists(user_id=user.id, issuer=auth.issuer.issuer, using_db=db)


async def _change(db: BaseDBAsyncClient, admin: Viewer, user: User, changes: UserChanges) -> None:
    if changes.role is not None:
        await note(Action.ROLE_CHANGED, admin.user_id, user.id, f"{user.role} to {changes.role}", db=db)
        user.role = changes.role
    if changes.is_disabled is not None:
        action = Action.USER_DISABLED if changes.is_disabled else Action.USER_ENABLED
        await note(action, admin.user_id, user.id, db=db)
        user.is_disabled = changes.is_disabled
    if changes.password_hash is not None:
        await note(Action.PASSWORD_CHANGED, admin.user_id, user.id, db=db)
        user.password_hash = changes.password_hash
    await user.save(using_db=db)
    if changes.is_disabled:
        await ApiToken.filter(user_id=user.id, revoked_at=None).using_db(db).update(revoked_at=now())
    if changes.is_disabled or changes.password_hash is not None:
        await end_sessions(db, user.id)


def _outside_name(token: OutsideToken) -> str | None:
    """`{subject}@{issuer}`: nobody can choose it to look like somebody else; none where it would be too long."""
    name = f"{token.subject}@{token.issuer.partition('://')[2].rstrip('/')}"
    return name if len(name) <= 100 and name.isprintable() else None


def _without_password() -> Refusal:
    return Refusal(ErrorCode.INVALID_STATE, "This account signs in without a password.")
