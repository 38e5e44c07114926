"""The parts of the table of rights: who calls, what there is to reach, and by which access path."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt

from auth.api_tokens import create_api_token
from base.errors import HTTP_STATUS, ErrorCode
from base.words import FileRole, ItemStatus, JobStatus, JobType, LogLevel, Role, UploadStatus
from models import ApiToken, File, Item, Job, JobUpload, LogEntry, User, Webhook
from models.fields import now
from models.ids import new_id
from results.links import bundle_path, file_path
from storage.keys import file_key
from tests.databases import read_tables
from tests.stored_paths import stored_path
from tests.web_app import SECRET, App, Person, Served, Wire, until
from uploads.capability import upload_path

CONFIDENTIAL = "confidential"
"""In every name that only the owner and admins may read."""
KEPT = ("uploads", "jobs", "job_uploads", "items", "files", "users", "webhooks", "webhook_deliveries")

OWNER, STRANGER, ANONYMOUS, WORKER, ADMIN, NOBODY = "owner", "stranger", "anonymous", "worker", "admin", "nobody"
API_TOKEN = "owner's API token"
GOOD = (OWNER, API_TOKEN, STRANGER, ANONYMOUS, WORKER, ADMIN)
MINE = frozenset({OWNER, API_TOKEN, ADMIN})
BAD: dict[str, ErrorCode] = {
    "expired": ErrorCode.TOKEN_EXPIRED,
    "of another key": ErrorCode.INVALID_TOKEN,
    "alg none": ErrorCode.INVALID_TOKEN,
    "refresh token": ErrorCode.INVALID_TOKEN,
    "session ended": ErrorCode.INVALID_TOKEN,
    "disabled": ErrorCode.INVALID_TOKEN,
    "revoked API token": ErrorCode.INVALID_TOKEN,
    "expired API token": ErrorCode.TOKEN_EXPIRED,
}
CALLERS = (*GOOD, NOBODY, *BAD)
OK, NOTHING = "ok", "nothing"
_RIGHTS = {
    ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED, ErrorCode.INVALID_TOKEN, ErrorCode.FORBIDDEN, ErrorCode.NOT_FOUND,
    *(code for code in ErrorCode if code.endswith("_NOT_FOUND")),
}  # fmt: skip
_FAULTS = {ErrorCode.INTERNAL_ERROR, ErrorCode.DATABASE_ERROR}


@dataclass
class World:
    """Everybody who may call, with a token each, and one of everything, which belongs to the owner.

    Attributes:
        user_ids: Of who calls with a good token.
    """

    app: App
    live: Served
    owner: Person
    tokens: dict[str, str]
    user_ids: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    async def furnish(self) -> None:
        """Make the owner's things anew: what a caller before did to them must not matter."""
        owner, signer = self.owner, self.app.services.request.signer
        upload = await self.app.upload(owner, name=f"{CONFIDENTIAL}.txt")
        half = {"status": UploadStatus.UPLOADING, "size_bytes": 3, "offset_bytes": 0}
        open_upload = await self.app.upload(owner, b"", name=f"{CONFIDENTIAL} open.txt", **half)
        waiting = await self.app.batch(owner, upload=upload, title=CONFIDENTIAL)
        done, task = await self._job(JobType.BATCH, "batch"), await self._job(JobType.TASK, "task")
        download = await self._job(JobType.DOWNLOAD, "download", options={"url": "https://example.org/"})
        await JobUpload.create(job_id=done.id, upload_id=upload.id, position=0)
        item = await Item.create(
            id=new_id("item"), job_id=done.id, index=0, name=CONFIDENTIAL, status=ItemStatus.COMPLETED
        )
        file = await self._file(done)
        await LogEntry.create(job_id=done.id, level=LogLevel.INFO, message=CONFIDENTIAL)
        token = await ApiToken.create(
            id=new_id("token"), user_id=owner.id, name=CONFIDENTIAL, token_hash=new_id("token")
        )
        webhook = await Webhook.create(
            id=new_id("webhook"),
            owner_id=owner.id,
            url=f"http://127.0.0.1:1/{CONFIDENTIAL}",
            events=[],
            secret="whsec_AAAA",
            after_event_id=0,
        )
        self.ids = {
            "upload": upload.id, "open": open_upload.id, "waiting": waiting, "batch": done.id, "task": task.id, "download": download.id,
            "item": item.id, "file": file.id, "user": owner.id, "token": token.id,
            "webhook": webhook.id,
        }  # fmt: skip
        self.paths = {
            "upload": f"/files/{upload.id}", "signed upload": upload_path(signer, upload.id),
            "open": f"/files/{open_upload.id}", "signed open": upload_path(signer, open_upload.id),
            "result": f"/results/{file.id}/a.csv", "signed result": file_path(signer, file.id, file.name, now()),
            "bundle": f"/bundles/{done.id}.zip", "signed bundle": bundle_path(signer, done.id, now()),
        }  # fmt: skip

    async def state(self) -> dict[str, list[dict[str, Any]]]:
        """What a refused caller leaves as it is."""
        return await read_tables(*KEPT)

    def header(self, caller: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[caller]}"} if caller in self.tokens else {}

    async def _job(self, type_: JobType, prefix: str, **columns: Any) -> Job:
        return await Job.create(
            id=new_id(prefix), type=type_, kind="counting", owner_id=self.owner.id, status=JobStatus.COMPLETED,
            title=CONFIDENTIAL, failed_items=1, finished_at=now(), **columns,
        )  # fmt: skip

    async def _file(self, job: Job) -> File:
        id_ = new_id("file")
        path = stored_path(self.app.services.request.storage, file_key(id_))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"a")
        return await File.create(
            id=id_, job_id=job.id, owner_id=self.owner.id, role=FileRole.RESULT, name=f"{CONFIDENTIAL}.csv",
            content_type="text/csv", size_bytes=1, sha256="0" * 64, storage_key=file_key(id_),
        )  # fmt: skip


