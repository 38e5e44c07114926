"""The SQLite client: the ORM's own, with transactions that take the write lock at once.

A plain BEGIN takes it at the first write, and fails with "database is locked" when somebody else wrote since the
transaction's first read; waiting does not help then (SQLite, "Transactions", section 2.2).
"""

import asyncio
from typing import Any

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that begins with BEGIN IMMEDIATE."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))


class ImmediateTransactionContext(SqliteTransactionContext):
    """Enters the transaction so that a caller who is cancelled meanwhile leaves no lock behind."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            self._undo_entering()
            raise
        entered: TransactionalDBClient = self.connection
        self.token = get_connections().set(self.connection_name, entered)
        return entered

    def _undo_entering(self) -> None:
        """A cancelled BEGIN may still be carried out by the connection's thread: undo it before anybody else goes."""
        opened: Any = self.connection._connection  # noqa: SLF001
        if opened is None:
            self._trxlock.release()
            return
        undo = asyncio.ensure_future(opened.rollback())
        undo.add_done_callback(lambda _: self._trxlock.release())


class ImmediateClient(SqliteClient):
    """One connection; readers and writers of this process take turns."""

    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)


client_class = ImmediateClient
