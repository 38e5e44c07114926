"""A receiver on real files and a real database, and clients of the app that serves it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from models.database import close_database, open_database
from tests.uploads.app_for_tests import Client, Recorder, make_app, make_receiver
from uploads.receiver import Receiver


@pytest.fixture
async def data_dir(tmp_path: Path) -> AsyncIterator[Path]:
    """A data folder with an open, empty database."""
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
