"""Services of a program for its role."""

from pathlib import Path

import pytest

from app.roles import server_role
from app.services import opened_server, opened_worker
from base.errors import Refusal
from base.settings import Settings
from storage.data_folder import lock_data_folder
from tests.databases import copied_sqlite
from tests.web_app import settings_for


async def test_a_worker_asks_for_the_folder_before_anything_else(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url="postgres://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1", workers=1
    )

    with pytest.raises(Refusal, match="No server has used the data folder"):
        async with opened_worker(settings, deadline_seconds=0):
            pass


@pytest.mark.parametrize(("fsync", "is_durable"), [("always", True), ("never", False)])
async def test_servers_and_workers_make_bytes_durable_as_the_settings_say(
    migrated_file: Path, tmp_path: Path, fsync: str, is_durable: bool
) -> None:
    settings = settings_for(copied_sqlite(migrated_file, tmp_path / "data"), upload_fsync=fsync)
    with lock_data_folder(settings.data_dir, is_shared=False):
        async with opened_server(settings, server_role(settings)) as server:
            assert server.request.storage.is_durable is is_durable
        async with opened_worker(settings) as worker:
            assert worker.storage.is_durable is is_durable
