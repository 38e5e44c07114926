"""A whole installation that a test may hurt: PostgreSQL, Redis, servers and workers, each a process of our own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from client.server_process import ServerProcess, WorkerProcess
from tests.conftest import own_postgres, own_redis
from tests.postgres_server import PostgresServer
from tests.redis_server import RedisServer

PASSWORD = "a password of the tests"


@dataclass(frozen=True)
class Installation:
    """What runs; `logs` are files of all that servers and workers print."""

    postgres: PostgresServer
    redis: RedisServer
    servers: list[ServerProcess]
    workers: list[WorkerProcess]

    @property
    def urls(self) -> list[str]:
        return [server.base_url for server in self.servers]

    @property
    def logs(self) -> list[Path]:
        return [process.log_path for process in (*self.servers, *self.workers)]


@asynccontextmanager
async def installed(
    folder: Path, *, servers: int, workers: int, is_redis_durable: bool = False, **settings: str
) -> AsyncIterator[Installation]:
    """An installation with an empty database; its parts end with the block, in whatever state they are."""
    async with AsyncExitStack() as stack:
        postgres = stack.enter_context(own_postgres())
        redis = stack.enter_context(own_redis(folder / "redis", is_durable=is_redis_durable))
        shared = {
            "WAYBILL_DATABASE_URL": postgres.url,
            "WAYBILL_REDIS_URL": redis.url,
            "WAYBILL_ADMIN_PASSWORD": PASSWORD,
            "WAYBILL_LOG_FORMAT": "json",
            **settings,
        }
        installation = Installation(
            postgres,
            redis,
            [_server(folder, n, {**shared, "WAYBILL_WORKERS": "0"}) for n in range(1, servers + 1)],
            [_worker(folder, n, {**shared, "WAYBILL_WORKERS": "2"}) for n in range(1, workers + 1)],
        )
        for process in (*installation.servers, *installation.workers):
            stack.push_async_callback(process.kill)
        await asyncio.gather(*(process.start() for process in (*installation.servers, *installation.workers)))
        yield installation


def _server(folder: Path, number: int, settings: Mapping[str, str]) -> ServerProcess:
    return ServerProcess(folder / "data", settings, folder / f"server-{number}.log")


def _worker(folder: Path, number: int, settings: Mapping[str, str]) -> WorkerProcess:
    return WorkerProcess(folder / "data", settings, folder / f"worker-{number}.log")
