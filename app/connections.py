"""The connection of a program to its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from base.errors import translate_errors
from base.settings import Settings
from models.database import DATABASE_TROUBLE, close_database
from models.migrating import open_database


@asynccontextmanager
async def opened_database(settings: Settings) -> AsyncIterator[None]:
    """The database, until the block is left.

    Raises:
        Refusal: SERVICE_UNAVAILABLE with a sentence for the operator.
    """
    with translate_errors(DATABASE_TROUBLE, settings.database_url):
        await open_database(settings.database_url, settings.data_dir)
    try:
        yield
    finally:
        await close_database()
