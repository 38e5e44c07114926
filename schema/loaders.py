"""Nested fields in batches: one query per field and request, however many objects there are."""

from collections.abc import Sequence

from strawberry.dataloader import DataLoader

from auth.queries import users_by_ids
from jobs.inputs import have_inputs
from jobs.queries import files_of_items, files_of_jobs, jobs_of_uploads, queue_positions
from jobs.retention import Use, uses_of_uploads
from models import File, Job, User


class Loaders:
    """They gather keys and remember nothing: a subscription must not see what an earlier message saw."""

    def __init__(self) -> None:
        self.users: DataLoader[str, User | None] = DataLoader(load_fn=users_by_ids, cache=False)
        self.job_files: DataLoader[str, Sequence[File]] = DataLoader(load_fn=files_of_jobs, cache=False)
        self.item_files: DataLoader[str, Sequence[File]] = DataLoader(load_fn=files_of_items, cache=False)
        self.upload_jobs: DataLoader[str, Sequence[Job]] = DataLoader(load_fn=jobs_of_uploads, cache=False)
        self.upload_uses: DataLoader[str, Use] = DataLoader(load_fn=uses_of_uploads, cache=False)
        self.has_inputs: DataLoader[str, bool] = DataLoader(load_fn=have_inputs, cache=False)
        self.queue_positions: DataLoader[str, int | None] = DataLoader(load_fn=queue_positions, cache=False)
