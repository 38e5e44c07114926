"""The PostgreSQL client: the ORM's own, with transactions that give their connection back when they cannot begin.

The ORM takes a connection from the pool and begins then; whoever is cancelled in between would keep it for ever, and
after ten of those nobody would get one any more. Whatever keeps a connection from being opened is DBConnectionError.
"""

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContext,
    TransactionContextPooled,
)
from tortoise.connection import get_connections
from tortoise.exceptions import DBConnectionError, TransactionManagementError

from models.timing import timed


@contextmanager
def _connecting() -> Iterator[None]:
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DBConnectionError(str(error)) from error


class ReachingConnection(PoolConnectionWrapper[Any]):
    """Takes a connection from the pool."""

    async def __aenter__(self) -> Any:
        with _connecting():
            return await super().__aenter__()


@timed
class SafeTransactionContext(TransactionContextPooled):
    """Enters the transaction so that a caller who is cancelled meanwhile gives the connection back."""

    async def __aenter__(self) -> TransactionalDBClient:
        try:
            with _connecting():
                return await super().__aenter__()
        except BaseException:
            if self.client._connection is not None:  # noqa: SLF001
                await self.client._parent._pool.release(self.client._connection)  # noqa: SLF001  rolls back, too
            if hasattr(self, "token"):
                get_connections().reset(self.token)
            raise


class _Translating(AsyncpgDBClient):
    """A PostgreSQL that only reads is told as such: the ORM tells it as a transaction that is over, and leaves that open."""

    async def _translate_exceptions(
        self, func: Callable[..., Coroutine[Any, Any, Any]], *args: Any, **kwargs: Any
    ) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except TransactionManagementError as error:
            if isinstance(error.__cause__, asyncpg.ReadOnlySQLTransactionError):
                raise error.__cause__ from None
            raise


@timed
class Transaction(_Translating, TransactionWrapper):
    """The ORM's own."""


@timed
class LaxTransaction(Transaction):
    """One that does not wait for the disk: a crash of the database may take it and what came after it, whole.

    Source: PostgreSQL, "Asynchronous Commit".
    """

    async def begin(self) -> None:
        await super().begin()
        await self._connection.execute("SET LOCAL synchronous_commit = off")


class KeptConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    """Goes back to the pool as it is, but for a transaction left open: nothing here changes a session for good.

    What resets a session is one more trip to the server after every statement and every transaction.
    """

    def get_reset_query(self) -> str:
        """None."""
        return ""


@timed
class SafeClient(_Translating):
    """A pool of connections."""

    connection_class = KeptConnection

    def acquire_connection(self) -> ReachingConnection:
        return ReachingConnection(self, self._pool_init_lock)

    def _in_transaction(self) -> TransactionContext:
        return SafeTransactionContext(Transaction(self), self._pool_init_lock)

    def in_lax_transaction(self) -> TransactionContext:
        """See `models.database.transaction`."""
        return SafeTransactionContext(LaxTransaction(self), self._pool_init_lock)


client_class = SafeClient
