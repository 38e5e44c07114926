"""Record of the statements that went to the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from unittest.mock import patch

from tortoise.backends.base.client import BaseDBAsyncClient

from models import postgres, sqlite

_CLIENTS = (sqlite.ImmediateClient, postgres.SafeClient)
_TRANSACTIONS = (
    sqlite.ImmediateTransaction, sqlite.LaxTransaction, postgres.Transaction, postgres.LaxTransaction,
)  # fmt: skip
_METHODS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many", "execute_script")


@contextmanager
def counted_statements(*, in_transactions: bool = False) -> Iterator[list[str]]:
    """Notes every statement outside of transactions, or inside of them, while the block lasts."""
    clients = _TRANSACTIONS if in_transactions else _CLIENTS
    statements: list[str] = []
    is_nested = ContextVar("is_nested", default=False)

    def noting(client: type[BaseDBAsyncClient], name: str) -> Any:
        original = getattr(client, name)

        async def noted(self: Any, query: str, *values: Any, **named: Any) -> Any:
            if not is_nested.get():  # one method may call another
                statements.append(query)
            token = is_nested.set(True)
            try:
                return await original(self, query, *values, **named)
            finally:
                is_nested.reset(token)

        return patch.object(client, name, noted)

    patches = [noting(client, name) for client in clients for name in _METHODS]
    for one in patches:
        one.start()
    try:
        yield statements
    finally:
        for one in patches:
            one.stop()


def reads_options(statement: str) -> bool:
    """Whether it reads the options of jobs, which can be long."""
    columns = statement.partition(" FROM ")[0]
    return "jobs" in statement and statement.startswith("SELECT") and ("options" in columns or "SELECT *" in columns)