async def make_world(app: App, live: Served) -> World:
    """A world with everybody in it, and one of everything."""
    owner, stranger = await app.person(), await app.person()
    worker, admin = await app.person(Role.WORKER), await app.person(Role.ADMIN)
    nameless = await User.create(id=new_id("user"), is_anonymous=True)
    late, ended = await app.sign_in(owner.user, age=timedelta(minutes=31)), await app.sign_in(owner.user)
    await app.ask("mutation { logout }", ended)
    disabled = await app.person(is_disabled=True)
    _, api_token = await create_api_token(owner.viewer, "a program", None)
    revoked, revoked_token = await create_api_token(owner.viewer, "another", None)
    over, over_token = await create_api_token(owner.viewer, "a third", None)
    await ApiToken.filter(id=revoked.id).update(revoked_at=now())
    await ApiToken.filter(id=over.id).update(expires_at=now() - timedelta(seconds=1))
    claims = jwt.decode(owner.token, options={"verify_signature": False})
    tokens = {
        OWNER: owner.token,
        API_TOKEN: api_token,
        STRANGER: stranger.token,
        ANONYMOUS: (await app.sign_in(nameless)).token,
        WORKER: worker.token,
        ADMIN: admin.token,
        "expired": late.token,
        "of another key": jwt.encode(claims, SECRET[::-1], algorithm="HS256"),
        "alg none": jwt.encode(claims, "", algorithm="none"),
        "refresh token": f"{owner.session_id}.{'x' * 43}",
        "session ended": ended.token,
        "disabled": disabled.token,
        "revoked API token": revoked_token,
        "expired API token": over_token,
    }
    user_ids = {
        OWNER: owner.id, API_TOKEN: owner.id, STRANGER: stranger.id, ANONYMOUS: nameless.id, WORKER: worker.id, ADMIN: admin.id,
    }  # fmt: skip
    world = World(app, live, owner, tokens, user_ids)
    await world.furnish()
    return world


Outcome = str | int
Ask = Callable[[World, str], Awaitable[Outcome]]
Hear = Callable[[World, str, Wire], Awaitable[Outcome]]


@dataclass(frozen=True)
class AccessPath:
    """One row: a way to a thing, who gets there, and what everybody else is told.

    Attributes:
        name: What is asked, as the table shows it.
        ask: Goes the way as a caller; answers OK, NOTHING or the code of the refusal.
        reach: The callers with a good token who get there.
        refused: What the others with a good token are told.
        nobody: What who sends no token is told.
        bad: What somebody with a bad token is told, where that is not why it is bad.
    """

    name: str
    ask: Ask
    reach: frozenset[str] = MINE
    refused: Outcome = NOTHING
    nobody: Outcome = ErrorCode.UNAUTHENTICATED
    bad: Outcome | None = None
    others: Mapping[str, Outcome] = field(default_factory=dict)

    def expected(self, caller: str) -> Outcome:
        if caller in self.others:
            return self.others[caller]
        if caller == NOBODY:
            return self.nobody
        if caller in BAD:
            return BAD[caller] if self.bad is None else self.bad
        return OK if caller in self.reach else self.refused


