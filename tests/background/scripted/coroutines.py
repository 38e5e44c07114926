"""The processor of tests as coroutines, with acts of their own."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import aiohttp

from processors.contract import AssignedSlice, ItemResult, LogLevel, MadeFile, Planned, Source, Work
from tests.background.scripted.acts import ACTS, result
from tests.background.scripted.kind import script_of
from tests.background.scripted.processor import check_part, planned, reported

STEPS: list[str] = []
"""What coroutines tell the test, which runs in the same process."""
LEFT_BEHIND: list[asyncio.Task[None]] = []


class AsyncScripted:
    """As `Scripted`; yields `{"index": n, "pid": …, "text": …}` where the script has a server."""

    async def plan(self, work: Work, inputs: Sequence[Source]) -> AsyncIterator[Planned]:
        for one in planned(work, inputs):
            yield one
        await act(work, script_of(work).plan, 0)

    async def process(self, work: Work, part: AssignedSlice) -> AsyncIterator[ItemResult]:
        script = script_of(work)
        check_part(work, part)
        for index in part.indices:
            await asyncio.sleep(script.seconds)
            for item in await act(work, script.acts.get(index, "read" if script.url else "nothing"), index):
                yield item

    async def finish(self, work: Work, results: AsyncIterator[ItemResult]) -> AsyncIterator[MadeFile]:
        await act(work, script_of(work).finish, 0)
        for made in reported(work, [item async for item in results]):
            yield made


async def act(work: Work, name: str, index: int) -> list[ItemResult]:
    """Do the act of that name: one of coroutines where there is one, else one of both."""
    if name in ASYNC_ACTS:
        return await ASYNC_ACTS[name](work, index)
    return ACTS[name](work, index)


async def text_at(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


async def read(work: Work, index: int) -> list[ItemResult]:
    return [result(index, text=await text_at(f"{script_of(work).url}/{index}"))]


async def read_forever(work: Work, index: int) -> list[ItemResult]:
    """Wait for an answer that never comes."""
    return [result(index, text=await text_at(f"{script_of(work).url}/never/{index}"))]


async def clean_up_slowly(work: Work, index: int) -> list[ItemResult]:
    """Take a moment to end, and tell that it did."""
    try:
        return await read_forever(work, index)
    finally:
        await asyncio.sleep(0.2)
        STEPS.append("cleaned up")


async def ignore_cancelling(_work: Work, _index: int) -> list[ItemResult]:
    STEPS.append("begun")
    while True:
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            STEPS.append("ignored")
        STEPS.append("step")


async def cancel_itself(_work: Work, _index: int) -> list[ItemResult]:
    raise asyncio.CancelledError


async def hold_loop(_work: Work, index: int) -> list[ItemResult]:
    """Compute, or so, for half a second in one step."""
    time.sleep(0.5)
    return [result(index)]


async def tell_progress_often(work: Work, index: int) -> list[ItemResult]:
    """Half a second of progress, very often."""
    end = time.monotonic() + 0.5
    number = 0
    while time.monotonic() < end:
        number += 1
        work.progress(number)
        await asyncio.sleep(0)
    work.progress(-1)
    return [result(index)]


async def leave_task_behind(work: Work, index: int) -> list[ItemResult]:
    """Start a task that talks after the end of the call."""

    async def chatter() -> None:
        while True:
            STEPS.append("talked")
            work.log(LogLevel.INFO, "from another call")
            work.progress(1)
            await asyncio.sleep(0.001)

    LEFT_BEHIND.append(asyncio.create_task(chatter()))
    return [result(index)]


ASYNC_ACTS: dict[str, Callable[[Work, int], Awaitable[list[ItemResult]]]] = {
    act.__name__: act
    for act in (
        read, read_forever, clean_up_slowly, ignore_cancelling, cancel_itself, hold_loop, tell_progress_often,
        leave_task_behind,
    )
}  # fmt: skip
