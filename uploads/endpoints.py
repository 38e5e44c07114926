"""HTTP: the tus routes, and reading a finished upload back."""

from collections.abc import AsyncIterator
from functools import partial

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, request_response
from starlette.types import Message, Receive, Scope, Send

from auth.queries import require_viewer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from models.upload import Upload
from storage.keys import upload_key
from uploads import tus
from uploads.capability import ROUTE, is_signed, split_segment, upload_path
from uploads.intake import Body, ClientLeft, Intake
from uploads.lifecycle import append_bytes, create_upload, delete_upload, finish_if_all_stored
from uploads.metadata import describe, parse_metadata
from uploads.queries import find_stored_upload, find_upload, upload_not_found
from uploads.reading import is_known_range, is_safe_inline, names_etag, reading_headers
from uploads.receiver import Receiver


def upload_routes(receiver: Receiver) -> list[Route]:
    """The routes of `/files`, with and without a slash at the end: a preflight must not be redirected."""
    endpoint = TusEndpoint(receiver)
    return [Route(path, endpoint) for path in (ROUTE, f"{ROUTE}/", f"{ROUTE}/{{segment:path}}")]


class TusEndpoint:
    """Answers every method, and says on every answer, refusals included, which tus it speaks."""

    def __init__(self, receiver: Receiver) -> None:
        self._app = request_response(partial(_answer, receiver))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_head = _method(Request(scope)) == "HEAD"

        async def send_tus(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Tus-Resumable"] = tus.VERSION
                if is_head:
                    # tus 1.0.0, Core Protocol, HEAD: the answer must not be cached.
                    headers["Cache-Control"] = "no-store"
                    headers["Content-Length"] = "0"
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self._app(scope, receive, send_tus)


async def _answer(receiver: Receiver, request: Request) -> Response:
    method = _method(request)
    answers = _OF_UPLOAD if request.path_params.get("segment") else _OF_COLLECTION
    if method == "OPTIONS":
        return _describe_server(receiver)
    if method not in answers:
        allowed = ", ".join([*answers, "OPTIONS"])
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"Here you can {allowed}.", headers={"Allow": allowed})
    if method != "GET":
        tus.check_version(request.headers)
    return await answers[method](receiver, request)


def _describe_server(receiver: Receiver) -> Response:
    """Source: tus 1.0.0, Core Protocol, OPTIONS."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(receiver.max_size_bytes),
        "Allow": ", ".join(tus.METHODS),
    }
    return Response(headers=headers)


async def _create(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Creation and Creation With Upload."""
    viewer = _viewer(request)
    length = tus.length_of_new(request.headers, receiver.max_size_bytes)
    metadata = request.headers.get("upload-metadata", "")
    description = describe(parse_metadata(metadata))
    body = await _body_of_creation(receiver, request)
    if (body.length or 0) > length:
        raise tus.too_long(0)
    upload = await create_upload(receiver, viewer.user_id, description, length, metadata)
    headers = {"Location": receiver.base_url(request.scope) + upload_path(receiver.signer, upload.id)}
    if body.length != 0:
        async with receiver.locks.hold(upload.id) as hold:
            upload = await append_bytes(receiver, hold, upload, 0, body)
        headers["Upload-Offset"] = str(upload.offset_bytes)
    return Response(status_code=201, headers=headers)


async def _tell_offset(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, HEAD."""
    upload = await _allowed_upload(receiver, request)
    if upload.status is not UploadStatus.COMPLETED:
        async with receiver.locks.hold(upload.id):
            upload = await finish_if_all_stored(receiver, await find_stored_upload(upload.id))
    headers = {"Upload-Offset": str(upload.offset_bytes), "Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return Response(headers=headers)


async def _append(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, PATCH."""
    upload = await _allowed_upload(receiver, request)
    if not tus.has_content_type(request.headers):
        raise tus.wrong_type()
    offset = tus.offset_of(request.headers)
    async with receiver.locks.hold(upload.id) as hold:
        upload = await finish_if_all_stored(receiver, await find_stored_upload(upload.id))
        upload = await append_bytes(receiver, hold, upload, offset, _body(request))
    return Response(status_code=204, headers={"Upload-Offset": str(upload.offset_bytes)})


async def _delete(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Termination."""
    upload = await _allowed_upload(receiver, request)
    await delete_upload(receiver, upload.id)
    return Response(status_code=204)


async def _read(receiver: Receiver, request: Request) -> Response:
    """Source: RFC 9110, sections 13 (If-None-Match, If-Range) and 14 (Range); RFC 6266 (the name)."""
    upload = await _allowed_upload(receiver, request)
    if upload.status is not UploadStatus.COMPLETED:
        raise upload_not_found()
    headers = reading_headers(upload)
    if names_etag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if not is_known_range(request.headers.get("range", "")):
        # RFC 9110, section 14.2: a Range of another unit or form is to be ignored, not refused.
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    return _File(
        receiver.storage.path_of(upload_key(upload.id)),
        headers=headers,
        media_type=upload.content_type,
        filename=upload.filename,
        content_disposition_type="inline" if is_safe_inline(upload.content_type) else "attachment",
    )


class _File(FileResponse):
    chunk_size = 256 * 1024


_OF_COLLECTION = {"POST": _create}
_OF_UPLOAD = {"HEAD": _tell_offset, "PATCH": _append, "DELETE": _delete, "GET": _read}


def _method(request: Request) -> str:
    return tus.effective_method(request.method, request.headers)


def _viewer(request: Request) -> Viewer:
    """The caller, as the middleware in front found out.

    Raises:
        Refusal: Why the token that was sent is no good; UNAUTHENTICATED where none was sent.
    """
    refusal: Refusal | None = getattr(request.state, "viewer_refusal", None)
    if refusal is not None:
        raise refusal
    return require_viewer(getattr(request.state, "viewer", None))


async def _allowed_upload(receiver: Receiver, request: Request) -> Upload:
    """The upload of the path, for who may touch it: by the signature in the path, or as its owner where none is there.

    Raises:
        Refusal: UPLOAD_NOT_FOUND for a wrong signature, an unknown and a foreign upload alike; UPLOAD_EXPIRED.
    """
    named = split_segment(request.path_params["segment"])
    if named is None:
        raise upload_not_found()
    upload_id, signature = named
    if signature is None:
        await find_upload(_viewer(request), upload_id)
    elif not is_signed(receiver.signer, upload_id, signature):
        raise upload_not_found()
    return await find_stored_upload(upload_id)


async def _body_of_creation(receiver: Receiver, request: Request) -> Body:
    """The body of a POST: its type matters only if it has at least one byte."""
    body = _body(request)
    if body.length == 0 or tus.has_content_type(request.headers):
        return body
    if body.length is not None:
        raise tus.wrong_type()
    async with Intake(body.parts, receiver.idle_seconds) as intake:
        if not await intake.is_empty():
            raise tus.wrong_type()
    return Body(0, body.parts)


def _body(request: Request) -> Body:
    length = tus.number_of(request.headers, "Content-Length")
    is_http_1 = request.scope.get("http_version", "1.1").startswith("1")
    if length is None and is_http_1 and "transfer-encoding" not in request.headers:
        # RFC 9112, section 6.3: without either header a request has no body.
        length = 0
    return Body(length, _parts(request))


async def _parts(request: Request) -> AsyncIterator[bytes]:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        if part := message.get("body", b""):
            yield part
        if not message.get("more_body", False):
            return
