"""A receiver on real files and a real database, and clients of the app that serves it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from tests.databases import Template, opened
from tests.uploads.app_for_tests import Client, Recorder, make_app, make_receiver
from tests.wire import Wires
from uploads.receiver import Receiver
from web.connection import Connection


@pytest.fixture
async def data_dir(tmp_path: Path, template: Template) -> AsyncIterator[Path]:
    """A data folder with an open, empty database."""
    async with opened(template, tmp_path):
        yield tmp_path


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def receiver(data_dir: Path, recorder: Recorder) -> AsyncIterator[Receiver]:
    receiver = make_receiver(data_dir, recorder)
    yield receiver
    await receiver.tasks.stop()


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


@pytest.fixture(params=["auto", Connection], ids=["parts", "blocks"])
async def wires(receiver: Receiver, request: pytest.FixtureRequest) -> AsyncIterator[Wires]:
    """Connections to a real server in this process: transports without sockets do not hang, reset or send in pieces.

    Once with uvicorn's own way to hand bodies over, once with ours.
    """
    config = uvicorn.Config(make_app(receiver), http=request.param, log_config=None, lifespan="off")
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
