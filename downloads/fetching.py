"""Means of fetching that a worker opens once: client, storage, what opens secrets."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from auth.sealing import Sealer
from base.redis import Redis
from downloads.client import Client
from downloads.connections import open_connections
from downloads.download_options import DownloadOptions
from downloads.fetch import Fetcher
from downloads.hosts import PER_HOST, HostLimiter
from downloads.options import FetchOptions
from downloads.proxies import Proxies
from downloads.resolving.registry import load_resolvers
from downloads.resolving.resolve import Resolving
from downloads.secrets import open_headers, open_proxy_url, open_url
from downloads.shared_hosts import RedisHosts
from storage.ports import Storage


@dataclass(frozen=True)
class Fetching:
    """What all downloads of a process share.

    Attributes:
        client: Asks other servers.
        resolving: Finds the files that a URL leads to.
        fetcher: Fetches one file.
        hosts: How polite it is, and which hosts asked to wait.
        storage: Where the bytes go.
        sealer: Opens what is sealed in options; called when there is something, as a worker may have no key.
        bytes_per_user: That one user may keep, those of files on their way included; 0 = any number.
    """

    client: Client
    resolving: Resolving
    fetcher: Fetcher
    hosts: HostLimiter
    storage: Storage
    sealer: Callable[[], Sealer]
    bytes_per_user: int = 0

    def url_of(self, options: DownloadOptions) -> str:
        """The URL that was submitted, with its credentials. Raises Refusal where the secret key has changed."""
        return open_url(self.sealer(), options) if options.url_credentials else options.url

    def fetch_options(self, options: DownloadOptions) -> FetchOptions:
        """How each file of the first origin is fetched. Raises Refusal where the secret key has changed."""
        headers = open_headers(self.sealer(), options) if options.headers else ()
        proxy_url = open_proxy_url(self.sealer(), options) if options.proxy_credentials else options.proxy_url
        return options.fetch_options(headers, proxy_url)


@asynccontextmanager
async def opened_fetching(
    storage: Storage,
    sealer: Callable[[], Sealer],
    *,
    is_private_allowed: bool,
    proxies: Proxies | None = None,
    redis: Redis | None = None,
    redis_prefix: str = "",
    bytes_per_user: int = 0,
) -> AsyncIterator[Fetching]:
    """The means, until the block is left; with `redis` all processes are polite to a host together."""
    async with open_connections(is_private_allowed=is_private_allowed) as connections:
        hosts = HostLimiter(shared=RedisHosts(redis, redis_prefix, PER_HOST) if redis else None)
        client = Client(connections, hosts, proxies, is_private_allowed=is_private_allowed)
        resolving = Resolving(client, load_resolvers())
        yield Fetching(client, resolving, Fetcher(client, storage), hosts, storage, sealer, bytes_per_user)
