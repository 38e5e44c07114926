"""Whatever is in the file: a clear FAILED with its code, or it works; and the server answers throughout."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from tests.databases import copied_sqlite
from tests.journeys import hostile_files as bad
from tests.journeys.test_leads_end_to_end import announce, create_batch, states_of

FILES: list[tuple[str, bytes, str, str]] = [
    ("empty.csv", b"", "CORRUPT_FILE", "empty"),
    ("empty.xlsx", b"", "CORRUPT_FILE", "empty"),
    ("picture.xlsx", bad.ONE_PIXEL_PNG, "UNSUPPORTED_TYPE", "PNG"),
    ("secret.xlsx", bad.encrypted(), "CORRUPT_FILE", "password"),
    ("wide.xlsx", bad.far_cell("XFE2", 2), "UNSAFE_ARCHIVE", "column"),
    ("far.xlsx", bad.far_cell("Z1048576", 1_048_576), "UNSAFE_ARCHIVE", "cells"),
    ("bomb.xlsx", bad.bomb(), "UNSAFE_ARCHIVE", "unpack"),
    ("cut.xlsx", bad.workbook(["E-mail"], ["a@example.com"])[:-200], "CORRUPT_FILE", ""),
    ("header.xlsx", bad.workbook(["Name", "E-mail"]), "BAD_INPUT", "no rows"),
    ("header.csv", b"Name,E-mail\n", "BAD_INPUT", "no rows"),
    ("random.xls", bytes(range(256)) * 64, "CORRUPT_FILE", ""),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> AsyncIterator[ServerProcess]:
    """One for all files: what one of them does to it is seen by the next."""
    data_dir = copied_sqlite(migrated_file, tmp_path_factory.mktemp("server") / "data")
    async with ServerProcess(data_dir, {"WAYBILL_WORKERS": "2"}) as server:
        yield server


@pytest.mark.parametrize(("name", "content", "code", "word"), FILES, ids=[file[0] for file in FILES])
async def test_a_bad_file_fails_its_batch_with_a_code_and_a_sentence(
    waybill: Waybill, tmp_path: Path, name: str, content: bytes, code: str, word: str
) -> None:
    (tmp_path / name).write_bytes(content)
    last = await outcome_of(waybill, tmp_path / name)
    assert (last["status"], last["error"]["code"]) == ("FAILED", code), last
    assert word.lower() in last["error"]["message"].lower(), last["error"]["message"]
    assert str(tmp_path) not in last["error"]["message"]
    assert "Traceback" not in last["error"]["message"]


async def test_a_csv_with_a_nul_byte_works(waybill: Waybill, tmp_path: Path) -> None:
    (tmp_path / "nul.csv").write_bytes(b"Name,E-mail\nAn\x00na,anna@example.com\n")
    last = await outcome_of(waybill, tmp_path / "nul.csv")
    assert (last["status"], last["progress"]["totalItems"]) == ("COMPLETED", 1)


async def test_a_line_of_fifty_megabytes_fails_its_batch_and_the_server_answers_meanwhile(
    server: ServerProcess, waybill: Waybill, tmp_path: Path
) -> None:
    bad.write_long_line(tmp_path / "long.csv")
    running = asyncio.create_task(outcome_of(waybill, tmp_path / "long.csv"))
    while not running.done():
        async with asyncio.timeout(2):
            await waybill.execute("{ serverInfo { version } }")
        await asyncio.sleep(0.01)
    last = await running
    assert (last["status"], last["error"]["code"]) == ("FAILED", "CORRUPT_FILE"), last
    assert server.is_running


@pytest.mark.trial
async def test_as_many_rows_as_a_sheet_can_have_work(waybill: Waybill, tmp_path: Path) -> None:
    with (tmp_path / "full.csv").open("w") as file:
        file.writelines(bad.full_sheet_lines())
    last = await asyncio.wait_for(outcome_of(waybill, tmp_path / "full.csv", 10_000), 900)
    assert last["status"] == "COMPLETED", last
    assert last["progress"]["totalItems"] == last["progress"]["processedItems"] == 1_048_575


async def outcome_of(waybill: Waybill, path: Path, size: int = 100) -> dict[str, Any]:
    """The last state of a batch over the file."""
    upload = await announce(waybill, path)
    if path.stat().st_size:
        await send_file(upload["url"], path, 2**23)
    batch_id = await create_batch(waybill, upload["id"], size)
    return (await states_of(waybill, batch_id))[-1]
