import asyncio
import time
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import uvloop

from tests.uploads.app_for_tests import stream
from uploads.body import ARRIVED_BYTES, Body, ClientLeft, Flow, Sink, StopReason
from uploads.intake import (
    BLOCK_BYTES,
    BUFFER_BYTES,
    BUFFER_PARTS,
    GATHER_SECONDS,
    GRACE_SECONDS,
    MEMORY_BYTES,
    BlockIntake,
    Intake,
    MemoryPool,
    PartIntake,
    is_empty,
    open_intake,
)

pytestmark = pytest.mark.usefixtures("virtual_time")


def seconds_now() -> float:
    return asyncio.get_running_loop().time()


async def all_of(intake: Intake) -> bytes:
    taken = list[bytes | memoryview]()
    while (batch := await intake.read(None)) or intake.stop is None:
        taken += batch
    return b"".join(taken)


async def test_a_body_that_ends_is_taken_whole() -> None:
    async with PartIntake(stream(b"ab", 0.01, b"c", b"d"), 5) as intake:
        assert await all_of(intake) == b"abcd"
        assert intake.stop is StopReason.END


async def test_what_arrived_before_the_client_left_is_kept() -> None:
    async with PartIntake(stream(b"ab", b"c", ClientLeft()), 5) as intake:
        assert await all_of(intake) == b"abc"
        assert intake.stop is StopReason.LEFT


async def test_silence_ends_the_body() -> None:
    async with PartIntake(stream(b"ab", 60), 0.05) as intake:
        assert await all_of(intake) == b"ab"
        assert intake.stop is StopReason.SILENT


def test_a_body_that_is_interrupted_before_its_first_turn_ends() -> None:
    """The loop was busy for longer than the grace, and looks at its timers first, as uvloop does."""

    async def interrupted() -> StopReason | None:
        async with PartIntake(stream(b"ab", 60), 5) as intake:
            intake.interrupt(StopReason.WANTED)
            time.sleep(GRACE_SECONDS + 0.02)
            await asyncio.wait_for(intake.read(None), 5)
            return intake.stop

    assert uvloop.run(interrupted()) is StopReason.WANTED


async def test_slow_parts_are_not_silence() -> None:
    async with PartIntake(stream(b"a", 0.03, b"b", 0.03, b"c"), 0.05) as intake:
        assert await all_of(intake) == b"abc"
        assert intake.stop is StopReason.END


@pytest.mark.parametrize("why", [StopReason.WANTED, StopReason.SHUTDOWN])
async def test_a_hung_body_is_interrupted_within_the_grace(why: StopReason) -> None:
    async with PartIntake(stream(b"ab", 60), 5) as intake:
        intake.interrupt(why)
        started = seconds_now()
        assert await all_of(intake) == b"ab"
        assert intake.stop is why
        assert seconds_now() - started == pytest.approx(GRACE_SECONDS)


async def test_a_body_that_ends_within_the_grace_is_not_interrupted() -> None:
    async with PartIntake(stream(b"ab", 0.02, b"c"), 5) as intake:
        intake.interrupt(StopReason.WANTED)
        assert await all_of(intake) == b"abc"
        assert intake.stop is StopReason.END


async def test_taking_gives_up_after_the_time_that_is_allowed() -> None:
    async with PartIntake(stream(0.2, b"a"), 5) as intake:
        assert await intake.read(0.02) == []
        assert intake.stop is None
        assert await intake.read(None) == [b"a"]


@pytest.mark.parametrize("size", [1, 64 * 1024])
async def test_no_more_is_read_ahead_than_the_buffer_holds(size: int) -> None:
    read = 0

    async def long_body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(50_000):
            read += 1
            yield b"x" * size

    async with PartIntake(long_body(), 5) as intake:
        for _ in range(3):
            await asyncio.sleep(0.02)
            assert read <= BUFFER_PARTS
            assert read * size <= BUFFER_BYTES + size
            read = 0
            await intake.read(None)


async def test_what_the_source_fails_with_is_not_hidden() -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        async with PartIntake(stream(b"ab", RuntimeError("a bug")), 5) as intake:
            await all_of(intake)


