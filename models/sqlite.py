"""The SQLite client: the ORM's own, with transactions that take the write lock at once, and readers beside the writer.

A plain BEGIN takes it at the first write, and fails with "database is locked" when somebody else wrote since the
transaction's first read; waiting does not help then (SQLite, "Transactions", section 2.2).

With a write-ahead log readers wait for no writer (SQLite, "Write-Ahead Logging"): each has a connection of its own.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.connection import get_connections

from models.timing import timed

READERS = 4
_READER_CACHE = -8_000
"""KiB, as SQLite writes them: of each reader, beside the writer's own."""
_READS = re.compile(r"\s*(?:SELECT\b|WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|REPLACE)\b))", re.IGNORECASE | re.DOTALL)
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


class BeginningConnection(aiosqlite.Connection):
    """A connection as its transaction has it, which begins with its first statement: one trip to the thread instead of two."""

    def __init__(self, shared: aiosqlite.Connection, beginning: str) -> None:
        """Run `beginning`, a script, before the first thing that `shared` is asked to do here."""
        self.__dict__.update(vars(shared))
        self._shared = shared
        self._beginning = beginning

    def __del__(self) -> None:
        """It is not this object that has to be closed."""

    async def rollback(self) -> None:
        """What has not begun need not begin for that."""
        await self._shared.rollback()

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        to_thread: Any = self._shared._execute  # noqa: SLF001
        return await to_thread(self._begin_and, fn, *args, **kwargs)

    def _begin_and(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """In the thread."""
        if self._beginning:
            self._conn.executescript(self._beginning)
            self._beginning = ""
        return fn(*args, **kwargs)


@timed
class LaxTransaction(ImmediateTransaction):
    """One that does not wait for the disk: a power cut may take it and what came after it, whole (SQLite, "synchronous")."""

    async def begin(self) -> None:
        """Wait for nothing: the write lock is taken with the first statement."""
        self._connection = BeginningConnection(self._connection, "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE")

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

    async def _be_strict(self) -> None:
        """For whoever uses the connection next, also where this caller is cancelled."""
        waiting = self._parent._connection.execute(_WAIT_FOR_DISK)  # noqa: SLF001
        await asyncio.shield(asyncio.ensure_future(waiting))


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


class Readers:
    """Connections that only read, opened when they are needed; each sees what was committed before it was asked."""

    def __init__(self, file_path: str, pragmas: dict[str, Any]) -> None:
        self._file_path = file_path
        self._pragmas = {**pragmas, "cache_size": _READER_CACHE, "query_only": "ON"}
        self._free = asyncio.Semaphore(READERS)
        self._idle: list[SqliteClient] = []
        self._all: list[SqliteClient] = []
        self._opening: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[SqliteClient]:
        """One that nobody else has meanwhile."""
        async with self._free:
            while not self._idle:
                opening = asyncio.create_task(self._open())
                self._opening.add(opening)
                opening.add_done_callback(self._opening.discard)
                await asyncio.shield(opening)  # Tortoise never unlocks one whose opening was cancelled
            reader = self._idle.pop()
            try:
                yield reader
            finally:
                self._idle.append(reader)

    async def close(self) -> None:
        await asyncio.gather(*self._opening, return_exceptions=True)
        for reader in self._all:
            await reader.close()

    async def _open(self) -> None:
        reader = SqliteClient(self._file_path, connection_name="reader", **self._pragmas)
        self._all.append(reader)
        await reader.create_connection(with_db=True)
        self._idle.append(reader)


@timed
class ImmediateClient(SqliteClient):
    """One connection that writes, whose users take turns, and some that read what is asked outside of transactions."""

    def __init__(self, file_path: str, **named: Any) -> None:
        super().__init__(file_path, **named)
        self._readers = Readers(file_path, self.pragmas)

    async def close(self) -> None:
        await self._readers.close()
        await super().close()

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        if _READS.match(query) is None:
            return await super().execute_query(query, values)
        async with self._readers.one() as reader:
            return await reader.execute_query(query, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> Any:
        if _READS.match(query) is None:
            return await super().execute_query_dict(query, values)
        async with self._readers.one() as reader:
            return await reader.execute_query_dict(query, values)

    def _in_transaction(self) -> TransactionContext:
        return ImmediateTransactionContext(ImmediateTransaction(self), self._lock)

    def in_lax_transaction(self) -> TransactionContext:
        """See `models.database.transaction`."""
        return ImmediateTransactionContext(LaxTransaction(self), self._lock)


client_class = ImmediateClient
