"""The SQLite client: the ORM's own, with transactions that take the write lock at once, and readers beside the writer.

A plain BEGIN takes it at the first write, and fails with "database is locked" when somebody else wrote since the
transaction's first read; waiting does not help then (SQLite, "Transactions", section 2.2).

With a write-ahead log readers wait for no writer (SQLite, "Write-Ahead Logging"): each has a connection of its own.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
from tortoise.backends.base.client import NestedTransactionContext, TransactionalDBClient, TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections

from models.timing import timed

READERS = 4
_READER_CACHE = -8_000
"""KiB, as SQLite writes them: of each reader, beside the writer's own."""
_READS = re.compile(r"\s*(?:SELECT\b|WITH\b(?!.*\b(?:INSERT|UPDATE|DELETE|REPLACE)\b))", re.IGNORECASE | re.DOTALL)
Fetched = tuple[list[str], list[tuple[Any, ...]]]
"""Names of columns, and rows."""
_WAIT_FOR_DISK = "PRAGMA synchronous = FULL"


class QuickRows(SqliteClient):
    """Makes dicts of rows by their places.

    In a `sqlite3.Row`, of which the ORM makes them, each name is sought among all of them: of forty columns that takes ten
    times as long.
    """

    @translate_exceptions
    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        async with self.acquire_connection() as connection:
            to_thread: Any = connection._execute  # noqa: SLF001
            return _dicts(await to_thread(_fetch, connection, query.replace("\0", "'||CHAR(0)||'"), values or ()))


def _dicts(fetched: Fetched) -> list[dict[str, Any]]:
    names, rows = fetched
    return [dict(zip(names, row, strict=False)) for row in rows]  # a row has as many values as there are names


def _fetch(connection: Any, query: str, values: Sequence[Any]) -> Fetched:
    """In the thread: the names of the columns, and the rows."""
    cursor = connection._conn.cursor()  # noqa: SLF001
    cursor.row_factory = None
    cursor.execute(query, values)
    return [column[0] for column in cursor.description or ()], cursor.fetchall()


class TransactionConnection(aiosqlite.Connection):
    """A connection as its transaction has it: what nobody waits for is done on the next trip to the thread, not on one of its own."""

    def __init__(self, shared: aiosqlite.Connection, beginning: str = "") -> None:
        """Run `beginning`, a script, before the first thing that `shared` is asked to do here."""
        self.__dict__.update(vars(shared))
        self._shared = shared
        self._beginning = beginning
        self._first: deque[tuple[str, list[Any]]] = deque()
        self._next: tuple[str, list[Any]] | None = None
        self._foreseen: tuple[tuple[str, list[Any]], Fetched] | None = None

    def __del__(self) -> None:
        """It is not this object that has to be closed."""

    def execute_soon(self, statement: str, values: list[Any]) -> None:
        """Run `statement` before whatever is asked next; where it fails, that raises, and the transaction is undone."""
        self._foreseen = None
        self._first.append((statement, values))

    def foresee(self, query: str, values: list[Any]) -> None:
        """Ask `query`, too, right after whatever is done next: most probably it is wanted then."""
        self._next = (query, values)

    def take_foreseen(self, query: str, values: list[Any]) -> Fetched | None:
        """What `query` was answered, if it was foreseen and nothing was done since."""
        foreseen, self._foreseen = self._foreseen, None
        return foreseen[1] if foreseen is not None and foreseen[0] == (query, values) else None

    async def flush(self) -> None:
        """Wait for what was to be run soon."""
        if self._first:
            await self._execute(bool)

    async def commit(self, afterwards: str = "") -> None:
        """Commit, and run `afterwards`, a script, on the same trip. Where it fails, the transaction is undone."""
        await self._execute(self._commit_or_undo, afterwards)

    async def rollback(self) -> None:
        """What has not begun need not begin for that."""
        self._first.clear()
        await self._shared.rollback()

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        self._foreseen = None
        to_thread: Any = self._shared._execute  # noqa: SLF001
        return await to_thread(self._begin_and, fn, *args, **kwargs)

    def _begin_and(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        """In the thread."""
        if self._beginning:
            self._conn.executescript(self._beginning)
            self._beginning = ""
        try:
            while self._first:
                self._conn.execute(*self._first.popleft())
        except BaseException:
            self._first.clear()
            self._conn.rollback()  # a commit that fails leaves it to nobody else
            raise
        done = fn(*args, **kwargs)
        if self._next is not None:
            asked, self._next = self._next, None
            self._foreseen = asked, _fetch(self, *asked)
        return done

    def _commit_or_undo(self, afterwards: str) -> None:
        """In the thread. The transaction of a COMMIT that failed is still open (SQLite, "Transactions", section 2.3)."""
        try:
            self._conn.commit()
        except BaseException:
            self._conn.rollback()
            raise
        if afterwards:
            self._conn.executescript(afterwards)


@timed
class ImmediateTransaction(SqliteTransactionWrapper, QuickRows):
    """A transaction that begins with BEGIN IMMEDIATE."""

    _connection: TransactionConnection

    async def begin(self) -> None:
        await self._connection.execute("BEGIN IMMEDIATE")
        self._connection = TransactionConnection(self._connection)

    def execute_soon(self, statement: str, values: list[Any]) -> None:
        """See `models.sql.execute_soon`."""
        self._connection.execute_soon(statement, values)

    def foresee(self, query: str, values: list[Any]) -> None:
        """See `models.sql.foresee_rows`."""
        self._connection.foresee(query, values)

    async def execute_query_dict(self, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
        foreseen = self._connection.take_foreseen(query, values or [])
        return _dicts(foreseen) if foreseen is not None else await super().execute_query_dict(query, values)

    async def execute_query(self, query: str, values: list[Any] | None = None) -> Any:
        await self._connection.flush()  # what it changed is not to be counted with this
        return await super().execute_query(query, values)

    async def abandon(self) -> None:
        """Undo a BEGIN of which nobody knows whether it was carried out."""
        await self._connection.rollback()

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(ImmediateTransaction(self))


@timed
class LaxTransaction(ImmediateTransaction):
    """One that does not wait for the disk: a power cut may take it and what came after it, whole (SQLite, "synchronous")."""

    async def begin(self) -> None:
        """Wait for nothing: the write lock is taken with the first statement."""
        self._connection = TransactionConnection(self._connection, "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE")

    async def commit(self) -> None:
        try:
            await self._connection.commit(_WAIT_FOR_DISK)
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
        self._idle: list[QuickRows] = []
        self._all: list[QuickRows] = []
        self._opening: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[QuickRows]:
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
        reader = QuickRows(self._file_path, connection_name="reader", **self._pragmas)
        self._all.append(reader)
        await reader.create_connection(with_db=True)
        self._idle.append(reader)


@timed
class ImmediateClient(QuickRows):
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
