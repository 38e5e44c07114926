"""The whole application in the test's process, with its callers."""

import asyncio
import itertools
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from app.roles import server_role
from app.services import Services, opened_server
from auth.keys import Keys
from auth.tokens import issue_access_token
from auth.viewer import Viewer
from base.settings import Settings
from base.words import Role, UploadStatus
from models import Session, Upload, User
from models.database import sqlite_path
from models.fields import now
from models.ids import new_id
from processors.registry import references
from schema.build import Schema, build_schema
from storage.keys import upload_key
from tests.stored_paths import stored_path
from web.bounds import Bounds
from web.connection import HttpConnection
from web.frames import FrameConnection

SECRET = "a secret of the tests, long enough for everybody"
JSON, RESPONSE_JSON = "application/json", "application/graphql-response+json"


@dataclass
class Person:
    """Somebody who is signed in."""

    user: User
    session_id: str
    token: str

    @property
    def id(self) -> str:
        return self.user.id

    @property
    def header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.user.id, self.user.role, self.session_id, now() + timedelta(minutes=30))


@dataclass
class Answer:
    """What GraphQL answered."""

    response: httpx2.Response
    data: dict[str, Any] | None
    errors: list[dict[str, Any]]

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.errors]

    @property
    def code(self) -> str:
        """The code of the only error."""
        assert len(self.errors) == 1, self.errors
        return str(self.codes[0])

    @property
    def field(self) -> str | None:
        value: str | None = self.errors[0]["extensions"].get("field")
        return value


@dataclass
class App:
    """The application, a client of it without a network, and ways to people and things."""

    services: Services
    asgi: ASGIApp
    http: httpx2.AsyncClient
    names: Iterator[int] = field(default_factory=itertools.count)

    @property
    def listeners(self) -> int:
        return self.services.request.hub.listener_count

    async def person(self, role: Role = Role.USER, **columns: Any) -> Person:
        """A new user with an open session; they have no password."""
        columns = {"username": f"person {next(self.names)}"} | columns
        user = await User.create(id=new_id("user"), role=role, **columns)
        return await self.sign_in(user)

    async def sign_in(self, user: User, *, age: timedelta = timedelta()) -> Person:
        """Another session of `user`, whose access token was issued `age` ago."""
        moment = now() - age
        session = await Session.create(
            id=new_id("session"), user_id=user.id, current_hash="0" * 64, expires_at=now() + timedelta(days=30)
        )
        token, _ = issue_access_token(Keys(SECRET), user.id, session.id, moment)
        return Person(user, session.id, token)

    async def ask(
        self, query: str, who: Person | str | None = None, /, headers: dict[str, str] | None = None, **variables: Any
    ) -> Answer:
        """Send an operation as Apollo Client does."""
        token = {"Authorization": f"Bearer {who}"} if isinstance(who, str) else who.header if who else {}
        accept = {"Accept": f"{RESPONSE_JSON},{JSON};q=0.9"}
        body = {"query": query, "variables": variables}
        return read(await self.http.post("/graphql", json=body, headers={**accept, **token, **(headers or {})}))

    async def data(self, query: str, who: Person | None = None, /, **variables: Any) -> dict[str, Any]:
        """The data of an operation that must not fail."""
        answer = await self.ask(query, who, **variables)
        assert answer.errors == []
        assert answer.data is not None
        return answer.data

    async def upload(self, owner: Person, content: bytes = b"a b", name: str = "a.txt", **columns: Any) -> Upload:
        """A complete upload with its bytes, unless `columns` say otherwise."""
        id_ = new_id("upload")
        path = stored_path(self.services.request.storage, upload_key(id_))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        values = {"status": UploadStatus.COMPLETED, "size_bytes": len(content), "offset_bytes": len(content), **columns}
        return await Upload.create(id=id_, owner_id=owner.id, filename=name, content_type="text/plain", **values)

    async def batch(self, owner: Person, *, upload: Upload | None = None, **values: Any) -> str:
        """The id of a new batch of kind `counting` over `upload`, or over a small complete one."""
        given = upload or await self.upload(owner)
        new = {"work": {"custom": {"kind": "counting"}}, "uploadIds": [given.id], **values}
        mutation = "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id } }"
        return str((await self.data(mutation, owner, input=new))["createBatch"]["id"])


def read(response: httpx2.Response) -> Answer:
    """The answer in JSON; every error has its code, request id and time."""
    assert response.headers["Content-Type"].partition(";")[0] in {JSON, RESPONSE_JSON}
    body = orjson.loads(response.content)
    errors = body.get("errors", [])
    assert all({"code", "requestId", "timestamp"} <= set(error["extensions"]) for error in errors), errors
    return Answer(response, body.get("data"), errors)


def settings_for(data_dir: Path, **values: Any) -> Settings:
    """Settings of a test: nothing from the environment matters to it, there are no workers, and it may ask at any rate."""
    unlimited = dict.fromkeys(
        ("rate_limit_per_minute", "rate_limit_per_second", "user_rate_limit_per_minute", "user_rate_limit_per_second"),
        0,
    )
    return Settings(_env_file=None, **{"data_dir": data_dir, "secret_key": SECRET, "workers": 0, **unlimited, **values})


