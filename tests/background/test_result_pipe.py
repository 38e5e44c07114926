"""Results of a job through a named pipe: all of them, in order, whatever becomes of the reader."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

import orjson
import pytest

from background import result_pipe
from background.calls.result_lines import read_results
from background.result_pipe import send_results
from base.errors import ErrorCode
from processors.contract import ItemError, ItemResult, ItemStatus
from tests.background.worker_harness import on_sqlite
from tests.job_harness import JobHarness, completed

T = TypeVar("T")
pytestmark = on_sqlite


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


async def record(harness: JobHarness, count: int, characters: int = 10) -> str:
    """A job with `count` results, and its id."""
    harness.kind = replace(harness.kind, max_result_bytes=2**20)
    job = await harness.plan(count)
    results = [completed(index, text="x" * characters) for index in range(count)]
    await harness.record(await harness.claim(), *results)
    return job.id


async def send_and_read(job_id: str, pipe: Path, read: Callable[[], T]) -> T:
    """Send to a reader in another thread; what it read."""
    sending = asyncio.create_task(send_results(job_id, pipe))
    found = await asyncio.to_thread(read)
    await asyncio.wait_for(sending, 20)
    return found


@pytest.mark.parametrize("count", [1, 999, 1_000, 2_001])
async def test_all_results_arrive_in_order(harness: JobHarness, pipe: Path, count: int) -> None:
    found = await send_and_read(await record(harness, count), pipe, lambda: list(read_results(pipe)))
    assert [item.index for item in found] == list(range(count))


async def test_results_larger_than_a_pipe_arrive_whole(harness: JobHarness, pipe: Path) -> None:
    found = await send_and_read(await record(harness, 5, 300_000), pipe, lambda: list(read_results(pipe)))
    assert [len(orjson.loads(item.result or b"")["text"]) for item in found] == [300_000] * 5


async def test_skipped_and_failed_items_arrive_with_their_reasons(harness: JobHarness, pipe: Path) -> None:
    job = await harness.plan(2)
    given = [
        ItemResult(0, ItemStatus.SKIPPED, b'{"a":1}', skip_reason="twice"),
        ItemResult(1, ItemStatus.FAILED, error=ItemError(ErrorCode.BAD_INPUT, "no", is_retryable=True)),
    ]
    await harness.record(await harness.claim(), *given)
    assert await send_and_read(job.id, pipe, lambda: list(read_results(pipe))) == given


async def test_a_reader_that_wants_no_more_ends_the_sending(harness: JobHarness, pipe: Path) -> None:
    job_id = await record(harness, 20, 100_000)

    def read_one() -> list[ItemResult]:
        return list(islice(read_results(pipe), 1))

    assert [item.index for item in await send_and_read(job_id, pipe, read_one)] == [0]


async def test_a_reader_that_never_comes_is_waited_for_until_the_call_ends(harness: JobHarness, pipe: Path) -> None:
    sending = asyncio.create_task(send_results(await record(harness, 1), pipe))
    await asyncio.sleep(0.1)
    assert not sending.done()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_a_reader_that_waits_sees_the_end_when_the_sending_is_cancelled(harness: JobHarness, pipe: Path) -> None:
    sending = asyncio.create_task(send_results(await record(harness, 1), pipe, open_seconds=60))
    await asyncio.sleep(0.1)
    reading = asyncio.create_task(asyncio.to_thread(lambda: list(read_results(pipe))))
    await asyncio.sleep(0.5)
    sending.cancel()
    assert await asyncio.wait_for(reading, 20) == []


async def test_a_database_that_fails_fails_the_sending_and_ends_the_pipe(
    harness: JobHarness, pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(result_pipe, "results_after", fail)
    sending = asyncio.create_task(send_results(await record(harness, 1), pipe))
    assert await asyncio.to_thread(lambda: list(read_results(pipe))) == []
    with pytest.raises(ConnectionRefusedError):
        await sending
