"""Backup, destruction and restore, by the commands of docs/deploy.md."""

import asyncio
import hashlib
import io
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import pytest
from redis.asyncio import Redis

from client.api import Data, Waybill
from client.server_process import ROOT, ServerProcess
from client.upload import send_file
from tests.clients.programs import program_or_skip
from tests.clients.stored import MB, check_stored, random_bytes
from tests.databases import drop_database
from tests.journeys.leads_workbook import write_workbook
from tests.journeys.watching import begin_watching
from tests.wire import OFFSET_TYPE

pytestmark = pytest.mark.long

PAGE = ROOT / "docs" / "deploy.md"
PASSWORD = "a password of the tests"
TUS = {"Tus-Resumable": "1.0.0"}
CREATE_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
CREATE_BATCH = """mutation ($upload: ID!) {
  createBatch(input: {work: {leads: {batchSize: 50}}, uploadIds: [$upload]}) { id } }"""
CREATE_TASK = "mutation { createTask(input: {work: {demo: {items: 40, seconds: 16, failItems: [3, 17]}}}) { id } }"
WATCH = """subscription ($id: ID!) { jobUpdated(id: $id, maxPerSecond: 20) {
  status progress { processedItems } } }"""
OUTCOME = """query ($id: ID!) { job(id: $id) { status attempt
  progress { totalItems processedItems failedItems } items(first: 100) { nodes { index status } }
  files { name sha256 url } } }"""


@dataclass(frozen=True)
class Deployment:
    """One server with workers inside, the address of its PostgreSQL (empty: SQLite), and how names in its Redis begin."""

    server: ServerProcess
    settings: dict[str, str]
    database_url: str = ""
    redis: tuple[str, str] = ("", "")


@pytest.fixture(params=["sqlite", "postgres"])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Deployment:
    settings = {"WAYBILL_WORKERS": "2", "WAYBILL_ADMIN_PASSWORD": PASSWORD}
    data = tmp_path / "data"
    if request.param == "sqlite":
        return Deployment(ServerProcess(data, settings), settings)
    for program in ("pg_dump", "pg_restore", "createdb"):
        program_or_skip(program, "postgres")
    url, redis_url, prefix = (request.getfixturevalue(name) for name in ("copied_url", "redis_url", "redis_prefix"))
    settings |= {"WAYBILL_DATABASE_URL": url, "WAYBILL_REDIS_URL": redis_url, "WAYBILL_REDIS_PREFIX": prefix}
    return Deployment(ServerProcess(data, settings), settings, url, (redis_url, prefix))


