"""A harness of jobs: an outbox that records everything, one user, and short ways to rows."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.keys import Keys
from auth.signatures import Signer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, JobStatus, Role, SlicePhase, UploadStatus
from events.hub import Hub
from events.messages import Event
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, pause_job
from jobs.outbox import Outbox
from jobs.recording.files import NewFile
from jobs.recording.items import add_items, record_items
from jobs.recording.outcomes import NOTHING, record_failure, record_finish, record_plan
from jobs.scheduling.claims import Claim, claim_slices
from jobs.scheduling.slices import NewSlice
from jobs.upload_hooks import on_upload_completed, on_upload_progress, on_upload_removed
from models import Item, Job, JobEvent, Upload
from models import Slice as SliceRow
from models.ids import new_id
from models.listing import Listing, Page, Window
from models.paging import read_page, read_pages
from models.sql import fetch_rows
from processors.contract import ItemError, ItemResult, Kind
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.kinds import PLAIN
from uploads.rows import change_upload, upload_of
from uploads.wiring import Growth, UploadServices

FAR = datetime(2100, 1, 1, tzinfo=UTC)


async def page_of(listing: Listing, parent_id: str | None = None, **window: Any) -> Page:
    """Of the list; of a parent's, where each has one."""
    if parent_id is None:
        return await read_page(get_connection("default"), listing, Window(**window))
    (page,) = await read_pages(get_connection("default"), listing, [parent_id], Window(**window))
    return page


def viewer_of(user_id: str, role: Role = Role.USER) -> Viewer:
    return Viewer(user_id, role, "session-1754556928-12a41dbec0f3", FAR)


def completed(index: int, **values: Any) -> ItemResult:
    return ItemResult(index, ItemStatus.COMPLETED, orjson.dumps(values))


