"""The reconciler of events: redelivers what watchers may have missed.

A change is committed first and published then. Whoever changed it may have died in between, or Redis was away: what is
published can be lost, what is committed cannot. Every server that hears Redis looks at what was committed lately, and its
mailboxes drop what they have delivered before.
"""

import asyncio
from collections import deque
from typing import Final

from base.logging import log_for
from events.hub import Hub
from events.messages import Event, watched_uploads
from jobs.outbox import job_changed_event
from jobs.snapshots import newest_change_id, rows_changed_after
from uploads.queries import upload_rows

log = log_for(__name__)

RECONCILE_SECONDS = 5.0
OVERLAP: Final = 3
"""Looks that one change is looked at: its number may be given up to two looks before its transaction ends."""
MAX_CHANGES = 2_000


class EventReconciler:
    """One server's looks at the changes of jobs, and at the uploads that are watched here.

    Args:
        hub: Where those who watch here listen.
        every_seconds: From the end of one look to the next.
        max_changes: Jobs that are redelivered in one look; where more have changed, every watcher reads its own state anew.
    """

    def __init__(self, hub: Hub, every_seconds: float = RECONCILE_SECONDS, max_changes: int = MAX_CHANGES) -> None:
        self._hub = hub
        self._every_seconds = every_seconds
        self._max_changes = max_changes
        self._newest: deque[int] = deque(maxlen=OVERLAP)

    async def run(self) -> None:
        """Look again and again until cancelled; a look that fails is made good by the next."""
        while True:
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001  the database is away: whoever needs it says so
                log.warning("could not look for changes that were not published", reason=type(error).__name__)
            await asyncio.sleep(self._every_seconds)

    async def look(self) -> None:
        """Hand what has changed lately to those here who watch it and do not know it yet."""
        newest = await newest_change_id()
        if self._newest and self._newest[0] < newest and self._hub.listener_count:
            await self._redeliver_jobs(self._newest[0])
        self._newest.append(newest)
        for row in await upload_rows(watched_uploads(self._hub.topics)):
            self._hub.redeliver(Event("upload", row))

    async def _redeliver_jobs(self, change_id: int) -> None:
        rows = await rows_changed_after(change_id, self._max_changes + 1)
        if len(rows) > self._max_changes:
            self._hub.deliver_loss()
            return
        for row in rows:
            self._hub.redeliver(job_changed_event(row))
