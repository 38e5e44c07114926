"""Fixtures: two real servers behind a real proxy."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio

from client.api import Waybill
from client.server_process import ServerProcess
from tests.certificates import certificate_for_localhost
from tests.clients.programs import program_or_skip
from tests.conftest import own_names
from tests.databases import copied_postgres
from tests.deploy.proxies import PROXIES, Proxy, proxy_for, running
from tests.redis_server import free_port

PASSWORD = "a password of the tests"
CLIENT_ADDRESS = "127.0.0.9"
"""From here clients come; the proxy comes from 127.0.0.1, which alone is trusted."""


@dataclass(frozen=True)
class Site:
    """What a client meets, and the servers behind it."""

    proxy: Proxy
    servers: tuple[ServerProcess, ServerProcess]
    trust: ssl.SSLContext
    proxy_log: Path

    @property
    def url(self) -> str:
        return self.proxy.public_url

    @asynccontextmanager
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Connections of one client."""
        connector = aiohttp.TCPConnector(ssl=self.trust, local_addr=(CLIENT_ADDRESS, 0))
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:
            yield session
        await asyncio.sleep(0.05)  # closing TLS takes some turns of the loop, and aiohttp does not tell when it is done

    def log(self) -> str:
        return "".join(server.log_path.read_text() for server in self.servers)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name == "nginx.conf" else pytest.mark.long) for name in PROXIES],
)
def proxy(request: pytest.FixtureRequest) -> Proxy:
    if sys.platform != "linux":
        pytest.skip(f"These tests come from {CLIENT_ADDRESS}, which Linux alone has without being told.")
    found = proxy_for(request.param)
    program_or_skip(found.program)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(
    proxy: Proxy, redis_url: str, tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    certificate = certificate_for_localhost(folder)
    async with own_names(redis_url) as prefix:
        settings = {
            "WAYBILL_DATABASE_URL": postgres_url,
            "WAYBILL_REDIS_URL": redis_url,
            "WAYBILL_REDIS_PREFIX": prefix,
            "WAYBILL_WORKERS": "1",
            "WAYBILL_ADMIN_PASSWORD": PASSWORD,
            "WAYBILL_PUBLIC_URL": proxy.public_url,
            "WAYBILL_TRUSTED_PROXIES": "127.0.0.1",
            "WAYBILL_LOG_FORMAT": "json",
        }
        first, second = (
            ServerProcess(folder / "data", {**settings, "WAYBILL_PORT": str(free_port())}, folder / f"{name}.log")
            for name in ("one", "two")
        )
        async with first, second:
            addresses = [urlsplit(server.base_url).netloc for server in (first, second)]
            async with running(proxy, certificate, addresses) as log:
                yield Site(proxy, (first, second), ssl.create_default_context(cafile=str(certificate)), log)


@pytest.fixture(scope="module")
def postgres_url(migrated_url: str, proxy: Proxy) -> Iterator[str]:
    with copied_postgres(migrated_url) as url:
        yield url


@pytest.fixture
async def waybill(site: Site) -> AsyncIterator[Waybill]:
    async with Waybill(site.url) as waybill, site.session() as session:
        await waybill._session.close()
        waybill._session = session
        await waybill.login("admin", PASSWORD)
        yield waybill
