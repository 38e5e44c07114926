"""The share of a download in its owner's quota: bytes of files that are not complete."""

import asyncio

from jobs.recording.transfers import reserve_bytes

STEP_BYTES = 8 * 2**20
"""So many bytes more than are needed are reserved, so that the database is seldom asked; but of a small quota a thousandth."""


class Share:
    """What the transfers of one call take together. Belongs to one event loop.

    Args:
        job_id: Of the download.
        limit_bytes: That its owner may keep; 0 = any number.
    """

    def __init__(self, job_id: str, limit_bytes: int) -> None:
        self._job_id = job_id
        self._limit_bytes = limit_bytes
        self._step_bytes = min(STEP_BYTES, limit_bytes // 1_000)
        self._taken: dict[int, int] = {}
        self._reserved = 0
        self._turn = asyncio.Lock()

    async def take(self, index: int, size_bytes: int) -> None:
        """File `index` takes so many bytes in all, come or still to come, from now on.

        Raises:
            Refusal: QUOTA_EXCEEDED: that is more than its owner may keep; it takes what it took before.
        """
        if not self._limit_bytes:
            return
        async with self._turn:
            needed = sum(self._taken.values()) - self._taken.get(index, 0) + size_bytes
            if needed > self._reserved:
                wanted = needed + self._step_bytes
                self._reserved = await reserve_bytes(self._job_id, needed, wanted, self._limit_bytes)
            self._taken[index] = size_bytes

    def release(self, index: int) -> None:
        """File `index` is not on its way any more."""
        self._taken.pop(index, None)
