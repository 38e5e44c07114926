"""HTTP: files and bundles by signed link, whole or in part."""

from datetime import datetime
from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from models.fields import now
from results.bundle import Bundle
from results.guides import CONTENT_TYPE, find_guide
from results.links import check_bundle_link, check_file_link, check_guide_link, result_expired
from results.names import bundle_name
from results.queries import contents_of_job, entries_of, find_file_to_serve, find_job_to_bundle
from results.wiring import ResultServices
from serving.conditions import Validators
from serving.endpoints import answer_with, answer_with_blob
from serving.names import clean_content_type, content_disposition
from storage.local.blob import LocalBlob


def result_routes(services: ResultServices) -> list[Route]:
    """GET and HEAD of results, bundles and guides; the link is all the right that is needed."""
    return [
        Route("/results/{file_id}/{name:path}", partial(_send_file, services), methods=["GET", "HEAD"]),
        Route("/bundles/{job_id}.zip", partial(_send_bundle, services), methods=["GET", "HEAD"]),
        Route("/guides/{name:path}", partial(_send_guide, services), methods=["GET", "HEAD"]),
    ]


async def _send_file(services: ResultServices, request: Request) -> Response:
    file_id, moment = request.path_params["file_id"], now()
    ends_at = check_file_link(services.signer, file_id, *_proof(request), moment)
    file = await find_file_to_serve(file_id, services.retention, moment)
    stored = services.storage.blob(file.storage_key, file.size_bytes)
    if not await run_sync(stored.is_there):
        raise result_expired()
    content_type = clean_content_type(file.content_type)
    headers = {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition(file.name, content_type),
        # The bytes of an id never change; the link's end is the end of the right to them.
        "Cache-Control": f"private, max-age={_seconds_until(ends_at, moment)}",
    }
    return await answer_with_blob(stored, request, Validators(f'"{file.sha256}"', file.created_at), headers)


async def _send_bundle(services: ResultServices, request: Request) -> Response:
    job_id, moment = request.path_params["job_id"], now()
    check_bundle_link(services.signer, job_id, *_proof(request), moment)
    job = await find_job_to_bundle(job_id, services.retention, moment)
    entries = await entries_of(await contents_of_job(job_id), services.storage)
    bundle = await run_sync(Bundle, entries, services.checksums)
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": content_disposition(bundle_name(job.title or job.kind, job.id), "application/zip"),
        # What lies in it can change: inputs are removed before results, and a job can be retried.
        "Cache-Control": "private, no-cache",
    }
    return answer_with(bundle, request, Validators(bundle.etag, job.finished_at or job.created_at), headers)


async def _send_guide(services: ResultServices, request: Request) -> Response:
    name = request.path_params["name"]
    check_guide_link(services.signer, name, *_proof(request), now())
    guide = await run_sync(find_guide, services.guides, name)
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Content-Disposition": content_disposition(guide.saved_name, CONTENT_TYPE),
        "Cache-Control": "private, no-cache",
    }
    stored = LocalBlob(guide.path, guide.size_bytes)
    return answer_with(stored, request, Validators(guide.etag, guide.changed_at), headers)


def _proof(request: Request) -> tuple[str, str]:
    return request.query_params.get("expires", ""), request.query_params.get("signature", "")


def _seconds_until(ends_at: int, moment: datetime) -> int:
    return max(0, ends_at - int(moment.timestamp()))
