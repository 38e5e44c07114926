"""Events with as little in them as the room looks at."""

import asyncio
from typing import Any

import pytest

from events.mailbox import Mailbox, StateLost
from events.messages import Event

JOB, OTHER = "batch-1754556928-00000000000a", "batch-1754556928-00000000000b"
OWNER = "user-1754556928-00000000000a"


def job_event(version: int, status: str = "PROCESSING", job_id: str = JOB, **columns: Any) -> Event:
    """The job's new state; `percentage` is its version, so that progress can be told apart."""
    row = {"id": job_id, "owner_id": OWNER, "version": version, "status": status, "percentage": version}
    return Event("job", row | columns)


def line_event(number: int, job_id: str = JOB) -> Event:
    return Event("log", {"id": number, "job_id": job_id, "owner_id": OWNER, "message": f"line {number}"})


async def next_of(mailbox: Mailbox, seconds: float = 20) -> Event:
    async with asyncio.timeout(seconds):
        return await mailbox.get()


async def versions_now(mailbox: Mailbox) -> list[int]:
    """Versions of the events that are due without waiting."""
    versions = []
    while (event := await event_now(mailbox)) is not None:
        versions.append(event.version)
    return versions


async def event_now(mailbox: Mailbox) -> Event | None:
    """The event that is due without waiting, if any."""
    task = asyncio.create_task(mailbox.get())
    for _ in range(3):
        await asyncio.sleep(0)
    if task.done():
        return task.result()
    task.cancel()
    await asyncio.wait([task])
    return None


async def is_told_of_loss(mailbox: Mailbox, seconds: float = 20) -> None:
    with pytest.raises(StateLost):
        await next_of(mailbox, seconds)
