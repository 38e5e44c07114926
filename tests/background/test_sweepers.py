"""Sweeping: permissions for slices that wait, and slices of lost workers."""

import asyncio

import pytest
from structlog.testing import capture_logs
from tortoise.connection import get_connection

from background import sweepers
from background.sweepers import sweep, sweep_forever
from jobs.rows import fetch
from models import Slice
from tests.workshop import Workshop


async def test_a_slice_that_waits_gets_a_permission(shop: Workshop) -> None:
    await sweep(shop.outbox)
    assert shop.permits == 0
    await shop.add_job()
    shop.permits = 0
    await sweep(shop.outbox)
    assert shop.permits == 1
    await shop.claim()
    await sweep(shop.outbox)
    assert shop.permits == 1


async def test_slices_of_lost_workers_wait_again(shop: Workshop) -> None:
    await shop.add_job()
    await shop.claim("lost")
    await fetch(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 21")
    with capture_logs() as logs:
        await sweep(shop.outbox)
    assert [(line["event"], line["slices"]) for line in logs] == [("took back slices of lost workers", 1)]
    assert (await Slice.get()).status == "WAITING"


async def test_a_sweep_that_fails_does_not_end_the_sweeping(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def fail_once(_outbox: object) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise ConnectionResetError

    monkeypatch.setattr(sweepers, "SWEEP_SECONDS", 0.01)
    monkeypatch.setattr(sweepers, "sweep", fail_once)
    with capture_logs() as logs:
        task = asyncio.create_task(sweep_forever(shop.outbox))
        await asyncio.sleep(0.2)
        task.cancel()
    assert len(calls) > 2
    assert [line["event"] for line in logs] == ["a sweep failed; the next one tries again"]
