"""Pace of a body: one that dribbles in is ended, and keeps what arrived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from base.errors import Refusal
from base.words import UploadStatus
from tests.uploads.app_for_tests import Client, Recorder, announced, append, limited, make_services, reread, row_of
from tests.wire import Wire, Wires, path_in
from uploads.wiring import UploadServices

LENGTH = 1_000_000
"""Large enough to be taken over from its connection."""


@pytest.fixture
async def services(data_dir: Path, recorder: Recorder) -> AsyncIterator[UploadServices]:
    """1,000 bytes a second, looked at five times a second."""
    services = make_services(data_dir, recorder, min_bytes_per_second=1_000, pace_seconds=0.2)
    yield services
    await services.tasks.stop()


async def test_a_body_that_dribbles_in_is_503_and_keeps_what_arrived(services: UploadServices) -> None:
    upload = await announced(services, 1_000)
    dribble: list[Any] = [b"x", 0.05] * 500
    with pytest.raises(Refusal, match="it arrived too slowly") as refused:
        await append(services, upload.id, 0, *dribble)
    stored = (await reread(upload)).offset_bytes
    assert (refused.value.http_status, refused.value.retry_after) == (503, 1)
    assert refused.value.headers == {"Upload-Offset": str(stored), "Connection": "close"}
    assert 0 < stored < 500


async def test_a_body_that_is_fast_enough_comes_to_its_end(services: UploadServices) -> None:
    upload = await announced(services, 2_000)
    patient = limited(services, min_bytes_per_second=2, pace_seconds=0.5)
    upload = await append(patient, upload.id, 0, *[b"x" * 100, 0.06] * 20)
    assert upload.status is UploadStatus.COMPLETED


async def test_without_a_least_speed_a_body_may_dribble(services: UploadServices) -> None:
    upload = await announced(services, 10)
    upload = await append(limited(services, min_bytes_per_second=0), upload.id, 0, *[b"x", 0.05] * 10)
    assert upload.status is UploadStatus.COMPLETED


async def dribble_into(wire: Wire) -> None:
    """A byte every 50 ms, until the server has closed."""
    with suppress(ConnectionError):
        while True:
            await wire.send(b"x")
            await asyncio.sleep(0.05)


async def test_a_connection_that_dribbles_gives_its_slot_back_and_its_bytes_are_kept(
    client: Client, wires: Wires, services: UploadServices
) -> None:
    url = await client.create(LENGTH)
    wire = await wires.connect()
    await wire.patch(path_in(url), 0, f"Content-Length: {LENGTH}")
    dribbling = asyncio.create_task(dribble_into(wire))
    try:
        status, headers = await wire.answer()
    finally:
        dribbling.cancel()
        await asyncio.wait([dribbling])

    stored = (await row_of(url)).offset_bytes
    assert (status, headers["upload-offset"], headers["connection"]) == (503, str(stored), "close")
    assert 0 < stored < LENGTH
    assert services.limiter._counts.total() == 0