async def test_a_body_is_empty_when_it_ends_without_a_byte() -> None:
    async with PartIntake(stream(), 5) as intake:
        assert await is_empty(intake)
    async with PartIntake(stream(0.01, b"a"), 5) as intake:
        assert not await is_empty(intake)


# ---------------------------------------------------------------------------------------------------------- in blocks


@dataclass
class Line:
    """Plays a connection that hands its body over."""

    content: bytes
    sent: int = 0
    is_paused: bool = False
    is_released: bool = False
    sink: Sink | None = None

    def attach(self, sink: Sink, length: int) -> Flow | None:
        assert length == len(self.content)
        self.sink = sink
        return self

    def pause(self) -> None:
        self.is_paused = True

    def resume(self) -> None:
        self.is_paused = False

    def release(self) -> None:
        self.is_released = True

    def send(self, size: int) -> None:
        """Send so many bytes, as far as they are wanted."""
        assert self.sink is not None
        while size and not self.is_paused and not self.is_released:
            buffer = self.sink.buffer()
            part = self.content[self.sent : self.sent + min(size, len(buffer))]
            assert part
            buffer[: len(part)] = part
            self.sent += len(part)
            size -= len(part)
            self.sink.filled(len(part), is_last=self.sent == len(self.content))


CONTENT = bytes(range(256)) * 12_000


@asynccontextmanager
async def blocks_of(line: Line, idle_seconds: float = 5) -> AsyncIterator[Intake]:
    async with open_intake(Body(len(line.content), stream(), line.attach), idle_seconds, MemoryPool()) as intake:
        assert isinstance(intake, BlockIntake)
        yield intake


async def test_blocks_change_places_and_nothing_is_lost_or_mixed() -> None:
    line, taken = Line(CONTENT), b""
    async with blocks_of(line) as intake:
        while len(taken) < len(CONTENT):
            line.send(300_000)
            (block,) = await intake.read(None)
            line.send(200_000)  # into another block, while this one is being written
            taken += bytes(block)
        assert intake.stop is StopReason.END
        assert await intake.read(None) == []
    assert taken == CONTENT
    assert line.is_released


async def test_no_more_is_read_than_three_blocks_hold() -> None:
    line = Line(CONTENT)
    async with blocks_of(line) as intake:
        for taken in range(1, 4):
            line.send(len(CONTENT))
            assert (line.sent, line.is_paused) == (taken * BLOCK_BYTES, True)
            (block,) = await intake.read(None)
            assert (len(block), line.is_paused) == (BLOCK_BYTES, False)
    assert MEMORY_BYTES == 3 * BLOCK_BYTES <= 2 * 2**20


async def test_what_was_taken_stays_as_it_is_until_the_call_after_the_next_one() -> None:
    line = Line(CONTENT)
    async with blocks_of(line) as intake:
        line.send(1000)
        (first,) = await intake.read(None)
        line.send(1000)
        (second,) = await intake.read(None)
        line.send(1000)
        assert (bytes(first), bytes(second)) == (CONTENT[:1000], CONTENT[1000:2000])


async def test_what_arrived_in_blocks_before_the_client_left_is_kept() -> None:
    line = Line(CONTENT)
    async with blocks_of(line) as intake:
        line.send(1000)
        assert line.sink is not None
        line.sink.left()
        assert b"".join(map(bytes, await intake.read(None))) == CONTENT[:1000]
        assert (await intake.read(None), intake.stop) == ([], StopReason.LEFT)


async def test_silence_ends_a_body_in_blocks_and_a_slow_disk_does_not() -> None:
    line = Line(CONTENT)
    async with blocks_of(line, 0.25) as intake:
        line.send(BLOCK_BYTES)  # now it is we who are slow
        await asyncio.sleep(0.4)
        assert intake.stop is None
        await intake.read(None)
        for _ in range(6):
            await asyncio.sleep(0.06)
            line.send(10)
        assert intake.stop is None
        await intake.read(None)
        assert await intake.read(None) == []
        assert intake.stop is StopReason.SILENT


