"""Finished jobs with files, and a client with links."""

import hashlib
import io
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from base.errors import Refusal
from base.words import FileRole, ItemStatus, JobStatus, JobType, UploadStatus
from models import File, Item, Job, JobUpload, Upload
from models.fields import now
from models.ids import new_id
from results.endpoints import result_routes
from results.links import bundle_path, file_path
from results.wiring import ResultServices
from storage.keys import file_key, upload_key
from tests.stored_paths import stored_path

OWNER = "user-1754556928-00000000000a"
MADE_AT = datetime(2025, 8, 7, 9, 35, 28, 500_000, UTC)
LAST_MODIFIED = "Thu, 07 Aug 2025 09:35:28 GMT"
TEN = b"0123456789"


@dataclass
class ResultHarness:
    """Asks for what is handed out."""

    services: ResultServices
    http: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        app = Starlette(routes=result_routes(self.services), exception_handlers={Refusal: answer_refusal})
        self.http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")

    async def read(self, what: File | Job, method: str = "GET", **headers: str) -> httpx2.Response:
        """Follow the link; `If_Range="…"` is sent as If-Range."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(method, self.link(what), headers=named)

    def link(self, what: File | Job, moment: datetime | None = None) -> str:
        signer, at = self.services.signer, moment or now()
        if isinstance(what, File):
            return file_path(signer, what.id, what.name, at)
        return bundle_path(signer, what.id, at)

    async def job(self, status: JobStatus = JobStatus.COMPLETED, **columns: Any) -> Job:
        values: dict[str, Any] = {
            "id": new_id("batch"), "type": JobType.BATCH, "kind": "leads", "owner_id": OWNER, "status": status,
            "created_at": MADE_AT, "finished_at": MADE_AT,
        }  # fmt: skip
        return await Job.create(**values | columns)

    async def file(self, content: bytes = TEN, *, job: Job | None = None, **columns: Any) -> File:
        id_ = new_id("file")
        path = stored_path(self.services.storage, file_key(id_))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        values: dict[str, Any] = {
            "id": id_, "job_id": (job or await self.job()).id, "owner_id": OWNER, "role": FileRole.RESULT,
            "name": "leads.csv", "content_type": "text/csv", "size_bytes": len(content), "sha256": sha256(content),
            "storage_key": file_key(id_), "created_at": MADE_AT,
        }  # fmt: skip
        return await File.create(**values | columns)

    async def item(self, job: Job, index: int) -> Item:
        return await Item.create(
            id=new_id("item"), job_id=job.id, index=index, name=f"sheet {index}", status=ItemStatus.COMPLETED
        )

    async def upload(self, job: Job, content: bytes, filename: str, **columns: Any) -> Upload:
        id_ = new_id("upload")
        path = stored_path(self.services.storage, upload_key(id_))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        values: dict[str, Any] = {
            "id": id_, "owner_id": OWNER, "status": UploadStatus.COMPLETED, "filename": filename,
            "content_type": "text/plain", "size_bytes": len(content), "offset_bytes": len(content),
            "sha256": sha256(content), "created_at": MADE_AT,
        }  # fmt: skip
        await JobUpload.create(job_id=job.id, upload_id=id_, position=await JobUpload.filter(job_id=job.id).count())
        return await Upload.create(**values | columns)


async def answer_refusal(_request: Request, error: Exception) -> Response:
    """Stands for the door of the byte routes."""
    assert isinstance(error, Refusal)
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.http_status, headers=error.headers)


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def names_in(answer: httpx2.Response) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


async def full_job(result_harness: ResultHarness) -> Job:
    """Two inputs, two results, a report, something for itself, and a file for each of two items."""
    job = await result_harness.job(title="Mai/Juni")
    await result_harness.upload(job, b"first", "leads.csv")
    await result_harness.upload(job, b"second", "leads.csv")
    await result_harness.file(b"results", job=job, name="leads.csv", created_at=now())
    await result_harness.file(b"report", job=job, name="report.json", role=FileRole.REPORT, created_at=now())
    await result_harness.file(b"inside", job=job, name="spool.bin", role=FileRole.INTERMEDIATE)
    for index in (1, 0):
        item = await result_harness.item(job, index)
        await result_harness.file(f"sheet {index}".encode(), job=job, name="sheet.png", item_id=item.id)
    return job
