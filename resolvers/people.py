"""Users, API tokens and the audit log."""

from datetime import datetime

from strawberry import ID

from auth.accounts import change_password, create_user, update_user
from auth.api_tokens import create_api_token, list_api_tokens, revoke_api_token
from auth.queries import list_audit_entries, list_users, require_admin
from schema.context import Info
from schema.types.enums import Role
from schema.types.people import ApiToken, AuditEntry, User, api_token_type, audit_entry_type, user_type


async def resolve_create_user(info: Info, username: str, password: str, role: Role = Role.USER) -> User:
    admin = require_admin(info.context.viewer)
    return user_type(await create_user(admin, username, password, role))


async def resolve_update_user(
    info: Info,
    id: ID,  # noqa: A002  the contract's name
    role: Role | None = None,
    is_disabled: bool | None = None,
    password: str | None = None,
) -> User:
    admin = require_admin(info.context.viewer)
    gate = info.context.means.gate
    return user_type(await update_user(gate, admin, id, role=role, is_disabled=is_disabled, password=password))


async def resolve_change_password(info: Info, current: str, new: str) -> User:
    context = info.context
    return user_type(await change_password(context.means.gate, context.viewer, current, new, context.address))


async def resolve_users(info: Info, first: int = 50, offset: int = 0) -> list[User]:
    require_admin(info.context.viewer)
    return [user_type(user) for user in await list_users(first, offset)]


async def resolve_create_api_token(info: Info, name: str, expires_at: datetime | None = None) -> ApiToken:
    token, text = await create_api_token(info.context.viewer, name, expires_at)
    return api_token_type(token, text)


async def resolve_revoke_api_token(info: Info, id: ID) -> ID:  # noqa: A002  the contract's name
    return ID(await revoke_api_token(info.context.means.gate, info.context.viewer, id))


async def resolve_api_tokens(info: Info) -> list[ApiToken]:
    return [api_token_type(token) for token in await list_api_tokens(info.context.viewer)]


async def resolve_audit_log(
    info: Info, object_id: ID | None = None, first: int = 50, after: ID | None = None
) -> list[AuditEntry]:
    require_admin(info.context.viewer)
    return [audit_entry_type(entry) for entry in await list_audit_entries(object_id, first, after)]
