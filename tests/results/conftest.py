"""Fixtures: services on real files and a real database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from auth.keys import Keys
from auth.signatures import Signer
from jobs.retention import Retention
from results.wiring import ResultServices
from storage.local.storage import LocalStorage
from tests.databases import Template, opened
from tests.results.result_harness import ResultHarness


@pytest.fixture
async def result_harness(tmp_path: Path, migrated_file: Path) -> AsyncIterator[ResultHarness]:
    async with opened(Template("", migrated_file.parent), tmp_path):
        signer, kept = Signer(Keys("a secret of the tests, long enough")), timedelta(days=36_500)
        retention = Retention(inputs=kept, results=kept, jobs=kept)
        yield ResultHarness(ResultServices(LocalStorage(tmp_path), signer, retention, tmp_path / "guides"))
