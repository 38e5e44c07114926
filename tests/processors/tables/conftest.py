"""Fixtures: what reads a workbook."""

from pathlib import Path

import pytest

from tests.processors.tables.workbooks_for_tests import Reader


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(tmp_path)
