"""Nested fields in batches: one query per field and request, however many objects there are."""

from collections.abc import Sequence
from datetime import datetime

from strawberry.dataloader import DataLoader

from auth.queries import users_by_ids
from auth.viewer import Viewer
from jobs.external import leases_of
from jobs.inputs import Inputs, states_of_inputs
from jobs.positions import queue_positions
from jobs.queries import files_of_items, files_of_jobs, jobs_of_uploads, pages_of, totals_of
from jobs.retention import Use, ends_of_jobs, uses_of_uploads
from models import File, Job, User
from models.paging import Listing, Page, Window


class Loaders:
    """They gather keys and remember nothing: a subscription must not see what an earlier message saw."""

    def __init__(self) -> None:
        self.users: DataLoader[str, User | None] = DataLoader(load_fn=users_by_ids, cache=False)
        self.job_files: DataLoader[str, Sequence[File]] = DataLoader(load_fn=files_of_jobs, cache=False)
        self.item_files: DataLoader[str, Sequence[File]] = DataLoader(load_fn=files_of_items, cache=False)
        self.upload_jobs: DataLoader[str, Sequence[Job]] = DataLoader(load_fn=jobs_of_uploads, cache=False)
        self.upload_uses: DataLoader[str, Use] = DataLoader(load_fn=uses_of_uploads, cache=False)
        self.leases: DataLoader[tuple[Viewer, str], str | None] = DataLoader(load_fn=_leases, cache=False)
        self.inputs: DataLoader[str, Inputs] = DataLoader(load_fn=states_of_inputs, cache=False)
        self.queue_positions: DataLoader[str, int | None] = DataLoader(load_fn=queue_positions, cache=False)
        self.job_ends: DataLoader[str, datetime | None] = DataLoader(load_fn=ends_of_jobs, cache=False)
        self.pages: DataLoader[tuple[Listing, Window], Page] = DataLoader(load_fn=pages_of, cache=False)
        self.totals: DataLoader[Listing, int] = DataLoader(load_fn=totals_of, cache=False)


async def _leases(keys: list[tuple[Viewer, str]]) -> list[str | None]:
    """Of one viewer: loaders belong to a request."""
    return await leases_of(keys[0][0], [job_id for _, job_id in keys])