@asynccontextmanager
async def opened_app(
    data_dir: Path, database: Path, bounds: Bounds | None = None, /, **values: Any
) -> AsyncIterator[App]:
    """The application on a copy of `database`, with settings `values`.

    It also serves errors that it did not foresee, as a server does.
    """
    shutil.copyfile(database, sqlite_path("", data_dir))
    settings = settings_for(data_dir, **values)
    async with opened_server(settings, server_role(settings)) as services:
        asgi = replace(services, bounds=bounds or services.bounds).asgi(_schema())
        transport = httpx2.ASGITransport(asgi, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as http:
            yield App(services, asgi, http)


class Wire:
    """One WebSocket connection that says what a test wants it to say."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.connection.close()

    async def send(self, message: object) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else orjson.dumps(message).decode())

    async def receive(self, seconds: float = 20) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            message: dict[str, Any] = orjson.loads(await self.connection.recv())
        return message

    async def init(self, who: Person | str | None = None) -> None:
        """Say who is there, and wait for the acknowledgement."""
        token = who.token if isinstance(who, Person) else who
        await self.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"} if token else {}})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, query: str, id_: str = "1", **variables: Any) -> None:
        await self.send({"id": id_, "type": "subscribe", "payload": {"query": query, "variables": variables}})

    async def next(self, id_: str = "1") -> dict[str, Any]:
        """The data of the next result of an operation."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id_), message
        assert "errors" not in message["payload"], message
        data: dict[str, Any] = message["payload"]["data"]
        return data

    async def error(self, id_: str = "1") -> str:
        """The code of the only error with which an operation ends."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("error", id_), message
        (error,) = message["payload"]
        assert {"code", "requestId", "timestamp"} <= set(error["extensions"])
        return str(error["extensions"]["code"])

    async def close_code(self, seconds: float = 20) -> int:
        """The code with which the server closes; what comes before does not matter."""
        async with asyncio.timeout(seconds):
            await self.connection.wait_closed()
        code = self.connection.close_code
        assert code not in {None, 1006}, "the connection ended without a close frame"
        return int(code or 0)


@dataclass
class Served:
    """The application behind a real socket, in the process of the test."""

    app: App
    port: int

    async def wire(
        self,
        *,
        protocol: str | None = "graphql-transport-ws",
        protocols: Sequence[str] = (),
        origin: str | None = None,
        **options: Any,
    ) -> Wire:
        """A new connection; not yet initialised."""
        return Wire(
            await connect(
                f"ws://127.0.0.1:{self.port}/graphql",
                subprotocols=[Subprotocol(name) for name in protocols or ([protocol] if protocol else [])] or None,
                origin=Origin(origin) if origin else None,
                **options,
            )
        )

    async def wire_of(self, who: Person | None = None) -> Wire:
        """A new connection on which `who` is known."""
        wire = await self.wire()
        await wire.init(who)
        return wire


@asynccontextmanager
async def served(app: App) -> AsyncIterator[Served]:
    """Serve `app` at a free port as server.py does."""
    config = uvicorn.Config(
        app.asgi,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=HttpConnection,
        ws=FrameConnection,
        ws_max_size=2**20,
    )
    config.load()
    uvicorn_server = uvicorn.Server(config)
    uvicorn_server.lifespan = config.lifespan_class(config)
    listener = socket.create_server(("127.0.0.1", 0))
    # Its parts instead of `serve`, which looks every 0.1 s whether it is to end.
    await uvicorn_server.startup([listener])
    yield Served(app, listener.getsockname()[1])
    uvicorn_server.force_exit = True
    await uvicorn_server.shutdown([listener])


async def until(condition: Any, seconds: float = 20) -> None:
    """Wait until `condition()` holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  there is nothing else to wait for
            await asyncio.sleep(0.01)


@cache
def _schema() -> Schema:
    return build_schema()


@pytest.fixture(scope="session")
def empty_database(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, copied for each test."""
    file = shutil.copyfile(migrated_file, tmp_path_factory.mktemp("empty") / migrated_file.name)
    with closing(sqlite3.connect(file)) as database, database:
        # Somebody must be there already, or each application begins with making up a password, which takes its time.
        database.execute(
            "INSERT INTO users (id, username, role, is_anonymous, is_disabled, created_at) "
            "VALUES ('user-1754556928-12a41dbec0f3', 'somebody', 'USER', 0, 0, 1754556928)"
        )
    return file


@pytest.fixture
def bounds() -> Bounds:
    """Of the application; a test may have it with others."""
    return Bounds()


@pytest.fixture
async def app(
    tmp_path: Path, empty_database: Path, bounds: Bounds, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[App]:
    """The application in process."""
    monkeypatch.setitem(references(), "counting", "tests.kinds:COUNTING")
    monkeypatch.setitem(references(), "countingTask", "tests.kinds:COUNTING_TASK")
    async with opened_app(tmp_path, empty_database, bounds) as app:
        yield app


@pytest.fixture
async def live(app: App) -> AsyncIterator[Served]:
    """The application behind a real socket."""
    async with served(app) as live:
        yield live
