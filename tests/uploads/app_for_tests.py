"""An app of this room alone, its client, and fakes."""

import asyncio
import base64
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send
from tortoise.backends.base.client import BaseDBAsyncClient

from auth.keys import Keys
from auth.signatures import Signer
from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.words import Role
from events.messages import Event
from models.upload import Upload
from storage.keys import upload_key
from storage.local.storage import LocalStorage
from tests.stored_paths import stored_path
from tests.wire import OFFSET_TYPE
from uploads.body import Body
from uploads.capability import upload_path
from uploads.checksums import ALGORITHMS, Checksum
from uploads.digests import DigestCache
from uploads.endpoints import TusEndpoint
from uploads.finishing import wait_until_finished
from uploads.lifecycle import NewUpload, claim_for_writing, create_concatenation, create_upload
from uploads.limits import Limits
from uploads.locks import LockHandle
from uploads.metadata import described
from uploads.receiving import Delivery, append_bytes
from uploads.wiring import AfterCommit, Growth, UploadServices

UNKNOWN = "upload-1754556928-12a41dbec0f3"
TUS = {"Tus-Resumable": "1.0.0"}
OWNER, STRANGER, ADMIN = "user-1754556928-00000000000a", "user-1754556928-00000000000b", "user-1754556928-00000000000c"


@dataclass
class Recorder:
    """Plays the part of jobs and of subscribers, and remembers what it was told."""

    moved: list[Upload] = field(default_factory=list)
    completed: list[Upload] = field(default_factory=list)
    gone: list[Upload] = field(default_factory=list)
    grown: Counter[str] = field(default_factory=Counter)
    after_commit: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    refusal: Exception | None = None

    async def on_progress(self, _connection: BaseDBAsyncClient, growth: Growth) -> AfterCommit:
        self.grown[growth.upload.id] += growth.new_bytes
        return self._note(self.moved, growth.upload)

    async def on_completed(self, _connection: BaseDBAsyncClient, growth: Growth) -> AfterCommit:
        self.grown[growth.upload.id] += growth.new_bytes
        return self._note(self.completed, growth.upload)

    async def on_gone(self, _connection: BaseDBAsyncClient, upload: Upload) -> AfterCommit:
        return self._note(self.gone, upload)

    async def publish(self, *events: Event) -> None:
        self.events.extend(events)

    @property
    def offsets(self) -> list[int]:
        """What subscribers were told, one after the other."""
        return [event.row["offset_bytes"] for event in self.events]

    async def until_told(self, offset: int) -> None:
        """Returns once subscribers know of so many bytes."""
        async with asyncio.timeout(20):
            while offset not in self.offsets:  # noqa: ASYNC110  there is nothing else to wait for
                await asyncio.sleep(0.005)

    def _note(self, calls: list[Upload], upload: Upload) -> AfterCommit:
        if self.refusal is not None:
            raise self.refusal
        calls.append(upload)

        async def tell() -> None:
            self.after_commit.append(upload.id)

        return tell


class ViewerFromHeader:
    """Stands for the middleware that reads tokens: `Bearer {user id}` is that user, `Bearer bad` is a bad token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
            state = scope.setdefault("state", {})
            state["viewer"] = viewer_named(token) if token.startswith("user-") else None
            if token == "bad":
                state["viewer_refusal"] = Refusal(ErrorCode.INVALID_TOKEN, "bad token")
        await self._app(scope, receive, send)


def viewer_named(user_id: str) -> Viewer:
    """A signed-in caller."""
    role = Role.ADMIN if user_id == ADMIN else Role.USER
    return Viewer(user_id, role, "session-1754556928-000000000001", datetime.now(UTC) + timedelta(minutes=30))


async def answer_refusal(_request: Request, error: Exception) -> Response:
    """Stands for the door of the byte routes."""
    if not isinstance(error, Refusal):
        raise error
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["Retry-After"] = str(int(error.retry_after))
    body = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(body, status_code=error.http_status, headers=headers)


def make_app(services: UploadServices, **options: Any) -> Starlette:
    """An app with the routes of this room alone."""
    return Starlette(
        routes=[Mount("/", TusEndpoint(services, answer_refusal))], middleware=[Middleware(ViewerFromHeader)], **options
    )


def make_services(data_dir: Path, recorder: Recorder, **changes: Any) -> UploadServices:
    """A services whose limits are small enough to be reached."""
    limits = {field.name: changes.pop(field.name) for field in fields(Limits) if field.name in changes}
    services = UploadServices(
        storage=LocalStorage(data_dir),
        signer=Signer(Keys("a secret of the tests, long enough")),
        publisher=recorder,
        base_url=lambda scope: f"{scope['scheme']}://{dict(scope['headers'])[b'host'].decode()}",
        on_progress=recorder.on_progress,
        on_completed=recorder.on_completed,
        on_gone=recorder.on_gone,
        limits=Limits(**{"max_size_bytes": 1024**3, "idle_seconds": 5, **limits}),
    )
    return replace(services, **changes)


def limited(services: UploadServices, **limits: Any) -> UploadServices:
    """The same services with other limits."""
    return replace(services, limits=replace(services.limits, **limits))


@dataclass
class Client:
    """A tus client that speaks to the app in process, signed in as the owner unless told otherwise."""

    http: httpx2.AsyncClient
    services: UploadServices

    async def send(self, method: str, url: str, *, owner: bool = False, **options: Any) -> httpx2.Response:
        headers = TUS | ({"Authorization": f"Bearer {OWNER}"} if owner else {}) | options.pop("headers", {})
        return await self.http.request(method, url, headers=headers, **options)

    async def create(self, length: int, **headers: str | bytes) -> str:
        """A new upload's URL."""
        answer = await self.send("POST", "/files/", owner=True, headers={"Upload-Length": str(length), **headers})
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    async def patch(self, url: str, offset: int | str, content: Any, **headers: str) -> httpx2.Response:
        return await self.send(
            "PATCH", url, content=content,
            headers={"Upload-Offset": str(offset), "Content-Type": OFFSET_TYPE, **headers},
        )  # fmt: skip

    async def offset(self, url: str) -> int:
        answer = await self.send("HEAD", url)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def stored(self, url: str) -> bytes | None:
        """The bytes on the disk."""
        path = stored_path(self.services.storage, upload_key(id_in(url)))
        return path.read_bytes() if path.exists() else None

    def url_of(self, upload_id: str) -> str:
        return upload_path(self.services.signer, upload_id)


