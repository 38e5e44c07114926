import asyncio
import time

import pytest

from base.errors import ErrorCode, Refusal
from uploads.body import ClientLeft, StopReason
from uploads.locks import UploadLocks


async def test_a_newer_request_asks_the_holder_to_let_go() -> None:
    locks, asked = UploadLocks(), asyncio.Event()

    async def hold_until_asked() -> None:
        async with locks.acquire("upload-1") as handle:
            handle.on_release_requested(lambda _: asked.set())
            await asked.wait()

    holder = asyncio.create_task(hold_until_asked())
    await asyncio.sleep(0)
    async with locks.acquire("upload-1"):
        assert asked.is_set()
    await holder


async def test_other_uploads_are_not_disturbed() -> None:
    locks = UploadLocks()
    async with locks.acquire("upload-1") as handle, locks.acquire("upload-2"):
        handle.on_release_requested(lambda _: pytest.fail("nobody wants this one"))


async def test_a_holder_that_keeps_it_is_423_with_retry_after() -> None:
    locks = UploadLocks(wait_seconds=0.05)
    started = time.monotonic()
    async with locks.acquire("upload-1"):
        with pytest.raises(Refusal) as refused:
            async with locks.acquire("upload-1"):
                pytest.fail("two at once")
    assert time.monotonic() - started < 5
    assert (refused.value.code, refused.value.http_status, refused.value.retry_after) == (ErrorCode.LOCKED, 423, 1)


async def test_a_holder_that_comes_while_others_wait_is_asked_at_once() -> None:
    locks, order = UploadLocks(), list[str]()

    async def visit(name: str) -> None:
        async with locks.acquire("upload-1") as handle:
            asked = list[StopReason]()
            handle.on_release_requested(asked.append)
            order.append(f"{name} {asked[0].name if asked else 'undisturbed'}")

    async with locks.acquire("upload-1"):
        visits = [asyncio.create_task(visit(name)) for name in ("second", "third")]
        await asyncio.sleep(0)
    await asyncio.gather(*visits)
    assert order == ["second WANTED", "third undisturbed"]


async def test_who_left_while_it_waited_keeps_nobody_from_the_upload() -> None:
    locks, has_left = UploadLocks(), asyncio.Event()

    async def wait_in_vain() -> None:
        with locks.register("upload-1", lambda: not has_left.is_set()) as handle:
            async with locks.acquire("upload-1", handle):
                pytest.fail("it had left")

    async with locks.acquire("upload-1"):
        waiting = asyncio.create_task(wait_in_vain())
        await asyncio.sleep(0)
        has_left.set()
    with pytest.raises(ClientLeft):
        await waiting
    async with locks.acquire("upload-1") as handle:
        handle.on_release_requested(lambda _: pytest.fail("nobody wants it"))
        with pytest.raises(ClientLeft):
            await wait_in_vain()


async def test_nothing_is_remembered_once_nobody_holds_or_waits() -> None:
    locks = UploadLocks(wait_seconds=0)
    async with locks.acquire("upload-1"):
        with pytest.raises(Refusal):
            async with locks.acquire("upload-1"):
                pass
    assert locks._entries == {}


async def test_a_stopping_process_asks_those_who_hold_and_those_who_come() -> None:
    locks, asked = UploadLocks(), list[StopReason]()
    async with locks.acquire("upload-1") as handle:
        handle.on_release_requested(asked.append)
        locks.stop()
    async with locks.acquire("upload-2") as handle:
        handle.on_release_requested(asked.append)
    assert asked == [StopReason.SHUTDOWN, StopReason.SHUTDOWN]
