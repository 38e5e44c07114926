"""What leaves after a commit: the new state for watchers, and permissions for workers and for who tells webhooks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from events.hub import Publisher
from events.messages import Event

Row = dict[str, Any]


async def _nobody() -> None:
    """There are no webhooks here."""


@dataclass(frozen=True)
class Outbox:
    """Where events and permissions go.

    Attributes:
        permit_work: Asks some worker to look for a waiting slice.
        permit_delivery: Asks some process to look for what webhooks are to be told.
    """

    publisher: Publisher
    permit_work: Callable[[], Awaitable[None]]
    permit_delivery: Callable[[], Awaitable[None]] = _nobody

    async def send(self, letters: "Letters") -> None:
        """Send everything, in the order in which it was written; call it after the commit."""
        if letters.events:
            await self.publisher.publish(*letters.events)
        if letters.has_work:
            await self.permit_work()
        if letters.has_news:
            await self.permit_delivery()


@dataclass
class Letters:
    """What one transaction will tell once it is committed."""

    events: list[Event] = field(default_factory=list)
    has_work: bool = False
    has_news: bool = False

    def job_changed(self, row: Row) -> None:
        """The job's new state."""
        self.events.append(Event("job", row))

    def stop_job(self, row: Row) -> None:
        """Workers stop what they do for this job."""
        self.events.append(Event("stop", {"id": row["id"]}))
