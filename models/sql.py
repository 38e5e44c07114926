"""SQL on both databases: placeholders, locks, rows, the database's clock.

Statements are written with $1, $2, …; `Row` is column → JSON value, as events carry it.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient

Row = dict[str, Any]

_KEPT_STATEMENTS = 512
_ROWS_AT_ONCE = 2_000
"""Of one table in one statement: nobody waits long for the database meanwhile."""


async def fetch_rows(db: BaseDBAsyncClient, statement: str, *values: Any) -> list[Row]:
    """Run `statement` and return its rows."""
    rows: list[Row] = await db.execute_query_dict(sql(db, statement), list(values))
    return rows


async def execute_soon(db: BaseDBAsyncClient, statement: str, *values: Any) -> None:
    """Run `statement`, of which nobody needs to know more than that it was done, in the transaction of `db`.

    On SQLite it goes along with the next statement, or with the commit: that raises what it fails with.
    """
    if db.capabilities.dialect == "sqlite":
        transaction: Any = db
        transaction.execute_soon(sql(db, statement), list(values))
    else:
        await fetch_rows(db, statement, *values)


def foresee_rows(db: BaseDBAsyncClient, statement: str, *values: Any) -> None:
    """Say that `fetch_rows` will be asked this right after what is asked next, in the transaction of `db`.

    On SQLite both are then done in one trip to its thread; on PostgreSQL, where others write meanwhile, it says nothing.
    """
    if db.capabilities.dialect == "sqlite":
        transaction: Any = db
        transaction.foresee(sql(db, statement), list(values))


async def execute_counted(db: BaseDBAsyncClient, statement: str, *values: Any) -> int:
    """Run `statement`, an INSERT, UPDATE or DELETE without RETURNING, and return how many rows it changed."""
    count, _rows = await db.execute_query(sql(db, statement), list(values))
    return int(count)


async def execute_each(db: BaseDBAsyncClient, statement: str, rows: Iterable[list[Any]]) -> None:
    """Run `statement` once for the values of each of `rows`."""
    await db.execute_many(sql(db, statement), list(rows))


async def delete_in_batches(db: BaseDBAsyncClient, table: str, condition: str, *values: Any) -> int:
    """Delete the rows of `table` that meet `condition`, 2,000 to a statement, and return how many they were."""
    chosen = f"SELECT id FROM {table} WHERE {condition} LIMIT {_ROWS_AT_ONCE}"
    total = 0
    while count := len(await fetch_rows(db, f"DELETE FROM {table} WHERE id IN ({chosen}) RETURNING id", *values)):
        total += count
    return total


def placeholders(values: Collection[object], first: int = 1) -> str:
    """`$1, $2, …`, one for each of `values`, counted from `first`; matches nothing where there are none."""
    return ", ".join(f"${place}" for place in range(first, first + len(values))) or "NULL"


def set_clause(columns: dict[str, Any]) -> tuple[str, list[Any]]:
    """What follows SET for `columns`, and its values, counted from $1.

    A value that is a tuple `(expression, value…)` is SQL with `?` in the place of each value.
    """
    values: list[Any] = []
    parts = []
    for name, value in columns.items():
        expression, arguments = (value[0], value[1:]) if isinstance(value, tuple) else ("?", (value,))
        for argument in arguments:
            values.append(argument)
            expression = expression.replace("?", f"${len(values)}", 1)
        parts.append(f"{name} = {expression}")
    return ", ".join(parts), values


def for_update(db: BaseDBAsyncClient, *, of: str = "", skip_locked: bool = False) -> str:
    """FOR UPDATE, of the table `of` alone where it is named; empty on SQLite, where a transaction is alone from its beginning."""
    if not db.capabilities.support_for_update:
        return ""
    return f" FOR UPDATE{f' OF {of}' if of else ''}{' SKIP LOCKED' if skip_locked else ''}"


def for_share(db: BaseDBAsyncClient) -> str:
    """FOR SHARE; empty on SQLite."""
    return " FOR SHARE" if db.capabilities.support_for_update else ""


async def acquire_advisory_lock(db: BaseDBAsyncClient, key: str, *values: Any) -> None:
    """Wait for the lock `key` (SQL for a bigint) and hold it until the transaction ends; on SQLite that is alone anyway."""
    if db.capabilities.support_for_update:
        await fetch_rows(db, f"SELECT pg_advisory_xact_lock({key})", *values)


def sql(connection: Any, statement: str) -> str:
    """`statement` as the connection's database wants it (SQLite: ?1, ?2, …)."""
    return statement if connection.capabilities.dialect == "postgres" else _numbered(statement)


@lru_cache(_KEPT_STATEMENTS)
def _numbered(statement: str) -> str:
    return statement.replace("$", "?")


def database_now(connection: Any) -> str:
    """SQL for the database's own clock, in seconds since 1970: leases are measured by one clock for all workers."""
    if connection.capabilities.dialect == "postgres":
        return "extract(epoch from clock_timestamp())"
    return "((julianday('now') - 2440587.5) * 86400.0)"
