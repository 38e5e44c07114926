"""Empty databases for tests: made once, copied for each, because that is faster than making each."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from models.database import close_database, open_database, sqlite_path


def make_template(folder: Path) -> Path:
    """A closed database with every table and no row."""

    async def make() -> None:
        await open_database("", folder)
        await close_database()

    asyncio.run(make())
    return sqlite_path("", folder)


@asynccontextmanager
async def open_copy(template: Path, folder: Path) -> AsyncIterator[None]:
    """Opens a copy of `template` in the data folder `folder`."""
    shutil.copyfile(template, sqlite_path("", folder))
    await open_database("", folder)
    try:
        yield
    finally:
        await close_database()
