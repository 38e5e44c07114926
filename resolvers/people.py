"""Users, API tokens and the audit log."""

from strawberry import ID

from auth.accounts import change_password, create_user, update_user
from auth.api_tokens import create_api_token, list_api_tokens, revoke_api_token
from auth.queries import list_audit_entries, list_users, require_admin
from schema.context import Info
from schema.types.arguments import (
    AuditedId,
    EntryId,
    GivenRole,
    IsDisabled,
    ListSize,
    NewPassword,
    OtherPassword,
    OtherRole,
    Password,
    TokenEnd,
    TokenId,
    TokenName,
    UserId,
    Username,
    UserSearch,
    UsersToSkip,
)
from schema.types.enums import Role
from schema.types.people import ApiToken, AuditEntry, User, api_token_type, audit_entry_type, user_type


async def resolve_create_user(
    info: Info, username: Username, password: NewPassword, role: GivenRole = Role.USER
) -> User:
    admin = require_admin(info.context.viewer)
    return user_type(await create_user(admin, username, password, role))


async def resolve_update_user(
    info: Info,
    id: UserId,  # noqa: A002  the contract's name
    role: OtherRole = None,
    is_disabled: IsDisabled = None,
    password: OtherPassword = None,
) -> User:
    admin = require_admin(info.context.viewer)
    auth = info.context.services.auth
    return user_type(await update_user(auth, admin, id, role=role, is_disabled=is_disabled, password=password))


async def resolve_change_password(info: Info, current: Password, new: NewPassword) -> User:
    context = info.context
    return user_type(await change_password(context.services.auth, context.viewer, current, new, context.address))


async def resolve_users(
    info: Info, first: ListSize = 50, offset: UsersToSkip = 0, search: UserSearch = None
) -> list[User]:
    require_admin(info.context.viewer)
    return [user_type(user) for user in await list_users(first, offset, search)]


async def resolve_create_api_token(info: Info, name: TokenName, expires_at: TokenEnd = None) -> ApiToken:
    token, text = await create_api_token(info.context.viewer, name, expires_at)
    return api_token_type(token, text)


async def resolve_revoke_api_token(info: Info, id: TokenId) -> ID:  # noqa: A002  the contract's name
    return ID(await revoke_api_token(info.context.services.auth, info.context.viewer, id))


async def resolve_api_tokens(info: Info) -> list[ApiToken]:
    return [api_token_type(token) for token in await list_api_tokens(info.context.viewer)]


async def resolve_audit_log(
    info: Info, object_id: AuditedId = None, first: ListSize = 50, after: EntryId = None
) -> list[AuditEntry]:
    require_admin(info.context.viewer)
    return [audit_entry_type(entry) for entry in await list_audit_entries(object_id, first, after)]
