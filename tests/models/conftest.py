"""A data folder with an open, empty database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.databases import Template, opened


@pytest.fixture
async def data_dir(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Path]:
    async with opened(Template("", migrated_file.parent), tmp_path):
        yield tmp_path
