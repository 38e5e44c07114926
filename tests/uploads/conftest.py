"""Fixtures: services on real files, and clients of their app."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
import uvicorn

from tests.databases import Template, opened
from tests.uploads.app_for_tests import Client, Recorder, make_app, make_services
from tests.wire import Wires
from uploads.wiring import UploadServices
from web.connection import HttpConnection


@pytest.fixture
async def data_dir(tmp_path: Path, template: Template) -> AsyncIterator[Path]:
    """A data folder with an open, empty database."""
    async with opened(template, tmp_path):
        yield tmp_path


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def services(data_dir: Path, recorder: Recorder) -> AsyncIterator[UploadServices]:
    services = make_services(data_dir, recorder)
    yield services
    await services.tasks.stop()


@pytest.fixture
def client(client_of: Callable[[UploadServices], Client], services: UploadServices) -> Client:
    return client_of(services)


@pytest.fixture
def client_of() -> Iterator[Callable[[UploadServices], Client]]:
    """Makes clients of receivers with other limits."""
    with ExitStack() as stack:
        yield lambda services: stack.enter_context(_client(services))


@contextmanager
def _client(services: UploadServices) -> Iterator[Client]:
    transport = httpx2.ASGITransport(make_app(services))
    yield Client(httpx2.AsyncClient(transport=transport, base_url="http://test"), services)


@pytest.fixture(params=["auto", HttpConnection], ids=["parts", "blocks"])
async def wires(services: UploadServices, request: pytest.FixtureRequest) -> AsyncIterator[Wires]:
    """Connections to a real server in this process: transports without sockets do not hang, reset or send in pieces.

    Once with uvicorn's own way to hand bodies over, once with ours.
    """
    config = uvicorn.Config(make_app(services), http=request.param, log_config=None, lifespan="off")
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
