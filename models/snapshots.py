"""The database as it is at one moment: read, and written to one file, while servers go on. All of it blocks."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Protocol

from base.errors import ErrorCode, Refusal
from models.database import database_config, is_sqlite, sqlite_path

Tell = Callable[[int], None]
"""Is called with the bytes that are written so far, now and then."""

_PAGES_AT_ONCE = 2_048
_SECONDS_BETWEEN_LOOKS = 0.5


class Snapshot(Protocol):
    """One moment; what is committed later is not in it.

    Attributes:
        file_name: What the file is called that `write` is for.
    """

    file_name: ClassVar[str]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a SELECT without arguments finds."""

    def size_bytes(self) -> int:
        """About how many bytes `write` takes at most."""

    def write(self, target: Path, tell: Tell) -> None:
        """Write all of it to `target`, which is not there.

        Raises:
            Refusal: SERVICE_UNAVAILABLE with a sentence for the operator.
            OSError: The disk is full, for example.
        """


@contextmanager
def snapshot_of(database_url: str, data_dir: Path) -> Iterator[Snapshot]:
    """The database at the moment at which the block is entered."""
    if is_sqlite(database_url):
        with _sqlite_snapshot(sqlite_path(database_url, data_dir)) as sqlite:
            yield sqlite
    else:
        credentials = database_config(database_url, data_dir)["connections"]["default"]["credentials"]
        with _postgres_snapshot(credentials) as postgres:
            yield postgres


class SqliteSnapshot:
    """A transaction that reads: with a write-ahead log nobody waits for it."""

    file_name: ClassVar[str] = "waybill.sqlite3"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def size_bytes(self) -> int:
        (pages,), (bytes_per_page,) = self.rows("PRAGMA page_count")[0], self.rows("PRAGMA page_size")[0]
        return int(pages) * int(bytes_per_page)

    def write(self, target: Path, tell: Tell) -> None:
        bytes_per_page = self.rows("PRAGMA page_size")[0][0]

        def after_some(_status: int, left: int, total: int) -> None:
            tell((total - left) * bytes_per_page)

        with closing(sqlite3.connect(target)) as copy:
            self._connection.backup(copy, pages=_PAGES_AT_ONCE, progress=after_some, sleep=0)


@contextmanager
def _sqlite_snapshot(path: Path) -> Iterator[SqliteSnapshot]:
    # Source: SQLite, "URI Filenames", mode=rw: no file is made where there is none. It is only read.
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()  # the moment
        yield SqliteSnapshot(connection)


class PostgresSnapshot:
    """A transaction whose moment `pg_dump` is given, too."""

    file_name: ClassVar[str] = "waybill.pgdump"

    def __init__(self, runner: asyncio.Runner, connection: Any, credentials: dict[str, Any]) -> None:
        self._runner = runner
        self._connection = connection
        self._credentials = credentials

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._runner.run(self._connection.fetch(statement))]

    def size_bytes(self) -> int:
        """Of the tables without their indexes, which a dump does not have; it is also compressed."""
        ((size,),) = self.rows("SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint FROM pg_class WHERE relkind = 'r'")
        return int(size)

    def write(self, target: Path, tell: Tell) -> None:
        program = shutil.which("pg_dump")
        if program is None:
            message = "The program pg_dump is not there: install the client programs of PostgreSQL (postgresql-client)."
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)
        ((moment,),) = self.rows("SELECT pg_export_snapshot()")
        command = [program, "--format=custom", "--no-password", f"--snapshot={moment}", f"--file={target}"]
        with subprocess.Popen(command, env=self._environment(), stderr=subprocess.PIPE, text=True) as dump:
            said = _said_at_the_end(dump, target, tell)
        if dump.returncode:
            reason = said.strip().partition("\n")[0] or f"status {dump.returncode}"
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, f"The database cannot be written to a file ({reason}).")

    def _environment(self) -> dict[str, str]:
        """Not on the command line, which every user of the machine can read."""
        known = {
            "PGHOST": self._credentials["host"],
            "PGPORT": str(self._credentials["port"]),
            "PGUSER": self._credentials["user"],
            "PGDATABASE": self._credentials["database"],
            "PGPASSWORD": self._credentials["password"],
            "PGSSLMODE": self._credentials["ssl"],
        }
        return {**os.environ, **{name: value for name, value in known.items() if value}}


def _said_at_the_end(dump: "subprocess.Popen[str]", target: Path, tell: Tell) -> str:
    """What the program complained of, once it has ended; it is ended where the caller is."""
    try:
        while True:
            try:
                return dump.communicate(timeout=_SECONDS_BETWEEN_LOOKS)[1]
            except subprocess.TimeoutExpired:
                tell(target.stat().st_size if target.exists() else 0)
    except BaseException:
        dump.kill()
        raise


@contextmanager
def _postgres_snapshot(credentials: dict[str, Any]) -> Iterator[PostgresSnapshot]:
    names = ("host", "port", "user", "password", "database", "ssl")
    with asyncio.Runner() as runner:
        connection = runner.run(_connect({name: credentials[name] for name in names}))
        try:
            runner.run(connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"))  # the moment
            yield PostgresSnapshot(runner, connection, credentials)
        finally:
            runner.run(_close(connection))


async def _connect(credentials: dict[str, Any]) -> Any:
    import asyncpg  # noqa: PLC0415  where SQLite is the database nothing uses it

    return await asyncpg.connect(**credentials)


async def _close(connection: Any) -> None:
    connection.terminate()
