"""A shelf on real files and a real database, and who asks for what lies on it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from auth.keys import Keys
from auth.signatures import Signer
from jobs.retention import Retention
from results.endpoints import Shelf
from storage.local import LocalStorage
from tests.models.database_for_tests import make_template, open_copy
from tests.results.shelf_for_tests import Desk


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
async def desk(tmp_path: Path, template: Path) -> AsyncIterator[Desk]:
    async with open_copy(template, tmp_path):
        signer, kept = Signer(Keys("a secret of the tests, long enough")), timedelta(days=36_500)
        retention = Retention(inputs=kept, results=kept, jobs=kept)
        yield Desk(Shelf(LocalStorage(tmp_path), signer, retention, tmp_path / "guides"))
