"""Time that a request waits for the database."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from base.logging import current_log_context

Client = TypeVar("Client", bound=type)
_TIMED = (
    "execute_insert", "execute_many", "execute_query", "execute_query_dict", "execute_script", "begin", "commit", "rollback",
    "__aenter__",
)  # fmt: skip


def timed(client: Client) -> Client:
    """A class decorator for the ORM's clients, transactions and their contexts."""
    for name in _TIMED:
        if hasattr(client, name):
            setattr(client, name, _timed(getattr(client, name)))
    return client


def _timed(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(method)
    async def counted(*arguments: Any, **named: Any) -> Any:
        current = current_log_context.get()
        if current is None:
            return await method(*arguments, **named)
        current.enter_database()
        try:
            return await method(*arguments, **named)
        finally:
            current.leave_database()

    return counted
