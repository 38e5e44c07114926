import asyncio
import time

import pytest

from base.errors import ErrorCode, Refusal
from uploads.body import Stop
from uploads.locks import UploadLocks


async def test_a_newer_request_asks_the_holder_to_let_go() -> None:
    locks, asked = UploadLocks(), asyncio.Event()

    async def hold_until_asked() -> None:
        async with locks.hold("upload-1") as hold:
            hold.call_when_asked(lambda _: asked.set())
            await asked.wait()

    holder = asyncio.create_task(hold_until_asked())
    await asyncio.sleep(0)
    async with locks.hold("upload-1"):
        assert asked.is_set()
    await holder


async def test_other_uploads_are_not_disturbed() -> None:
    locks = UploadLocks()
    async with locks.hold("upload-1") as hold, locks.hold("upload-2"):
        hold.call_when_asked(lambda _: pytest.fail("nobody wants this one"))


async def test_a_holder_that_keeps_it_is_423_with_retry_after() -> None:
    locks = UploadLocks(wait_seconds=0.05)
    started = time.monotonic()
    async with locks.hold("upload-1"):
        with pytest.raises(Refusal) as refused:
            async with locks.hold("upload-1"):
                pytest.fail("two at once")
    assert time.monotonic() - started < 1
    assert (refused.value.code, refused.value.http_status, refused.value.retry_after) == (ErrorCode.LOCKED, 423, 1)


async def test_a_holder_that_comes_while_others_wait_is_asked_at_once() -> None:
    locks, order = UploadLocks(), list[str]()

    async def visit(name: str) -> None:
        async with locks.hold("upload-1") as hold:
            asked = list[Stop]()
            hold.call_when_asked(asked.append)
            order.append(f"{name} {asked[0].name if asked else 'undisturbed'}")

    async with locks.hold("upload-1"):
        visits = [asyncio.create_task(visit(name)) for name in ("second", "third")]
        await asyncio.sleep(0)
    await asyncio.gather(*visits)
    assert order == ["second WANTED", "third undisturbed"]


async def test_nothing_is_remembered_once_nobody_holds_or_waits() -> None:
    locks = UploadLocks(wait_seconds=0)
    async with locks.hold("upload-1"):
        with pytest.raises(Refusal):
            async with locks.hold("upload-1"):
                pass
    assert locks._places == {}


async def test_a_stopping_process_asks_those_who_hold_and_those_who_come() -> None:
    locks, asked = UploadLocks(), list[Stop]()
    async with locks.hold("upload-1") as hold:
        hold.call_when_asked(asked.append)
        locks.stop()
    async with locks.hold("upload-2") as hold:
        hold.call_when_asked(asked.append)
    assert asked == [Stop.SHUTDOWN, Stop.SHUTDOWN]