def commands_of(heading: str) -> str:
    """The block of commands that follows these words in docs/deploy.md."""
    found = re.search(rf"{re.escape(heading)}.*?```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, heading
    return found[1]


async def run(*command: str, **environment: str) -> str:
    """What a program prints that must end well."""
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def back_up(deployment: Deployment, folder: Path) -> str:
    settings = {**deployment.settings, "WAYBILL_DATA_DIR": str(deployment.server.data_dir)}
    return await run(sys.executable, str(ROOT / "server.py"), "--backup", str(folder), **settings)


async def destroy(deployment: Deployment) -> None:
    """All is lost but the backup; what Redis holds, too."""
    await deployment.server.kill()
    shutil.rmtree(deployment.server.data_dir)
    if deployment.database_url:
        await drop_database(deployment.database_url)
        async with Redis.from_url(deployment.redis[0]) as redis:
            async for key in redis.scan_iter(f"{deployment.redis[1]}*", count=1000):
                await redis.delete(key)


async def restore(deployment: Deployment, backup: Path) -> None:
    parts = urlsplit(deployment.database_url)
    known = {"DATA": str(deployment.server.data_dir), "BACKUP": str(backup)}
    await run("sh", "-euc", commands_of("The folder:"), **known)
    if deployment.database_url:
        known |= {"SERVER": urlunsplit(parts._replace(path="")), "DATABASE": parts.path.lstrip("/")}
        await run("sh", "-euc", commands_of("The PostgreSQL, with"), **known)


async def states_of(waybill: Waybill, job_id: str) -> list[Data]:
    return [data["jobUpdated"] async for data in waybill.subscribe(WATCH, {"id": job_id})]


async def until_begun(waybill: Waybill, job_id: str) -> None:
    async for data in waybill.subscribe(WATCH, {"id": job_id}):
        if data["jobUpdated"]["progress"]["processedItems"] >= 3:
            return


async def announce(waybill: Waybill, name: str, size: int) -> Data:
    upload: Data = (await waybill.execute(CREATE_UPLOAD, {"name": name, "size": size}))["createUpload"]
    return upload


async def patch(session: aiohttp.ClientSession, url: str, offset: int, body: Any) -> None:
    headers = {**TUS, "Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE}
    async with session.patch(url, headers=headers, data=body) as answer:
        assert answer.status == 204, await answer.text()


async def slowly(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 20_000):
        yield content[start : start + 20_000]
        await asyncio.sleep(0.1)


async def go_on(session: aiohttp.ClientSession, url: str, content: bytes) -> int:
    """Send what is not stored. Returns how much was."""
    async with session.head(url, headers=TUS) as answer:
        assert answer.status == 200
        offset = int(answer.headers["Upload-Offset"])
    await patch(session, url, offset, io.BytesIO(content[offset:]))
    return offset


async def finished_batch(waybill: Waybill, folder: Path) -> Data:
    path = folder / "leads.xlsx"
    write_workbook(path, 300)
    upload = await announce(waybill, path.name, path.stat().st_size)
    batch = (await waybill.execute(CREATE_BATCH, {"upload": upload["id"]}))["createBatch"]
    await send_file(upload["url"], path)
    assert (await states_of(waybill, batch["id"]))[-1]["status"] == "COMPLETED"
    found: Data = (await waybill.execute(OUTCOME, {"id": batch["id"]}))["job"]
    return found


async def test_an_installation_comes_back_from_a_backup_that_was_written_while_it_ran(
    deployment: Deployment, tmp_path: Path
) -> None:
    half, growing = random_bytes("half", 5 * MB), random_bytes("growing", 8 * MB)
    backup = tmp_path / "backups" / "first"
    async with deployment.server, aiohttp.ClientSession() as session, Waybill(deployment.server.base_url) as waybill:
        await waybill.login("admin", PASSWORD)
        (deployment.server.data_dir / "guides").mkdir()
        (deployment.server.data_dir / "guides" / "first.pdf").write_bytes(b"%PDF-")
        batch = await finished_batch(waybill, tmp_path)
        half_url = (await announce(waybill, "half.bin", len(half)))["url"]
        await patch(session, half_url, 0, io.BytesIO(half[: 3 * MB]))
        growing_url = (await announce(waybill, "growing.bin", len(growing)))["url"]
        sending = asyncio.create_task(patch(session, growing_url, 0, slowly(growing)))
        task = (await waybill.execute(CREATE_TASK))["createTask"]
        await until_begun(waybill, task["id"])

        said = await back_up(deployment, backup)
        assert not sending.done(), "the backup was to be written while bytes arrive"
        await destroy(deployment)
        with suppress(aiohttp.ClientError):
            await sending
        await restore(deployment, backup)
        await deployment.server.start()

        await waybill.login("admin", PASSWORD)
        watching = await begin_watching(waybill, WATCH, task["id"])
        assert (await waybill.execute("{ guides { filename } }"))["guides"] == [{"filename": "first.pdf"}]
        assert await go_on(session, half_url, half) == 3 * MB
        await check_stored(waybill, half_url, half)
        assert 0 < await go_on(session, growing_url, growing) < len(growing)
        await check_stored(waybill, growing_url, growing)
        for file in batch["files"]:
            assert hashlib.sha256(await waybill.fetch(file["url"])).hexdigest() == file["sha256"]
        states = await asyncio.wait_for(watching, 60)
        outcome = (await waybill.execute(OUTCOME, task))["job"]

    assert states[0]["progress"]["processedItems"] < 40, "the job was to run while the backup was written"
    assert states[-1]["status"] == "COMPLETED"
    assert outcome["progress"] == {"totalItems": 40, "processedItems": 40, "failedItems": 2}
    assert outcome["attempt"] == 1
    assert [(item["index"], item["status"]) for item in outcome["items"]["nodes"]] == [
        (index, "FAILED" if index in {3, 17} else "COMPLETED") for index in range(40)
    ]
    assert re.fullmatch(rf"Backed up to {re.escape(str(backup))}: the database and \d+ files \(.* MiB\)\.\n", said)


async def test_a_backup_is_for_its_owner_alone_and_has_nothing_that_is_not_needed(
    deployment: Deployment, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    async with deployment.server:
        await back_up(deployment, backup)
    database = "waybill.pgdump" if deployment.database_url else "waybill.sqlite3"

    assert sorted(path.name for path in backup.iterdir()) == ["secret_key", database]
    assert {stat.S_IMODE(path.stat().st_mode) for path in backup.iterdir()} == {0o600}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert (backup / "secret_key").read_text() == (deployment.server.data_dir / "secret_key").read_text()