async def chunked(*parts: bytes) -> AsyncIterator[bytes]:
    """A body without Content-Length."""
    for part in parts:
        yield part


async def unread() -> AsyncIterator[bytes]:
    """A body that must be refused before it is read."""
    pytest.fail("the body was read")
    yield b""


def id_in(url: str) -> str:
    """The upload's id in its URL."""
    return url.rpartition("/")[2].partition("~")[0]


async def row_of(url: str) -> Upload:
    return await Upload.get(id=id_in(url))


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


NAMED = described("leads.csv", "text/csv", "crm-7")


async def announced(
    services: UploadServices, size: int | None, concat: str | None = None, owner_id: str = OWNER
) -> Upload:
    """A new upload of this size."""
    return await create_upload(services, NewUpload(owner_id, NAMED, size, "", concat))


async def stream(*parts: bytes | float | Exception | Callable[[], object]) -> AsyncIterator[bytes]:
    """Bytes arrive, numbers are seconds of silence, exceptions are raised, functions are called."""
    for part in parts:
        match part:
            case bytes():
                yield part
            case Exception():
                raise part
            case float() | int():
                await asyncio.sleep(part)
            case _ if asyncio.iscoroutine(result := part()):
                await result


async def append(services: UploadServices, upload_id: str, offset: int, *parts: Any, **said: Any) -> Upload:
    """Send `parts`, see `stream`, as one request does; `said` are its length and its checksum."""
    async with services.locks.acquire(upload_id) as handle:
        return await append_under(
            services, handle, await claim_for_writing(services, upload_id), offset, *parts, **said
        )


async def append_under(
    services: UploadServices, handle: LockHandle, upload: Upload, offset: int, *parts: Any, **said: Any
) -> Upload:
    """As `append`, under a lock that the caller handles."""
    return await append_bytes(services, handle, upload, Delivery(offset, Body(None, stream(*parts)), **said))


async def stored_upload(services: UploadServices, content: bytes, concat: str | None = None) -> Upload:
    """A complete upload."""
    upload = await announced(services, len(content), concat)
    return await append(services, upload.id, 0, content) if content else upload


async def concatenated(services: UploadServices, *parts: bytes) -> Upload:
    """A complete concatenation of new parts."""
    ids = [(await stored_upload(services, part, "partial")).id for part in parts]
    final = await create_concatenation(services, NewUpload(OWNER, NAMED, None, "", f"final;{' '.join(ids)}"), ids)
    return await wait_until_finished(services, final, 5)


def restarted(services: UploadServices) -> UploadServices:
    """The services of a process that knows nothing but what is stored."""
    return replace(services, digests=DigestCache())


def path_of(services: UploadServices, upload: Upload) -> Path:
    """Where the bytes of an upload lie."""
    return stored_path(services.storage, upload_key(upload.id))


async def until_stored(services: UploadServices, upload_id: str, size_bytes: int) -> None:
    """Returns once so many bytes lie in the file of an upload, committed or not."""
    file = stored_path(services.storage, upload_key(upload_id))
    async with asyncio.timeout(20):
        while not file.exists() or len(file.read_bytes()) < size_bytes:  # noqa: ASYNC110  a file offers nothing to wait for
            await asyncio.sleep(0.005)


async def reread(upload: Upload) -> Upload:
    """The row as it is now."""
    return await Upload.get(id=upload.id)


async def all_done(services: UploadServices) -> None:
    """Returns once nothing is being finished."""
    while running := list(services.tasks._running.values()):
        await asyncio.wait(running)


def checksum_of(content: bytes, algorithm: str = "sha1") -> Checksum:
    running = ALGORITHMS[algorithm]()
    running.update(content)
    return Checksum(algorithm, running.digest())