@dataclass
class JobHarness:
    """One user, one folder, and everything that was sent."""

    folder: Path
    hub: Hub = field(default_factory=Hub)
    viewer: Viewer = field(default_factory=lambda: viewer_of("user-1754556928-12a41dbec0f3"))
    events: list[Event] = field(default_factory=list)
    wake_ups: int = 0
    news: int = 0
    claims: int = 0
    kind: Kind = PLAIN

    async def publish(self, *events: Event) -> None:
        """As `Publisher`."""
        self.events.extend(events)
        for event in events:
            self.hub.deliver(event)

    async def wake_worker(self) -> None:
        """As `Queue`."""
        self.wake_ups += 1

    async def wake_dispatcher(self) -> None:
        """As the queue of deliveries."""
        self.news += 1

    @property
    def outbox(self) -> Outbox:
        return Outbox(self, self.wake_worker, self.wake_dispatcher)

    def upload_services(self) -> UploadServices:
        """What receives uploads here, tied to jobs as the server ties it."""
        return UploadServices(
            storage=LocalStorage(self.folder),
            signer=Signer(Keys("a secret of the tests, long enough")),
            publisher=self,
            base_url=lambda _: "http://test",
            on_progress=partial(on_upload_progress, outbox=self.outbox),
            on_completed=partial(on_upload_completed, outbox=self.outbox),
            on_gone=partial(on_upload_removed, outbox=self.outbox),
        )

    def statuses_told(self, job_id: str) -> list[str]:
        """The statuses that events told of a job, each once in a row."""
        told = [event.row["status"] for event in self.events if event.kind == "job" and event.row["id"] == job_id]
        return [status for place, status in enumerate(told) if place == 0 or told[place - 1] != status]

    async def add_upload(self, content: bytes = b"a b", name: str = "a.txt", **columns: Any) -> Upload:
        """A complete upload with its bytes, unless `columns` say otherwise."""
        id_ = new_id("upload")
        path = self.folder / upload_key(id_)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        values = {"status": UploadStatus.COMPLETED, "size_bytes": len(content), "offset_bytes": len(content), **columns}
        owner_id = values.pop("owner_id", self.viewer.user_id)
        return await Upload.create(id=id_, owner_id=owner_id, filename=name, content_type="text/plain", **values)

    async def complete(self, upload: Upload) -> None:
        """What the last byte of an upload does."""
        async with in_transaction() as db:
            columns = {"status": UploadStatus.COMPLETED, "offset_bytes": upload.size_bytes}
            row = await change_upload(db, upload.id, [UploadStatus.UPLOADING], **columns)
            assert row is not None
            growth = Growth(upload_of(row), upload_of(row).offset_bytes - upload.offset_bytes)
            after_commit = await on_upload_completed(db, growth, self.outbox)
        await after_commit()

    async def add_job(self, *uploads: Upload, viewer: Viewer | None = None, **columns: Any) -> Job:
        """A job over `uploads`, or over one small complete upload."""
        viewer = viewer or self.viewer
        given = uploads or (await self.add_upload(owner_id=viewer.user_id),)
        new = NewJob(self.kind.name, columns.pop("options", {}), [upload.id for upload in given], **columns)
        return await create_job(viewer, self.kind, new, self.outbox)

    async def claim(self, worker: str = "w") -> Claim:
        """The next slice; there must be one."""
        claim = await self.try_claim(worker)
        assert claim is not None
        return claim

    async def claim_run(self, most: int) -> Claim:
        """The next slice, and those after it; there must be one."""
        stages = {self.kind.name: self.kind.phases}
        self.claims += 1
        claim = await claim_slices(f"w#{self.claims}", stages, self.outbox, run_length=lambda _: most)
        assert claim is not None
        return claim

    async def try_claim(self, worker: str = "w") -> Claim | None:
        """As workers do: each claim has a mark of its own."""
        self.claims += 1
        return await claim_slices(f"{worker}#{self.claims}", {self.kind.name: self.kind.phases}, self.outbox)

    async def plan(self, *sizes: int) -> Job:
        """A new job, planned with slices of so many items each."""
        job = await self.add_job()
        await self.plan_claim(await self.claim(), *sizes)
        return await Job.get(id=job.id)

    async def plan_claim(self, claim: Claim, *sizes: int) -> None:
        assert claim.phase is SlicePhase.PLAN
        planned, first = [], 0
        for number, size in enumerate(sizes):
            planned.append(NewSlice(SlicePhase.PROCESS, number, first, size, {"number": number}))
            first += size
        await add_items(claim, 0, [f"Item {index}" for index in range(first)])
        await record_plan(claim, planned, NOTHING, self.kind, self.outbox)

    async def record(self, claim: Claim, *results: ItemResult, is_done: bool = True) -> None:
        await record_items(claim, results, [], self.kind, self.outbox, is_done=is_done)

    async def do_slice(self) -> Claim:
        """Claim a PROCESS slice and complete all its items."""
        claim = await self.claim()
        assert claim.phase is SlicePhase.PROCESS
        await self.record(
            claim, *map(completed, range(claim.first.first_index, claim.first.first_index + claim.first.item_count))
        )
        return claim

    async def finish(self, *files: NewFile) -> Claim:
        claim = await self.claim()
        assert claim.phase is SlicePhase.FINISH
        await record_finish(claim, files, self.outbox)
        return claim

    async def record_finish(self, claim: Claim, *files: NewFile) -> None:
        await record_finish(claim, files, self.outbox)

    async def fail(self, claim: Claim, code: ErrorCode = ErrorCode.CORRUPT_FILE, *, is_retryable: bool = True) -> None:
        await record_failure(claim, Refusal(code, "It cannot be read."), self.outbox, is_retryable=is_retryable)

    async def put_into(self, status: JobStatus) -> Job:
        """A new job in `status`, by the transitions that lead there."""
        match status:
            case JobStatus.UPLOADING:
                return await self.add_job(await self.add_upload(status=UploadStatus.UPLOADING, offset_bytes=0))
            case JobStatus.AWAITING_INPUT:
                return await self.add_job(auto_start=False)
            case JobStatus.PENDING:
                return await self.add_job()
            case JobStatus.CANCELLED:
                return await cancel_job(self.viewer, (await self.add_job()).id, self.outbox)
        job = await self.plan(2, 1)
        claim = await self.claim()
        match status:
            case JobStatus.CANCELLING:
                await cancel_job(self.viewer, job.id, self.outbox)
            case JobStatus.PAUSED:
                await pause_job(self.viewer, job.id, self.outbox)
            case JobStatus.FAILED:
                await self.fail(claim)
            case JobStatus.COMPLETED:
                await self.record(claim, completed(0), completed(1))
                await self.do_slice()
                await self.finish()
        return await Job.get(id=job.id)


def failed(index: int, **values: Any) -> ItemResult:
    return ItemResult(
        index, ItemStatus.FAILED, orjson.dumps(values), ItemError(ErrorCode.PROCESSING_FAILED, "No.", is_retryable=True)
    )


async def history(job_id: str) -> list[tuple[str, str | None]]:
    """The statuses and stages that a job went through."""
    return [(str(event.status), event.stage) for event in await JobEvent.filter(job_id=job_id).order_by("id")]


async def item_statuses(job_id: str) -> list[str]:
    return [str(item.status) for item in await Item.filter(job_id=job_id).order_by("index")]


async def check_counters(job_id: str) -> Job:
    """The job, once its counters are known to equal its rows."""
    job = await Job.get(id=job_id)
    statuses = await item_statuses(job_id)
    counted = [job.completed_items, job.failed_items, job.skipped_items]
    assert counted == [statuses.count(status) for status in ("COMPLETED", "FAILED", "SKIPPED")]
    slices = await SliceRow.filter(job_id=job_id, phase="PROCESS")
    assert job.completed_slices == sum(row.status == "DONE" for row in slices)
    return job


async def expire_leases() -> None:
    """Let 21 s of the database's clock pass."""
    await fetch_rows(get_connection("default"), "UPDATE slices SET lease_expires_at = lease_expires_at - 21")
