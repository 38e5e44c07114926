"""Signing in and out."""

from auth.lifecycle import close_session, open_session, refresh_session
from auth.queries import find_user
from schema.context import Info
from schema.types.people import Session, User, session_type, user_type


async def resolve_login(info: Info, username: str, password: str) -> Session:
    return session_type(await open_session(info.context.means.secret_key, username, password))


async def resolve_refresh_session(info: Info, refresh_token: str) -> Session:
    return session_type(await refresh_session(info.context.means.secret_key, refresh_token))


async def resolve_logout(info: Info) -> bool:
    await close_session(info.context.viewer.session_id)
    return True


async def resolve_viewer(info: Info) -> User | None:
    if info.context.caller is None and info.context.refusal is None:
        return None
    return user_type(await find_user(info.context.viewer.user_id))