# ---------------------------------------------------------------------------------------------- ways to ask


def graphql(query: str, thing: str | None = None, **variables: Any) -> Ask:
    """Send `query` with the id of `thing` as `$id`; OK where the rights let it pass, whatever it is refused for then."""

    async def ask(world: World, caller: str) -> Outcome:
        given = {"id": world.ids[thing]} if thing else {}
        answer = await world.app.ask(query, None, world.header(caller), **given, **variables)
        return _outcome(answer.codes, answer.response.text)

    return ask


def shown(query: str, thing: str | None = None) -> Ask:
    """Send `query`; OK where the answer shows what is confidential, NOTHING where it has nothing to show."""

    async def ask(world: World, caller: str) -> Outcome:
        answer = await world.app.ask(query, None, world.header(caller), **({"id": world.ids[thing]} if thing else {}))
        outcome = _outcome(answer.codes, answer.response.text)
        return outcome if outcome != OK or CONFIDENTIAL in answer.response.text else NOTHING

    return ask


async def first_message(_world: World, _caller: str, wire: Wire) -> Outcome:
    message = await wire.receive()
    if message["type"] == "error":
        return _outcome([message["payload"][0]["extensions"]["code"]], str(message))
    assert CONFIDENTIAL in str(message), message
    return OK


async def list_until_an_own_job_changes(world: World, caller: str, wire: Wire) -> Outcome:
    """What is there comes before what changes: NOTHING where none of it is confidential."""
    if caller not in world.user_ids:
        return await first_message(world, caller, wire)
    await until(lambda: world.app.listeners == 1)
    own = await Job.create(
        id=new_id("task"), type=JobType.TASK, kind="counting", owner_id=world.user_ids[caller], status=JobStatus.PENDING
    )
    rename = 'mutation ($id: ID!) { updateJob(id: $id, input: {title: "changed last"}) { id } }'
    await world.app.ask(rename, None, world.header(ADMIN), id=own.id)
    shown = ""
    while "changed last" not in shown:
        shown += str(await wire.receive())
    await own.delete()
    return OK if CONFIDENTIAL in shown else NOTHING


def watched(query: str, thing: str | None = None, hear: Hear = first_message) -> Ask:
    """Subscribe over a socket of its own: what `hear` makes of the messages, 4403 where the socket is closed."""

    async def ask(world: World, caller: str) -> Outcome:
        await until(lambda: world.app.listeners == 0)
        async with await world.live.wire() as wire:
            await wire.send({"type": "connection_init", "payload": world.header(caller)})
            if caller in BAD:
                return await wire.close_code()
            assert await wire.receive() == {"type": "connection_ack"}
            await wire.subscribe(query, **({"id": world.ids[thing]} if thing else {}))
            return await hear(world, caller, wire)

    return ask


def bytes_of(method: str, path: str, **headers: str) -> Ask:
    """A request of a byte route; a HEAD is told apart by its status alone."""

    async def ask(world: World, caller: str) -> Outcome:
        given = {"Tus-Resumable": "1.0.0", **{name.replace("_", "-"): value for name, value in headers.items()}}
        content = b"abc" if method == "PATCH" else None
        url = world.paths.get(path, path)
        response = await world.app.http.request(method, url, headers={**given, **world.header(caller)}, content=content)
        if response.is_success:
            return OK
        if method == "HEAD":
            return response.status_code
        return _outcome([response.json()["error"]["code"]], response.text)

    return ask


def status_of(code: ErrorCode) -> int:
    return HTTP_STATUS[code]


def _outcome(codes: list[str], text: str) -> Outcome:
    refused = [ErrorCode(code) for code in codes]
    assert not _FAULTS.intersection(refused), text
    rights = [code for code in refused if code in _RIGHTS]
    if not rights:
        return OK
    assert CONFIDENTIAL not in text, text
    return rights[0]
