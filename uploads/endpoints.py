"""HTTP: the tus routes, and reading a finished upload back."""

from collections.abc import AsyncIterator
from functools import partial
from urllib.parse import urlsplit

from anyio.to_thread import run_sync
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, request_response
from starlette.types import Message, Receive, Scope, Send

from auth.queries import require_viewer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal, server_stops
from base.words import UploadStatus
from models.upload import Upload
from serving.conditions import Validators
from serving.endpoints import answer_with
from serving.names import content_disposition
from uploads import tus
from uploads.body import EXTENSION, Body, ClientLeft
from uploads.capability import ROUTE, id_in_url, is_signed, split_segment, upload_path
from uploads.checksums import ALGORITHMS, parse_checksum
from uploads.finishing import MOMENT_SECONDS, check_unfinished, finished, settled
from uploads.intake import PartIntake, is_empty
from uploads.lifecycle import NewUpload, create_concatenation, create_upload, delete_upload, take_up
from uploads.metadata import describe, parse_metadata
from uploads.queries import content_of, find_stored_upload, find_upload, upload_expired, upload_not_found
from uploads.receiver import Receiver
from uploads.receiving import Delivery, append_bytes, create_with_bytes


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
    if method in _WRITES and receiver.locks.is_stopping:
        raise server_stops()
    return await answers[method](receiver, request)


def _describe_server(receiver: Receiver) -> Response:
    """Source: tus 1.0.0, Core Protocol, OPTIONS."""
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Max-Size": str(receiver.limits.max_size_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Allow": ", ".join(tus.METHODS),
    }
    return Response(headers=headers)


async def _create(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Creation, Creation With Upload and Concatenation."""
    viewer = _viewer(request)
    await receiver.check_creator(viewer)
    creation = tus.creation_of(request.headers, receiver.limits.max_size_bytes)
    metadata = request.headers.get("upload-metadata", "")
    new = NewUpload(viewer.user_id, describe(parse_metadata(metadata)), creation.length, metadata, creation.concat)
    checksum = parse_checksum(request.headers.get("upload-checksum"))
    body = await _body_of_creation(receiver, request)
    if creation.part_urls:
        if body.length != 0:
            raise tus.cannot_patch_final()
        upload = await create_concatenation(receiver, new, [id_in_url(url) for url in creation.part_urls])
        upload = await settled(receiver, upload, MOMENT_SECONDS)
        return Response(status_code=201, headers=_headers_of_new(receiver, request, upload))
    if creation.length is not None and (body.length or 0) > creation.length:
        raise tus.too_long(0)
    headers = {}
    if body.length == 0 and checksum is None:
        upload = await create_upload(receiver, new)
    else:
        upload = await create_with_bytes(receiver, new, body, checksum)
        headers["Upload-Offset"] = str(upload.offset_bytes)
    return Response(status_code=201, headers=_headers_of_new(receiver, request, upload) | headers)


async def _tell_offset(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, HEAD; Concatenation (Upload-Concat in the answer)."""
    upload = await finished(receiver, await find_stored_upload(await _allowed_upload_id(receiver, request)))
    if upload.status is not UploadStatus.COMPLETED:
        async with receiver.locks.hold(upload.id):
            upload = await find_stored_upload(upload.id)
        upload = await finished(receiver, upload)
    headers = {"Upload-Offset": str(upload.offset_bytes), **_expiry(upload)}
    headers |= {"Upload-Defer-Length": "1"} if upload.size_bytes is None else {"Upload-Length": str(upload.size_bytes)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    if upload.concat is not None:
        headers["Upload-Concat"] = upload.concat
    return Response(headers=headers)


async def _append(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Core Protocol, PATCH; Creation, Upload-Defer-Length; Checksum."""
    upload_id = await _allowed_upload_id(receiver, request)
    if not tus.has_content_type(request.headers):
        raise tus.wrong_type()
    delivery = Delivery(
        tus.offset_of(request.headers),
        _body(request),
        tus.number_of(request.headers, "Upload-Length"),
        parse_checksum(request.headers.get("upload-checksum")),
    )
    if receiver.locks.may_be_held(upload_id):
        await check_unfinished(upload_id)
    async with receiver.locks.hold(upload_id) as hold:
        upload = await append_bytes(receiver, hold, await take_up(receiver, upload_id), delivery)
    upload = await settled(receiver, upload, MOMENT_SECONDS)
    return Response(status_code=204, headers={"Upload-Offset": str(upload.offset_bytes), **_expiry(upload)})


async def _delete(receiver: Receiver, request: Request) -> Response:
    """Source: tus 1.0.0, Termination."""
    upload_id = await _allowed_upload_id(receiver, request)
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    await delete_upload(receiver, upload_id, viewer.user_id if viewer is not None else None)
    return Response(status_code=204)


async def _read(receiver: Receiver, request: Request) -> Response:
    upload = await find_stored_upload(await _allowed_upload_id(receiver, request, is_reading=True))
    upload = await settled(receiver, upload)
    if upload.status is not UploadStatus.COMPLETED:
        raise Refusal(ErrorCode.UPLOAD_NOT_FOUND, "This upload is not finished: there is nothing to read yet.")
    headers = {
        "Content-Type": upload.content_type,
        "Content-Disposition": content_disposition(upload.filename, upload.content_type),
        "Cache-Control": "private, no-cache",
    }
    content = await content_of(receiver.storage, upload)
    if not await run_sync(content.is_there):
        raise upload_expired()
    return answer_with(content, request, Validators(f'"{upload.sha256}"', upload.updated_at), headers)


_OF_COLLECTION = {"POST": _create}
_OF_UPLOAD = {"HEAD": _tell_offset, "PATCH": _append, "DELETE": _delete, "GET": _read}
_WRITES = {"POST", "PATCH", "DELETE"}
"""A HEAD is answered until the end: to any refusal of it but a 423, tus-js-client makes a new upload and sends all again."""


def _method(request: Request) -> str:
    return tus.effective_method(request.method, request.headers)


def _headers_of_new(receiver: Receiver, request: Request, upload: Upload) -> dict[str, str]:
    base = receiver.base_url(request.scope)
    if receiver.has_relative_location:
        base = urlsplit(base).path  # the server may lie below one
    return {"Location": base + upload_path(receiver.signer, upload.id), **_expiry(upload)}


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


async def _allowed_upload_id(receiver: Receiver, request: Request, *, is_reading: bool = False) -> str:
    """The id in the path, for who may touch it: by the signature in the path, or as its owner where none is there.

    Raises:
        Refusal: UPLOAD_NOT_FOUND for a wrong signature, an unknown and a foreign upload alike.
    """
    named = split_segment(request.path_params["segment"])
    if named is None:
        raise upload_not_found()
    upload_id, signature = named
    if signature is None:
        await find_upload(_viewer(request), upload_id)
    elif not is_signed(receiver.signer, upload_id, signature, is_reading=is_reading):
        raise upload_not_found()
    return upload_id


async def _body_of_creation(receiver: Receiver, request: Request) -> Body:
    """The body of a POST: its type matters only if it has at least one byte."""
    body = _body(request)
    if body.length == 0 or tus.has_content_type(request.headers):
        return body
    if body.length is not None or "expect" in request.headers:
        raise tus.wrong_type()
    async with PartIntake(body.parts, receiver.limits.idle_seconds) as intake:
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


async def _parts(request: Request) -> AsyncIterator[bytes]:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        if part := message.get("body", b""):
            yield part
        if not message.get("more_body", False):
            return
