import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from uploads.intake import BUFFER_BYTES, BUFFER_PARTS, ClientLeft, Intake, Stop


async def parts_of(*parts: bytes | float | Exception) -> AsyncIterator[bytes]:
    """Bytes arrive, numbers are seconds of silence, exceptions are raised."""
    for part in parts:
        match part:
            case bytes():
                yield part
            case Exception():
                raise part
            case _:
                await asyncio.sleep(part)


async def all_of(intake: Intake) -> bytes:
    taken = []
    while (batch := await intake.take(None)) or intake.stop is None:
        taken += batch
    return b"".join(taken)


async def test_a_body_that_ends_is_taken_whole() -> None:
    async with Intake(parts_of(b"ab", 0.01, b"c", b"d"), 5) as intake:
        assert await all_of(intake) == b"abcd"
        assert intake.stop is Stop.END


async def test_what_arrived_before_the_client_left_is_kept() -> None:
    async with Intake(parts_of(b"ab", b"c", ClientLeft()), 5) as intake:
        assert await all_of(intake) == b"abc"
        assert intake.stop is Stop.LEFT


async def test_silence_ends_the_body() -> None:
    async with Intake(parts_of(b"ab", 60), 0.05) as intake:
        assert await all_of(intake) == b"ab"
        assert intake.stop is Stop.SILENT


async def test_slow_parts_are_not_silence() -> None:
    async with Intake(parts_of(b"a", 0.03, b"b", 0.03, b"c"), 0.05) as intake:
        assert await all_of(intake) == b"abc"
        assert intake.stop is Stop.END


@pytest.mark.parametrize("why", [Stop.WANTED, Stop.SHUTDOWN])
async def test_a_hung_body_is_interrupted_within_the_grace(why: Stop) -> None:
    async with Intake(parts_of(b"ab", 60), 5) as intake:
        intake.interrupt(why)
        started = time.monotonic()
        assert await all_of(intake) == b"ab"
        assert intake.stop is why
        assert 0.05 < time.monotonic() - started < 0.25


async def test_a_body_that_ends_within_the_grace_is_not_interrupted() -> None:
    async with Intake(parts_of(b"ab", 0.02, b"c"), 5) as intake:
        intake.interrupt(Stop.WANTED)
        assert await all_of(intake) == b"abc"
        assert intake.stop is Stop.END


async def test_taking_gives_up_after_the_time_that_is_allowed() -> None:
    async with Intake(parts_of(0.2, b"a"), 5) as intake:
        assert await intake.take(0.02) == []
        assert intake.stop is None
        assert await intake.take(None) == [b"a"]


@pytest.mark.parametrize("size", [1, 64 * 1024])
async def test_no_more_is_read_ahead_than_the_buffer_holds(size: int) -> None:
    read = 0

    async def long_body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50_000):
            read += 1
            yield b"x" * size

    async with Intake(long_body(), 5) as intake:
        for _ in range(3):
            await asyncio.sleep(0.02)
            assert read <= BUFFER_PARTS
            assert read * size <= BUFFER_BYTES + size
            read = 0
            await intake.take(None)


async def test_what_the_source_fails_with_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        async with Intake(parts_of(b"ab", RuntimeError("a bug")), 5) as intake:
            await all_of(intake)


async def test_a_body_is_empty_when_it_ends_without_a_byte() -> None:
    async with Intake(parts_of(), 5) as intake:
        assert await intake.is_empty()
    async with Intake(parts_of(0.01, b"a"), 5) as intake:
        assert not await intake.is_empty()
