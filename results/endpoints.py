"""HTTP: files and bundles by signed link, whole or in part."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from auth.signatures import Signer
from models.fields import now
from results.bundle import Bundle
from results.checksums import Checksums
from results.conditions import Validators, is_unchanged, may_send_range
from results.links import check_bundle_link, check_file_link, result_expired
from results.names import bundle_name, content_disposition
from results.queries import contents_of_job, entries_of, find_file_to_serve, find_job_to_bundle
from results.ranges import Multipart, Span, parse_range
from results.reading import Content, StoredFile, gathered
from storage.local import LocalStorage
from uploads.metadata import clean_content_type


@dataclass(frozen=True)
class Shelf:
    """What handing out takes: where bytes lie, who signs links, and the checksums of what was bundled before."""

    storage: LocalStorage
    signer: Signer
    checksums: Checksums = field(default_factory=Checksums)


def result_routes(shelf: Shelf) -> list[Route]:
    """GET and HEAD of `/results/{id}/{name}` and `/bundles/{id}.zip`; the link is all the right that is needed."""
    return [
        Route("/results/{file_id}/{name:path}", partial(_send_file, shelf), methods=["GET", "HEAD"]),
        Route("/bundles/{job_id}.zip", partial(_send_bundle, shelf), methods=["GET", "HEAD"]),
    ]


async def _send_file(shelf: Shelf, request: Request) -> Response:
    file_id, moment = request.path_params["file_id"], now()
    ends_at = check_file_link(shelf.signer, file_id, *_proof(request), moment)
    file = await find_file_to_serve(file_id, moment)
    stored = StoredFile(shelf.storage.path_of(file.storage_key), file.size_bytes)
    if not await run_sync(stored.is_there):
        raise result_expired()
    content_type = clean_content_type(file.content_type)
    headers = {
        "Content-Type": content_type,
        "Content-Disposition": content_disposition(file.name, content_type),
        # The bytes of an id never change; the link's end is the end of the right to them.
        "Cache-Control": f"private, max-age={_seconds_until(ends_at, moment)}",
    }
    return _answer(request, stored, Validators(f'"{file.sha256}"', file.created_at), headers)


async def _send_bundle(shelf: Shelf, request: Request) -> Response:
    job_id = request.path_params["job_id"]
    check_bundle_link(shelf.signer, job_id, *_proof(request), now())
    job = await find_job_to_bundle(job_id)
    entries = await entries_of(await contents_of_job(job_id), shelf.storage)
    bundle = await run_sync(Bundle, entries, shelf.checksums)
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": content_disposition(bundle_name(job.title or job.kind, job.id), "application/zip"),
        # What lies in it can change: inputs are removed before results, and a job can be retried.
        "Cache-Control": "private, no-cache",
    }
    return _answer(request, bundle, Validators(bundle.etag, job.finished_at or job.created_at), headers)


def _proof(request: Request) -> tuple[str, str]:
    return request.query_params.get("expires", ""), request.query_params.get("signature", "")


def _seconds_until(ends_at: int, moment: datetime) -> int:
    return max(0, ends_at - int(moment.timestamp()))


def _answer(request: Request, content: Content, validators: Validators, headers: dict[str, str]) -> Response:
    """200, 206 or 304.

    Raises:
        HttpRefusal: Status 412 or 416.

    Source: RFC 9110, sections 13.2.2 (order) and 14.2 (HEAD has no ranges).
    """
    headers |= {
        "ETag": validators.etag,
        "Last-Modified": validators.last_modified,
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        # Whatever a browser is talked into showing runs no scripts, and not as a page of our origin.
        "Content-Security-Policy": "sandbox",
    }
    if is_unchanged(request.headers, validators):
        headers.pop("Content-Type")
        return Response(status_code=304, headers=headers)
    return _whole_or_part(
        content, _wanted_spans(request, content, validators), headers, is_head=request.method == "HEAD"
    )


def _wanted_spans(request: Request, content: Content, validators: Validators) -> list[Span]:
    if request.method == "GET" and "range" in request.headers and may_send_range(request.headers, validators):
        return parse_range(request.headers["range"], content.size)
    return []


def _whole_or_part(content: Content, spans: list[Span], headers: dict[str, str], *, is_head: bool) -> Response:
    if len(spans) > 1:
        return _multipart(content, spans, headers)
    span = spans[0] if spans else Span(0, content.size)
    headers["Content-Length"] = str(span.size)
    if spans:
        headers["Content-Range"] = span.content_range(content.size)
    if is_head:
        return Response(headers=headers)
    return _Stream(content.read(span.start, span.end), 206 if spans else 200, headers)


def _multipart(content: Content, spans: list[Span], headers: dict[str, str]) -> Response:
    parts = Multipart(spans, content.size, headers["Content-Type"], secrets.token_hex(16))
    headers |= {"Content-Type": parts.media_type, "Content-Length": str(parts.size)}
    return _Stream(_chunks_of(parts, content), 206, headers)


async def _chunks_of(parts: Multipart, content: Content) -> AsyncGenerator[bytes, None]:
    for span in parts.spans:
        yield parts.header(span)
        async with aclosing(content.read(span.start, span.end)) as chunks:
            async for chunk in chunks:
                yield chunk
    yield parts.end


class _Stream(StreamingResponse):
    """Lets go of files at once when the client leaves, instead of when memory is next tidied up."""

    def __init__(self, chunks: AsyncGenerator[bytes, None], status: int, headers: dict[str, str]) -> None:
        self._chunks = gathered(chunks)
        super().__init__(self._chunks, status, headers)

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().stream_response(send)
