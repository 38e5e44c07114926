"""HTTP: the tus routes, and reading a finished upload back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.queries import require_viewer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, server_stops
from base.words import UploadStatus
from models.database import refusal_of_database
from models.fields import now
from models.upload import Upload
from serving.conditions import Validators
from serving.endpoints import answer_with_blob
from serving.names import content_disposition
from uploads import tus
from uploads.body import EXTENSION, IS_OPEN, Body, ClientLeft
from uploads.capability import ROUTE, end_of_reading, id_in_url, is_signed, split_segment, upload_path
from uploads.checksums import ALGORITHMS, parse_checksum
from uploads.finishing import ANSWER_TIMEOUT_SECONDS, check_not_being_finished, require_finished, wait_until_finished
from uploads.intake import PartIntake, is_empty
from uploads.lifecycle import NewUpload, claim_for_writing, create_concatenation, create_upload, delete_upload
from uploads.metadata import describe, parse_metadata
from uploads.queries import content_of, find_stored_upload, find_upload, upload_expired, upload_not_found
from uploads.receiving import Delivery, append_bytes, create_with_bytes
from uploads.wiring import UploadServices


class TusEndpoint:
    """All of `/files`: answers every method, and says on every answer, refusals included, which tus it speaks.

    Args:
        answer_error: The answer to what went wrong before there was one.
    """

    def __init__(
        self, services: UploadServices, answer_error: Callable[[Request, Exception], Awaitable[Response]]
    ) -> None:
        self._services = services
        self._answer_error = answer_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            response = await _answer(self._services, request)
        except Exception as error:  # noqa: BLE001  it is answered
            response = await self._answer_error(request, error)
        response.headers["Tus-Resumable"] = tus.VERSION
        if _method(request) == "HEAD":
            # tus 1.0.0, Core Protocol, HEAD: the answer must not be cached.
            response.headers["Cache-Control"] = "no-store"
            response.headers["Content-Length"] = "0"
            response.body = b""
        await response(scope, receive, send)


async def _answer(services: UploadServices, request: Request) -> Response:
    method = _method(request)
    answers = _OF_UPLOAD if _segment(request) else _OF_COLLECTION
    if method == "OPTIONS":
        return _describe_server(services)
    if method not in answers:
        allowed = ", ".join([*answers, "OPTIONS"])
        raise Refusal(ErrorCode.METHOD_NOT_ALLOWED, f"Here you can {allowed}.", headers={"Allow": allowed})
    if method != "GET":
        tus.check_version(request.headers)
    if method in _WRITES and services.locks.is_stopping:
        raise server_stops()
    return await answers[method](services, request)


def _describe_server(services: UploadServices) -> Response:
    """Source: tus 1.0.0, Core Protocol, OPTIONS."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(services.limits.max_size_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Allow": ", ".join(tus.METHODS),
    }
    return Response(headers=headers)


async def _create(services: UploadServices, request: Request) -> Response:
    """Source: tus 1.0.0, Creation, Creation With Upload and Concatenation."""
    viewer = _viewer(request)
    await services.check_creator(viewer)
    creation = tus.creation_of(request.headers, services.limits.max_size_bytes)
    metadata = request.headers.get("upload-metadata", "")
    new = NewUpload(viewer.user_id, describe(parse_metadata(metadata)), creation.length, metadata, creation.concat)
    checksum = parse_checksum(request.headers.get("upload-checksum"))
    body = await _body_of_creation(services, request)
    if creation.part_urls:
        if body.length != 0:
            raise tus.cannot_patch_final()
        upload = await create_concatenation(services, new, [id_in_url(url) for url in creation.part_urls])
        upload = await wait_until_finished(services, upload, ANSWER_TIMEOUT_SECONDS)
        return Response(status_code=201, headers=_headers_of_new(services, request, upload))
    if creation.length is not None and (body.length or 0) > creation.length:
        raise tus.too_long(0)
    headers = {}
    if body.length == 0 and checksum is None:
        upload = await create_upload(services, new)
    else:
        upload = await create_with_bytes(services, new, body, checksum)
        headers["Upload-Offset"] = str(upload.offset_bytes)
    return Response(status_code=201, headers=_headers_of_new(services, request, upload) | headers)


async def _tell_offset(services: UploadServices, request: Request) -> Response:
    """What cannot be told now is 423: after a 5xx tus-js-client would make a new upload and send all again."""
    try:
        return await _offset(services, request)
    except Exception as error:
        refusal = error if isinstance(error, Refusal) else refusal_of_database(error)
        if refusal is None or refusal.http_status < _SERVER_ERROR:
            raise
        raise Refusal(ErrorCode.LOCKED, refusal.message, retry_after=refusal.retry_after or 1) from error


