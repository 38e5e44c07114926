"""A part of Waybill's schema, answered from memory."""

from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import strawberry

from schema.types.connection import PageInfo
from schema.types.enums import JobStatus
from schema.types.scalars import BigInt


@strawberry.type
class User:
    """The owner of jobs."""

    id: strawberry.ID
    username: str | None


@strawberry.type
class Upload:
    """A file."""

    id: strawberry.ID
    filename: str
    size: BigInt | None
    sha256: str | None
    created_at: datetime


@strawberry.type
class UploadConnection:
    """The files of a job."""

    nodes: list[Upload]
    page_info: PageInfo


@strawberry.type
class File:
    """A result; there are none here."""

    id: strawberry.ID
    name: str


@strawberry.type
class Progress:
    """How far a job is."""

    percentage: float
    total_items: int | None
    processed_items: int
    failed_items: int


def _uploads(root: "Job", first: int | None = None, after: str | None = None) -> UploadConnection:  # noqa: ARG001
    nodes, page_info = _page(root.all_uploads, first)
    return UploadConnection(nodes=nodes, page_info=page_info)


@strawberry.interface
class Job:
    """What the kinds of jobs have in common."""

    all_uploads: strawberry.Private[list[Upload]]
    id: strawberry.ID
    kind: str
    title: str | None
    status: JobStatus
    status_message: str
    stage: str | None
    version: int
    is_active: bool
    progress: Progress
    owner: User
    uploads: UploadConnection = strawberry.field(resolver=_uploads)
    files: list[File]
    queue_position: int | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


@strawberry.type
class Batch(Job):
    """A job over many items."""


@strawberry.type
class BatchEdge:
    """A batch with its cursor."""

    cursor: str
    node: Batch


@strawberry.type
class BatchConnection:
    """A page of batches."""

    edges: list[BatchEdge]
    nodes: list[Batch]
    page_info: PageInfo
    total_count: int


@strawberry.type
class ServerInfo:
    """What the server is."""

    service: str
    version: str


_jobs: list[Batch] = []
_jobs_by_id: dict[str, Batch] = {}


def _batch(id: strawberry.ID) -> Batch | None:  # noqa: A002  the name in the schema
    return _jobs_by_id.get(id)


def _batches(first: int | None = None, after: str | None = None) -> BatchConnection:  # noqa: ARG001
    nodes, page_info = _page(_jobs, first)
    edges = [BatchEdge(cursor=node.id, node=node) for node in nodes]
    return BatchConnection(edges=edges, nodes=nodes, page_info=page_info, total_count=len(_jobs))


def _server_info() -> ServerInfo:
    return ServerInfo(service="peer", version="1.0.0")


@strawberry.type
class Query:
    """What can be asked."""

    batch: Batch | None = strawberry.field(resolver=_batch)
    batches: BatchConnection = strawberry.field(resolver=_batches)
    server_info: ServerInfo = strawberry.field(resolver=_server_info)


def _page(rows: list[Any], first: int | None) -> tuple[list[Any], PageInfo]:
    size = 50 if first is None else first
    nodes = rows[:size]
    ends = (nodes[0].id, nodes[-1].id) if nodes else (None, None)
    return nodes, PageInfo(
        has_next_page=len(rows) > size, has_previous_page=False, start_cursor=ends[0], end_cursor=ends[1]
    )


def read_jobs(file: Path) -> None:
    """Fill the memory with what Waybill has told of its batches."""
    for row in orjson.loads(file.read_bytes()):
        progress, owner, uploads = row["progress"], row["owner"], row["uploads"]["nodes"]
        job = Batch(
            all_uploads=[_upload(upload) for upload in uploads],
            id=row["id"],
            kind=row["kind"],
            title=row["title"],
            status=JobStatus[row["status"]],
            status_message=row["statusMessage"],
            stage=row["stage"],
            version=row["version"],
            is_active=row["isActive"],
            progress=Progress(
                percentage=progress["percentage"],
                total_items=progress["totalItems"],
                processed_items=progress["processedItems"],
                failed_items=progress["failedItems"],
            ),
            owner=User(**owner),
            files=[],
            queue_position=None,
            created_at=datetime.fromisoformat(row["createdAt"]),
            updated_at=datetime.fromisoformat(row["updatedAt"]),
            finished_at=row["finishedAt"] and datetime.fromisoformat(row["finishedAt"]),
        )
        _jobs.append(job)
        _jobs_by_id[job.id] = job


def _upload(row: dict[str, Any]) -> Upload:
    return Upload(
        id=row["id"],
        filename=row["filename"],
        size=BigInt(row["size"]),
        sha256=row["sha256"],
        created_at=datetime.fromisoformat(row["createdAt"]),
    )
