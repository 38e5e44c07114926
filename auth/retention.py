"""Retention of what belongs to callers.

Ended sessions, revoked API tokens, guests without anything, and old audit entries are removed.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tortoise.connection import get_connection

from models.fields import now
from models.sql import delete_in_batches, fetch_rows, placeholders

_AT_ONCE = 1_000
"""Rows in one statement: nobody waits long for the database meanwhile."""
_GRACE = timedelta(hours=1)
"""By then nothing goes on any more that was begun in a session or with a token: access tokens live 30 minutes."""

OwnersAmong = Callable[[list[str]], Awaitable[set[str]]]
"""Which of these users own something."""


async def sweep_sessions() -> int:
    """Remove sessions that ended; how many."""
    return await delete_in_batches(
        get_connection("default"), "sessions", "expires_at <= $1 OR revoked_at <= $1", (now() - _GRACE).timestamp()
    )


async def sweep_api_tokens() -> int:
    """Remove API tokens that were revoked; how many. Those that expired are shown to their owners until then."""
    return await delete_in_batches(
        get_connection("default"), "api_tokens", "revoked_at <= $1", (now() - _GRACE).timestamp()
    )


async def sweep_audit_log(retention: timedelta) -> int:
    """Remove the entries of the audit log that are older than `retention`; how many."""
    return await delete_in_batches(
        get_connection("default"), "audit_entries", "at <= $1", (now() - retention).timestamp()
    )


async def sweep_guests(*owners_among: OwnersAmong) -> int:
    """Remove the anonymous users who have no session any more and, by `owners_among`, own nothing; how many."""
    count, last = 0, ""
    while guests := await _guests_without_session(last):
        last = guests[-1]
        owners = set().union(*[await owners(guests) for owners in owners_among])
        leaving = [guest for guest in guests if guest not in owners]
        count += (
            await delete_in_batches(get_connection("default"), "users", f"id IN ({placeholders(leaving)})", *leaving)
            if leaving
            else 0
        )
    return count


async def _guests_without_session(after_id: str) -> list[str]:
    """In the order of their ids; `sweep_sessions` comes first, so that no row is a session that nothing goes on in."""
    db = get_connection("default")
    statement = (
        "SELECT u.id FROM users u WHERE u.is_anonymous = TRUE AND u.id > $1 AND u.created_at <= $2"
        f" AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = u.id) ORDER BY u.id LIMIT {_AT_ONCE // 2}"
    )
    rows = await fetch_rows(db, statement, after_id, (now() - _GRACE).timestamp())
    return [row["id"] for row in rows]
