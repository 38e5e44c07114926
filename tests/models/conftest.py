"""Fixtures of databases: one that is open and empty, and one without tables."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conftest import service_or_skip
from tests.databases import Template, empty_postgres, opened
from tests.models.migrating_for_tests import Place


@pytest.fixture
async def data_dir(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Path]:
    async with opened(Template("", migrated_file.parent), tmp_path):
        yield tmp_path


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A database without tables."""
    if request.param == "sqlite":
        yield Place("", tmp_path)
    else:
        with empty_postgres(service_or_skip("postgres", "TEST_DATABASE_URL")) as url:
            yield Place(url, tmp_path)
