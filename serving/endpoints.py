"""HTTP: the answer with stored bytes, to whoever is known to have the right to them."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.types import Send

from serving.chunks import coalesce_chunks
from serving.conditions import Validators, is_unchanged, may_send_range
from serving.ranges import Multipart, Span, parse_range
from storage.ports import Blob, Content


async def answer_with_blob(blob: Blob, request: Request, validators: Validators, headers: dict[str, str]) -> Response:
    """As `answer_with`, or 307 to where the storage itself hands the blob out, whole or in part.

    Whoever has the bytes already is told so here; ranges are the storage's affair, which knows the blob by an ETag of its own.
    """
    if request.method == "GET" and not is_unchanged(request.headers, validators):
        url = await blob.signed_url(headers)
        if url is not None:
            return RedirectResponse(url, 307, {"Cache-Control": "private, no-store"})
    return answer_with(blob, request, validators, headers)


def answer_with(content: Content, request: Request, validators: Validators, headers: dict[str, str]) -> Response:
    """200, 206 or 304; `headers` name the type, how the bytes may be saved, and how long they may be kept.

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
        self._chunks = coalesce_chunks(chunks)
        super().__init__(self._chunks, status, headers)

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._chunks):
            await super().stream_response(send)
