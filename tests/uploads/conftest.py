"""A receiver on real files and a real database, and clients of the app that serves it."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from models.database import close_database, migrate, open_database, sqlite_path
from tests.uploads.app_for_tests import Client, Recorder, Wires, make_app, make_receiver
from uploads.receiver import Receiver


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, copied for each test: that is four times as fast as migrating each."""
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(migrate("", folder))
    return sqlite_path("", folder)


@pytest.fixture
async def data_dir(tmp_path: Path, empty_database: Path) -> AsyncIterator[Path]:
    """A data folder with an open, empty database."""
    shutil.copyfile(empty_database, sqlite_path("", tmp_path))
    await open_database("", tmp_path)
    yield tmp_path
    await close_database()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def receiver(data_dir: Path, recorder: Recorder) -> Receiver:
    return make_receiver(data_dir, recorder)


@pytest.fixture
def client(client_of: Callable[[Receiver], Client], receiver: Receiver) -> Client:
    return client_of(receiver)


@pytest.fixture
def client_of() -> Iterator[Callable[[Receiver], Client]]:
    """Makes clients of receivers with other limits."""
    with ExitStack() as stack:
        yield lambda receiver: stack.enter_context(_client(receiver))


@contextmanager
def _client(receiver: Receiver) -> Iterator[Client]:
    transport = httpx2.ASGITransport(make_app(receiver))
    yield Client(httpx2.AsyncClient(transport=transport, base_url="http://test"), receiver)


@pytest.fixture
async def wires(receiver: Receiver) -> AsyncIterator[Wires]:
    """Connections to a real server in this process: transports without sockets do not hang, reset or send in pieces."""
    config = uvicorn.Config(make_app(receiver), host="127.0.0.1", port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  the server offers nothing else to wait for
        await asyncio.sleep(0.005)
    wires = Wires(listener.getsockname()[1])
    yield wires
    await wires.close()
    server.should_exit = server.force_exit = True
    await serving
