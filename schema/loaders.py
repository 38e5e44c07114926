"""Nested fields in batches: one query per field and request, however many objects there are."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from strawberry.dataloader import DataLoader

from auth.queries import users_by_ids
from auth.viewer import Viewer
from jobs.external import leases_of
from jobs.inputs import Inputs, states_of_inputs
from jobs.live import steadily
from jobs.positions import queue_positions
from jobs.queries import files_of_items, files_of_jobs, jobs_of_uploads, pages_of, totals_of
from jobs.retention import Use, ends_of_jobs, uses_of_uploads
from models import File, Job, User
from models.paging import Listing, Page, Window

K = TypeVar("K")
V = TypeVar("V")


class Loaders:
    """They gather keys and remember nothing: a subscription must not see what an earlier message saw.

    They wait for a database that is away: the last message of a subscription would lack its files for good.
    """

    def __init__(self) -> None:
        self.users: DataLoader[str, User | None] = _steady(users_by_ids)
        self.job_files: DataLoader[str, Sequence[File]] = _steady(files_of_jobs)
        self.item_files: DataLoader[str, Sequence[File]] = _steady(files_of_items)
        self.upload_jobs: DataLoader[str, Sequence[Job]] = _steady(jobs_of_uploads)
        self.upload_uses: DataLoader[str, Use] = _steady(uses_of_uploads)
        self.leases: DataLoader[tuple[Viewer, str], str | None] = _steady(_leases)
        self.inputs: DataLoader[str, Inputs] = _steady(states_of_inputs)
        self.queue_positions: DataLoader[str, int | None] = _steady(queue_positions)
        self.job_ends: DataLoader[str, datetime | None] = _steady(ends_of_jobs)
        self.pages: DataLoader[tuple[Listing, Window], Page] = _steady(pages_of)
        self.totals: DataLoader[Listing, int] = _steady(totals_of)


def _steady(load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> DataLoader[K, V]:
    async def load_steadily(keys: list[K]) -> Sequence[V | BaseException]:
        return await steadily(load, keys)

    return DataLoader(load_fn=load_steadily, cache=False)


async def _leases(keys: list[tuple[Viewer, str]]) -> list[str | None]:
    """Of one viewer: loaders belong to a request."""
    return await leases_of(keys[0][0], [job_id for _, job_id in keys])
