"""Signing in and out."""

from auth.lifecycle import close_session, open_anonymous_session, open_session, refresh_session
from auth.queries import find_user
from schema.context import Info
from schema.types.arguments import Password, RefreshToken, Username
from schema.types.people import Session, User, session_type, user_type


async def resolve_login(info: Info, username: Username, password: Password) -> Session:
    context = info.context
    return session_type(await open_session(context.services.auth, username, password, context.address, context.caller))


async def resolve_start_anonymous_session(info: Info) -> Session:
    return session_type(await open_anonymous_session(info.context.services.auth, info.context.address))


async def resolve_refresh_session(info: Info, refresh_token: RefreshToken) -> Session:
    return session_type(await refresh_session(info.context.services.auth, refresh_token))


async def resolve_logout(info: Info) -> bool:
    await close_session(info.context.services.auth, info.context.viewer)
    return True


async def resolve_viewer(info: Info) -> User | None:
    if info.context.caller is None and info.context.refusal is None:
        return None
    return user_type(await find_user(info.context.viewer.user_id))
