"""Outbox: events and wake-ups that leave after a commit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from events.hub import Publisher
from events.messages import Event
from models.sql import Row

UNSEEN = {
    "options": "{}", "search_text": "", "answered": None, "auto_start": True, "wait_count": 0, "queued_at": None,
    "expires_at": None, "reserved_bytes": 0, "summary": None,
}  # fmt: skip
"""Columns of a job that no subscriber sees, which events leave out, and what stands for them where an event is read."""


def job_changed_event(row: Row) -> Event:
    """The job's new state, as far as subscribers can see it."""
    return Event("job", {name: value for name, value in row.items() if name not in UNSEEN})


async def _nobody() -> None:
    """There are no webhooks here."""


@dataclass(frozen=True)
class Outbox:
    """Where events and wake-ups go.

    Attributes:
        wake_worker: Asks some worker to look for a waiting slice.
        wake_dispatcher: Asks some process to look for what webhooks are to be told.
    """

    publisher: Publisher
    wake_worker: Callable[[], Awaitable[None]]
    wake_dispatcher: Callable[[], Awaitable[None]] = _nobody

    async def send(self, messages: "OutboxMessages") -> None:
        """Send everything, in the order in which it was written; call it after the commit."""
        if messages.events:
            await self.publisher.publish(*messages.events)
        if messages.has_work:
            await self.wake_worker()
        if messages.has_deliveries:
            await self.wake_dispatcher()


@dataclass
class OutboxMessages:
    """What one transaction will tell once it is committed."""

    events: list[Event] = field(default_factory=list)
    has_work: bool = False
    has_deliveries: bool = False

    def job_changed(self, row: Row) -> None:
        """The job's new state."""
        self.events.append(job_changed_event(row))

    def stop_job(self, row: Row) -> None:
        """Workers stop what they do for this job."""
        self.events.append(Event("stop", {"id": row["id"]}))
