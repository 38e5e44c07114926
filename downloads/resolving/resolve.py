"""Resolve a URL to the files that it leads to."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from base.errors import Refusal
from base.logging import log_for
from base.words import LogLevel
from downloads.client import Client
from downloads.failures import FetchFailed
from downloads.names import choose_name, is_file_by_name
from downloads.options import FetchOptions
from downloads.representation import Representation
from downloads.resolving.contract import Link, Resolution, ResolvedFile, Resolver
from downloads.resolving.link import ClientLink
from downloads.resolving.registry import load_resolvers
from downloads.resolving.selection import select_files
from downloads.retries import Log, OnWait, pass_over_wait
from downloads.urls import parse_address, shown_url

log = log_for(__name__)


@dataclass(frozen=True, slots=True)
class Resolving:
    """Asks one resolver after the other; what none knows is itself the file.

    Attributes:
        client: What every request goes through.
        resolvers: In the order in which they are asked, where links are followed.
    """

    client: Client
    resolvers: Sequence[Resolver] = field(default_factory=load_resolvers)

    async def resolve(
        self,
        url: str,
        options: FetchOptions,
        *,
        follow_links: bool,
        log: Log = lambda _level, _message: None,
        on_wait: OnWait = pass_over_wait,
    ) -> Resolution:
        """The files that `url` leads to.

        Args:
            url: As it was given, with credentials.
            options: How they will be fetched, and which.
            follow_links: False: `url` is itself the file, whatever lies there.
            log: Told what its owner should know.
            on_wait: See `OnWait`.

        Raises:
            FetchFailed: The URL cannot be asked; retries are used up.
            Refusal: URL_NOT_ALLOWED, BAD_INPUT: it may not be asked. CORRUPT_FILE: its page is broken.
        """
        link = ClientLink(self.client, url, options, log, on_wait)
        if not follow_links:
            return itself(url)
        found = await self._ask_all(link)
        if found is None:
            return itself(url, None if is_file_by_name(url) else await link.describe())
        if found.is_file:
            return found
        return await asyncio.to_thread(select_files, found, parse_address(url), options)

    async def _ask_all(self, link: Link) -> Resolution | None:
        """What the first one knows; that the server forbids its page to us is final only where all others know nothing."""
        forbidden: FetchFailed | None = None
        for resolver in self.resolvers:
            try:
                found = await _ask(resolver, link)
            except FetchFailed as failed:
                if not failed.is_forbidden:
                    raise
                forbidden = forbidden or failed
            else:
                if found is not None:
                    return found
        if forbidden is not None:
            raise forbidden
        return None


async def _ask(resolver: Resolver, link: Link) -> Resolution | None:
    """What it knows; nothing where it fails in a way that only its author can mend."""
    try:
        return await resolver.resolve(link)
    except Refusal:
        raise
    except Exception:
        name = type(resolver).__name__
        log.exception("a resolver failed", resolver=name)
        link.log(LogLevel.WARNING, f"The resolver {name} failed: the URL is taken without it.")
        return None


def itself(url: str, file: Representation | None = None) -> Resolution:
    """The resolution of a URL that is the file, with what its server says of it, where it was asked."""
    if file is None:
        files = (ResolvedFile(url=shown_url(url), name=choose_name(None, url, None), is_first_origin=True),)
        return Resolution(files=files, is_file=True)
    found = ResolvedFile(
        url=shown_url(url), name=file.name, content_type=file.content_type, size_bytes=file.total, is_first_origin=True
    )
    return Resolution(files=(found,), is_file=True, final_url=file.url)
