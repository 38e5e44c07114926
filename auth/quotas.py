"""Quotas: for whom the limits of a user are counted.

The limits of an account are its own. All anonymous users of one address share one quota, or whoever opens many sessions
would have each limit as many times. Every limit of a user asks here.
"""

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from auth.login_throttle import network_of
from auth.viewer import Viewer
from models.sql import acquire_advisory_lock, fetch_rows

MAX_KEY = 100
MAX_KNOWN = 10_000
"""Users whose quota one process remembers: 2 MB."""
_ADDRESS = "address:"


def address_quota(address: str | None) -> str:
    """The quota of an address (of IPv6: of its /64); of all whose address is not known together."""
    return f"{_ADDRESS}{network_of(address) if address else 'unknown'}"[:MAX_KEY]


def quota_of(viewer: Viewer | None, address: str | None) -> str:
    """The quota of a caller, who is at `address` where nobody is signed in."""
    return address_quota(address) if viewer is None else viewer.quota_key or viewer.user_id


def is_of_address(quota: str) -> bool:
    """Whether nobody with an account has this quota."""
    return quota.startswith(_ADDRESS)


def quota_column(user_id: str, quota_key: str = "quota_key") -> str:
    """SQL: the quota of a user, by the expressions for the two columns; the key is null for an account."""
    return f"coalesce({quota_key}, {user_id})"


def sharers_of(user_id: str) -> str:
    """SQL, to stand after IN: the ids of the users who share the quota of `user_id` (an expression), with that one."""
    own = f"(SELECT quota_key FROM users WHERE id = {user_id})"
    return f"(SELECT CAST({user_id} AS varchar) UNION SELECT id FROM users WHERE quota_key = {own})"


class Quotas:
    """The quotas of users by their ids, each read once: whose limits count what a user does never changes."""

    def __init__(self, max_known: int = MAX_KNOWN) -> None:
        self._max_known = max_known
        self._known: dict[str, str] = {}

    async def of(self, user_id: str) -> str:
        """The quota of a user, for a caller who knows no more than the id of whom something belongs to."""
        quota = self._known.get(user_id)
        if quota is None:
            quota = self._known[user_id] = await _read_quota(user_id)
            if len(self._known) > self._max_known:
                del self._known[next(iter(self._known))]
        return quota


async def lock_quota(db: BaseDBAsyncClient, user_id: str) -> None:
    """Let two requests of one quota count one after the other, until the transaction ends.

    To be called before the transaction locks any row: whoever waits here holds nothing that others wait for. A
    transaction on SQLite is alone from its beginning.
    """
    key = "coalesce((SELECT quota_key FROM users WHERE id = $1), $1)"
    await acquire_advisory_lock(db, f"hashtextextended({key}, 0)", user_id)


async def _read_quota(user_id: str) -> str:
    db = get_connection("default")
    statement = "SELECT coalesce((SELECT quota_key FROM users WHERE id = $1), $1) AS quota"
    return str((await fetch_rows(db, statement, user_id))[0]["quota"])
