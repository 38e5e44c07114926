"""A run: the slices of one claim, done one after the other."""

import time
from bisect import bisect_left
from dataclasses import replace

from jobs.outbox import Outbox
from jobs.scheduling.claims import Claim, ClaimedSlice
from jobs.scheduling.leases import release_run

LATE_SECONDS = 1.0
MARGIN_SECONDS = 0.25
"""So much earlier nothing more is begun: what was begun has been heard of when the rest is given back."""


class SliceRun:
    """The slices of `claim`; those that are not begun when it is late, after `late_seconds`, are for others again.

    `left` are the items that have no result, ascending; whoever has one takes it out. They are done in this order, so the
    slice of the first is in work, and those after it are not begun as far as is known.
    """

    def __init__(self, claim: Claim, left: list[int], outbox: Outbox, late_seconds: float = LATE_SECONDS) -> None:
        self._claim = claim
        self._left = left
        self._outbox = outbox
        self._late_at = time.monotonic() + late_seconds

    @property
    def begin_seconds(self) -> float:
        """For how long slices may still be begun; 0 or less where none but the next may."""
        return self._late_at - MARGIN_SECONDS - time.monotonic()

    def parts(self) -> list[tuple[ClaimedSlice, list[int]]]:
        """The slices that have items left, each with these."""
        found = []
        for part in self._claim.slices:
            first = bisect_left(self._left, part.first_index)
            if indices := self._left[first : bisect_left(self._left, part.first_index + part.item_count)]:
                found.append((part, indices))
        return found

    async def release_late(self) -> None:
        """Where it is late, give back what is not begun: results that come of it all the same are not wanted any more."""
        if not self._left or time.monotonic() < self._late_at:
            return
        slices = self._claim.slices
        rest = tuple(part for part in slices if part.first_index > self._left[0])
        if rest:
            del self._left[bisect_left(self._left, rest[0].first_index) :]
            await release_run(replace(self._claim, slices=rest), self._outbox)
            self._claim.slices = slices[: -len(rest)]
