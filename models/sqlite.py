"""The SQLite client: the ORM's own, with transactions that take the write lock at once.

A plain BEGIN takes it at the first write, and fails with "database is locked" when somebody else wrote since the
transaction's first read; waiting does not help then (SQLite, "Transactions", section 2.2).
"""

import asyncio

from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections

from models.timing import timed

_WAIT_FOR_DISK = "PRAGMA synchronous = FULL"


@timed
class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that begins with BEGIN IMMEDIATE."""

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")

    async def abandon(self) -> None:
        """Undo a BEGIN of which nobody knows whether it was carried out."""
        await self._connection.rollback()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))


@timed
class LaxTransaction(ImmediateTransaction):
    """One that does not wait for the disk: a power cut may take it and what came after it, whole (SQLite, "synchronous")."""

    async def begin(self) -> None:
        await self._connection.executescript("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE")

    async def commit(self) -> None:
        """In one trip to the connection's thread: a script begins by committing (Python, `sqlite3.Cursor.executescript`)."""
        try:
            await self._connection.executescript(_WAIT_FOR_DISK)
            self._finalized = True
        except BaseException:
            await self._be_strict()
            raise

    async def rollback(self) -> None:
        try:
            await super().rollback()
        finally:
            await self._be_strict()

    async def abandon(self) -> None:
        try:
            await super().abandon()
        finally:
            await self._be_strict()

    async def _be_strict(self) -> None:
        """For whoever uses the connection next, also where this caller is cancelled."""
        await asyncio.shield(asyncio.ensure_future(self._connection.execute(_WAIT_FOR_DISK)))


@timed
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
        if self.connection._connection is None:  # noqa: SLF001
            self._trxlock.release()
            return
        undo = asyncio.ensure_future(self.connection.abandon())
        undo.add_done_callback(lambda _: self._trxlock.release())


@timed
class ImmediateClient(SqliteClient):
    """One connection; readers and writers of this process take turns."""

    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)

    def in_lax_transaction(self) -> TransactionContext:
        """See `models.database.transaction`."""
        return ImmediateTransactionContext(LaxTransaction(self), self._lock)


client_class = ImmediateClient