@pytest.mark.parametrize(("why", "grace"), [(StopReason.WANTED, GRACE_SECONDS), (StopReason.LOST, 0)])
async def test_a_body_in_blocks_is_interrupted_within_the_grace(why: StopReason, grace: float) -> None:
    line = Line(CONTENT)
    async with blocks_of(line) as intake:
        line.send(1000)
        await intake.read(None)
        intake.interrupt(why)
        started = seconds_now()
        assert await intake.read(None) == []
        assert intake.stop is why
        assert seconds_now() - started == pytest.approx(grace)
    assert line.is_released


@pytest.mark.parametrize("length", [10, 64 * 1024])
async def test_small_bodies_and_connections_that_cannot_come_in_parts(length: int) -> None:
    def cannot(_sink: Sink, _length: int) -> None:
        assert length >= 64 * 1024

    async with open_intake(Body(length, stream(b"x" * length), cannot), 5, MemoryPool()) as intake:
        assert isinstance(intake, PartIntake)
        assert await all_of(intake) == b"x" * length


async def test_a_body_that_the_memory_holds_is_handed_over_whole_and_at_once() -> None:
    line = Line(CONTENT[:MEMORY_BYTES])
    async with blocks_of(line) as intake:
        reading = asyncio.create_task(intake.read(None))
        for _ in range(4):
            await asyncio.sleep(0)
            line.send(MEMORY_BYTES // 4)
        (whole,) = await reading
        assert (bytes(whole), intake.stop, line.is_paused) == (line.content, StopReason.END, False)
        assert await intake.read(None) == []


async def test_what_arrived_does_not_wait_for_the_rest_that_does_not_come() -> None:
    line = Line(CONTENT[: 2 * BLOCK_BYTES])
    async with blocks_of(line) as intake:
        taken = []
        for size in (1000, BLOCK_BYTES, BLOCK_BYTES - 1000):
            line.send(size)
            if size == 1000:
                await asyncio.sleep(2 * GATHER_SECONDS)  # nobody reads yet
            (part,) = await asyncio.wait_for(intake.read(None), 5)
            taken.append(part)
        assert list(map(len, taken)) == [1000, BLOCK_BYTES, BLOCK_BYTES - 1000]
        assert b"".join(taken) == line.content
        assert intake.stop is StopReason.END


async def test_memory_is_used_again_the_last_first() -> None:
    pool = MemoryPool()
    first, second = pool.acquire(), pool.acquire()
    pool.release(first)
    pool.release(second)
    assert pool.acquire() is second
    assert pool.acquire() is first
    assert pool.acquire() is not second


async def test_the_system_has_memory_back_that_nobody_used_for_a_while() -> None:
    pool = MemoryPool(spare_seconds=0.01)
    used, unused = pool.acquire(), pool.acquire()
    is_given_back = asyncio.Event()
    weakref.finalize(unused.obj, is_given_back.set)
    pool.release(unused)
    del unused
    await asyncio.wait_for(is_given_back.wait(), 10)
    assert bytes(used[:1]) == b"\0"


async def test_memory_that_is_taken_again_in_time_expires_no_other() -> None:
    errors = list[object]()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: errors.append(context))
    pool = MemoryPool(spare_seconds=0.01)
    memory, other = pool.acquire(), pool.acquire()
    pool.release(memory)
    assert pool.acquire() is memory
    pool.release(other)
    is_given_back = asyncio.Event()
    weakref.finalize(other.obj, is_given_back.set)
    del other
    await asyncio.wait_for(is_given_back.wait(), 10)
    await asyncio.sleep(0.02)  # longer than anything was kept
    assert errors == []


@pytest.mark.parametrize("length", [ARRIVED_BYTES, MEMORY_BYTES, MEMORY_BYTES + 1])
async def test_what_has_arrived_when_a_body_is_attached_finds_room(length: int) -> None:
    intake = BlockIntake(length, 5, MemoryPool().acquire())
    assert len(intake.buffer()) >= ARRIVED_BYTES
    intake.close()
