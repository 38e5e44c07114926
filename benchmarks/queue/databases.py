"""Databases on a PostgreSQL server that live as long as a measurement."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg


@asynccontextmanager
async def made_database(server_url: str) -> AsyncIterator[str]:
    """The address of a new, empty database on the server of `server_url`, dropped afterwards."""
    name = f"waybill_bench_{uuid.uuid4().hex[:12]}"
    await _command(server_url, f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        await _command(server_url, f"DROP DATABASE {name} WITH (FORCE)")


async def _command(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(urlunsplit(urlsplit(server_url)._replace(path="/postgres")))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
