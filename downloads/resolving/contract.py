"""The interface of resolvers, who know which files a URL leads to.

Packages bring resolvers of their own with the entry point group `waybill.resolvers`: see docs/downloads.md.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from downloads.failures import SkipReason
from downloads.options import FetchOptions, Headers
from downloads.representation import Representation
from downloads.retries import Log

MAX_FILES = 1_000
"""Of one URL; what it leads to beyond them is skipped: `limit`."""
MAX_NAMED = 10_000
"""Files of one URL that are named at all, with those that are skipped."""
MAX_PAGE_BYTES = 16 * 2**20
"""Of a page; what follows is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedFile:
    """One file that a URL leads to.

    Attributes:
        url: Where it lies, without credentials and fragment; for the URL itself as it was given, never where it redirects to.
        name: Clean, to be shown until the file's own answer says another.
        content_type: In lower case without parameters, where it is known before.
        size_bytes: On the wire, where it is known before.
        skip_reason: Why it is not to be fetched; None: it is.
        skip_message: The same, as a sentence for its owner.
        is_first_origin: Credentials and headers of the owner may go there: it is at the origin of the URL that was given, and
            nobody else's page led there.
        is_page_wanted: A page that lies there is the file; False where a page would only be one more page to look through.
        is_named: The name holds, whatever the file's own answer says.
        headers: Sent with the requests for it, to the origin of `url` alone, beside the owner's, which come first. Not secret.
    """

    url: str
    name: str
    content_type: str | None = None
    size_bytes: int | None = None
    skip_reason: SkipReason | None = None
    skip_message: str | None = None
    is_first_origin: bool = False
    is_page_wanted: bool = True
    is_named: bool = False
    headers: Headers = ()

    @property
    def will_download(self) -> bool:
        return self.skip_reason is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """All that a URL leads to.

    Attributes:
        files: In the order of the page, each once; with those that are skipped at most `MAX_NAMED`.
        is_file: The URL is itself the file, and `files` is that one.
        is_listing: The URL is the listing of a folder, and `files` is what lies in it.
        final_url: What answered, without credentials; None where nothing was asked.
        unnamed: How many files more there are, beyond `MAX_NAMED`.
    """

    files: tuple[ResolvedFile, ...]
    is_file: bool = False
    is_listing: bool = False
    final_url: str | None = None
    unnamed: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """The bytes that an address answered with.

    Attributes:
        file: What the answer says of them; `file.url` is the address after redirects.
        content: Without content codings; at most as many as were asked for.
        charset: As the answer names it; None where it does not.
        is_whole: False where more would have come.
    """

    file: Representation
    content: bytes
    charset: str | None
    is_whole: bool


class Link(Protocol):
    """A URL that was given, and the means to look behind it: guarded, bounded, retried as the owner's options say.

    Attributes:
        url: As it was given, with its credentials.
        options: How the files will be fetched.
        log: Told, in sentences for people, of what the owner should know.
    """

    url: str
    options: FetchOptions
    log: Log

    async def describe(self) -> Representation:
        """What the server says of the URL itself; asked once, without its bytes.

        Raises:
            FetchFailed, Refusal: As `Fetcher.probe`.
        """

    async def read(self, url: str, most_bytes: int = MAX_PAGE_BYTES) -> Page:
        """What lies at `url`, another one too. Credentials and headers of the owner go along to the first origin only.

        Raises:
            FetchFailed, Refusal: As `describe`, and CORRUPT_FILE for a content coding that is broken.
        """

    def forward_proxy(self) -> AbstractAsyncContextManager[str]:
        """A forward proxy of HTTP on loopback, for a program that a resolver starts: guarded and bounded like `read`.

        Yields:
            Its URL with user and password, good while the block lasts; it is for that program alone, and for no log.
        """


class Resolver(Protocol):
    """Knows what some URLs lead to. Made once for each process, without arguments; called by many at once."""

    async def resolve(self, link: Link) -> Resolution | None:
        """What `link` leads to; None where this resolver knows nothing about it, and the next one is asked.

        Raises:
            FetchFailed, Refusal: It is known, and cannot be had.
        """