async def _offset(services: UploadServices, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, HEAD; Concatenation (Upload-Concat in the answer)."""
    upload = await find_stored_upload(await _allowed_upload_id(services, request))
    if upload.status is UploadStatus.FINALISING:
        upload = await require_finished(services, upload)
    if upload.status is not UploadStatus.COMPLETED:
        if not _is_open(request)():
            raise ClientLeft
        await services.locks.await_release(upload.id)
        with services.locks.register(upload.id, _is_open(request)) as handle:
            async with services.locks.acquire(upload.id, handle):
                upload = await claim_for_writing(services, upload.id)
        upload = await require_finished(services, upload)
    headers = {"Upload-Offset": str(upload.offset_bytes), **_expiry(upload)}
    headers |= {"Upload-Defer-Length": "1"} if upload.size_bytes is None else {"Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    if upload.concat is not None:
        headers["Upload-Concat"] = upload.concat
    return Response(headers=headers)


async def _append(services: UploadServices, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, PATCH; Creation, Upload-Defer-Length; Checksum."""
    upload_id = await _allowed_upload_id(services, request)
    if not tus.has_content_type(request.headers):
        raise tus.wrong_type()
    delivery = Delivery(
        tus.offset_of(request.headers),
        _body(request),
        tus.number_of(request.headers, "Upload-Length"),
        parse_checksum(request.headers.get("upload-checksum")),
    )
    may_be_held = services.locks.may_be_held(upload_id)
    with services.locks.register(upload_id, _is_open(request)) as handle:
        if may_be_held:
            await check_not_being_finished(upload_id)
        async with services.locks.acquire(upload_id, handle):
            upload = await append_bytes(services, handle, await claim_for_writing(services, upload_id), delivery)
    upload = await wait_until_finished(services, upload, ANSWER_TIMEOUT_SECONDS)
    return Response(status_code=204, headers={"Upload-Offset": str(upload.offset_bytes), **_expiry(upload)})


async def _delete(services: UploadServices, request: Request) -> Response:
    """Source: tus 1.0.0, Termination."""
    upload_id = await _allowed_upload_id(services, request)
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    await delete_upload(services, upload_id, viewer.user_id if viewer is not None else None)
    return Response(status_code=204)


async def _read(services: UploadServices, request: Request) -> Response:
    upload = await find_stored_upload(await _allowed_upload_id(services, request, is_reading=True))
    upload = await wait_until_finished(services, upload)
    if upload.status is not UploadStatus.COMPLETED:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "This upload is not finished: there is nothing to read yet.")
    headers = {
        "Content-Type": upload.content_type,
        "Content-Disposition": content_disposition(upload.filename, upload.content_type),
        "Cache-Control": "private, no-cache",
    }
    content = await content_of(services.storage, upload)
    if not await run_sync(content.is_there):
        raise upload_expired()
    return await answer_with_blob(content, request, Validators(f'"{upload.sha256}"', upload.updated_at), headers)


_OF_COLLECTION = {"POST": _create}
_OF_UPLOAD = {"HEAD": _tell_offset, "PATCH": _append, "DELETE": _delete, "GET": _read}
_WRITES = {"POST", "PATCH", "DELETE"}
"""A HEAD is answered until the end."""
_SERVER_ERROR = 500


def _method(request: Request) -> str:
    return tus.effective_method(request.method, request.headers)


def _segment(request: Request) -> str:
    """What stands in the path after `/files/`: with or without that slash a preflight must not be redirected."""
    path: str = request.scope["path"]
    return path.removeprefix(ROUTE).removeprefix("/")


def _headers_of_new(services: UploadServices, request: Request, upload: Upload) -> dict[str, str]:
    base = services.base_url(request.scope)
    if services.has_relative_location:
        base = urlsplit(base).path  # the server may lie below one
    return {"Location": base + upload_path(services.signer, upload.id), **_expiry(upload)}


def _expiry(upload: Upload) -> dict[str, str]:
    """Source: tus 1.0.0, Expiration."""
    if upload.status is not UploadStatus.UPLOADING or upload.expires_at is None:
        return {}
    return {"Upload-Expires": tus.date_of(upload.expires_at)}


def _viewer(request: Request) -> Viewer:
    """The caller, as the middleware in front found out.

    Raises:
        Refusal: Why the token that was sent is no good; UNAUTHENTICATED where none was sent.
    """
    refusal: Refusal | None = getattr(request.state, "viewer_refusal", None)
    if refusal is not None:
        raise refusal
    return require_viewer(getattr(request.state, "viewer", None))


async def _allowed_upload_id(services: UploadServices, request: Request, *, is_reading: bool = False) -> str:
    """The id in the path, for who may touch it: by the signature in the path, or as its owner where none is there.

    Raises:
        Refusal: UPLOAD_NOT_FOUND for a wrong signature, an unknown and a foreign upload alike; RESULT_EXPIRED for a link
            that was for reading, and that has ended.
    """
    named = split_segment(_segment(request))
    if named is None:
        raise upload_not_found()
    upload_id, signature = named
    if signature is None:
        await find_upload(_viewer(request), upload_id)
    elif is_reading and (end := end_of_reading(services.signer, upload_id, signature)) is not None:
        if now().timestamp() >= end:
            message = "This link has ended: report on the task, or read it, for a fresh one."
            raise Refusal(ErrorCode.RESULT_EXPIRED, message)
    elif not is_signed(services.signer, upload_id, signature):
        raise upload_not_found()
    return upload_id


async def _body_of_creation(services: UploadServices, request: Request) -> Body:
    """The body of a POST: its type matters only if it has at least one byte."""
    body = _body(request)
    if body.length == 0 or tus.has_content_type(request.headers):
        return body
    if body.length is not None or "expect" in request.headers:
        raise tus.wrong_type()
    async with PartIntake(body.parts, services.limits.idle_seconds) as intake:
        if not await is_empty(intake):
            raise tus.wrong_type()
    return Body(0, body.parts)


def _body(request: Request) -> Body:
    length = tus.number_of(request.headers, "Content-Length")
    is_http_1 = request.scope.get("http_version", "1.1").startswith("1")
    if length is None and is_http_1 and "transfer-encoding" not in request.headers:
        # RFC 9112, section 6.3: without either header a request has no body.
        length = 0
    return Body(length, _parts(request), request.scope.get("extensions", {}).get(EXTENSION))


def _is_open(request: Request) -> Callable[[], bool]:
    is_open: Callable[[], bool] = request.scope.get("extensions", {}).get(IS_OPEN, lambda: True)
    return is_open


async def _parts(request: Request) -> AsyncIterator[bytes]:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        if part := message.get("body", b""):
            yield part
        if not message.get("more_body", False):
            return
