"""Tables of an open database, as it describes them."""

from collections import defaultdict
from typing import Any

from tortoise.connection import get_connection

Tables = dict[str, list[str]]
"""By table: a line for each column, index, constraint and foreign key, in order; names of indexes and constraints do not matter."""

_POSTGRES_COLUMNS = """
SELECT c.relname AS table, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || CASE WHEN a.attidentity <> '' THEN ' IDENTITY' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') AS line
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
"""
_POSTGRES_INDEXES = """
SELECT tablename AS table, regexp_replace(indexdef, ' INDEX \\S+ ON \\S+ ', ' INDEX ') AS line
FROM pg_indexes WHERE schemaname = 'public'
"""
_POSTGRES_CONSTRAINTS = """
SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS line
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""
_SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"


async def read_columns() -> dict[str, list[str]]:
    """The names of the columns of each table."""
    db = get_connection("default")
    if db.capabilities.dialect == "postgres":
        statement = (
            "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
        )
    else:
        statement = f"SELECT t.name AS t, c.name AS c FROM ({_SQLITE_TABLES}) t, pragma_table_info(t.name) c"
    columns: dict[str, list[str]] = defaultdict(list)
    for row in await db.execute_query_dict(f"{statement} ORDER BY t, c"):
        columns[row["t"]].append(row["c"])
    columns.pop("tortoise_migrations", None)
    return columns


async def read_structure() -> Tables:
    """All tables but the ORM's list of migrations."""
    db = get_connection("default")
    lines: Tables = defaultdict(list)
    if db.capabilities.dialect == "postgres":
        for statement in (_POSTGRES_COLUMNS, _POSTGRES_INDEXES, _POSTGRES_CONSTRAINTS):
            for row in await db.execute_query_dict(statement):
                lines[row["table"]].append(row["line"])
    else:
        for row in await db.execute_query_dict(_SQLITE_TABLES):
            lines[row["name"]] = await _sqlite_lines(row["name"])
    lines.pop("tortoise_migrations", None)
    return {table: sorted(found) for table, found in sorted(lines.items())}


async def _sqlite_lines(table: str) -> list[str]:
    async def rows(statement: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await get_connection("default").execute_query_dict(statement)]

    (made,) = await rows(f"SELECT sql FROM sqlite_master WHERE name = '{table}'")
    lines = ["AUTOINCREMENT"] if "AUTOINCREMENT" in made["sql"] else []
    lines += [f"CHECK {made['sql'].count('CHECK')}"]
    for column in await rows(f"PRAGMA table_xinfo({table})"):
        lines.append(" ".join(str(value) for name, value in column.items() if name != "cid"))
    for key in await rows(f"PRAGMA foreign_key_list({table})"):
        lines.append("FOREIGN KEY " + " ".join(str(value) for name, value in key.items() if name not in {"id", "seq"}))
    for index in await rows(f"PRAGMA index_list({table})"):
        parts = await rows(f"PRAGMA index_xinfo('{index['name']}')")
        columns = ", ".join(f"{part['name']} {part['desc']} {part['coll']}" for part in parts if part["key"])
        (made,) = await rows(f"SELECT sql FROM sqlite_master WHERE name = '{index['name']}'")
        where = (made["sql"] or "").partition("WHERE")[2].strip()
        lines.append(f"INDEX ({columns}) unique {index['unique']} {index['origin']} WHERE {where}")
    return lines
