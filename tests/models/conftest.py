"""A data folder with an open, empty database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.models.database_for_tests import make_template, open_copy


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
async def data_dir(tmp_path: Path, template: Path) -> AsyncIterator[Path]:
    async with open_copy(template, tmp_path):
        yield tmp_path
