"""The means of resolvers to look behind a URL: requests of the download's own client."""

from contextlib import AbstractAsyncContextManager
from email.message import Message

from downloads.budget import TimeBudget
from downloads.client import Answer, Client
from downloads.codings import Decoding, can_decode, corrupt
from downloads.failures import FetchFailed, answered, broken_off, stalled
from downloads.options import FetchOptions
from downloads.probe import probe
from downloads.progress import StallDetector
from downloads.representation import Representation
from downloads.resolving.contract import MAX_PAGE_BYTES, Page
from downloads.retries import Log, OnWait, logged_wait, pass_over_wait, retry_transient
from downloads.urls import Address, parse_address


class ClientLink:
    """A `Link` over the client of downloads."""

    def __init__(
        self, client: Client, url: str, options: FetchOptions, log: Log, on_wait: OnWait = pass_over_wait
    ) -> None:
        self.url = url
        self.options = options
        self.log = log
        self._client = client
        self._on_wait = logged_wait(log, on_wait)
        self._address = parse_address(url)
        self._described: Representation | FetchFailed | None = None

    async def describe(self) -> Representation:
        if self._described is None:
            try:
                self._described = await retry_transient(
                    lambda: probe(self._client, self._address, self.options, self._on_wait), self.options, self.log
                )
            except FetchFailed as failed:
                self._described = failed
        if isinstance(self._described, FetchFailed):
            raise self._described
        return self._described

    async def read(self, url: str, most_bytes: int = MAX_PAGE_BYTES) -> Page:
        address, options = self._known(parse_address(url))
        return await retry_transient(lambda: self._read(address, options, most_bytes), options, self.log)

    def forward_proxy(self) -> AbstractAsyncContextManager[str]:
        return self._client.forward_proxy(self.options)

    def _known(self, address: Address) -> tuple[Address, FetchOptions]:
        """The address with the owner's credentials and headers, where it is at the origin that they are for."""
        if address.origin != self._address.origin:
            return address, self.options.without_headers()
        return Address(address.url, address.authorization or self._address.authorization), self.options

    async def _read(self, address: Address, options: FetchOptions, most_bytes: int) -> Page:
        budget = TimeBudget(options.timeout_seconds)
        async with self._client.ask(address, options, budget, {}, self._on_wait) as answer:
            if answer.status not in {200, 203}:
                raise answered(answer.status, is_resuming=False, retry_after=answer.retry_after)
            file = answer.describe()
            async with budget.spend():
                content, is_whole = await _Body(answer, file, options).read(most_bytes)
        return Page(file, content, _charset(answer.headers.get("Content-Type")), is_whole)


class _Body:
    """The body of one answer, in memory."""

    def __init__(self, answer: Answer, file: Representation, options: FetchOptions) -> None:
        self._answer = answer
        self._file = file
        self._stall = StallDetector(options.read_timeout_seconds)
        self._stalled_after = options.read_timeout_seconds
        self._received = 0
        if file.codings and not can_decode(file.codings):
            raise corrupt()
        self._decoding = Decoding(file.codings) if file.codings else None

    async def read(self, most_bytes: int) -> tuple[bytes, bool]:
        """The content without its codings, at most `most_bytes` of it, and whether that is all."""
        content = bytearray()
        while len(content) <= most_bytes and (data := await self._next()):
            for piece in self._decoding.decode(data) if self._decoding else (data,):
                content += piece
                if len(content) > most_bytes:
                    break
        is_whole = len(content) <= most_bytes
        if is_whole:
            self._check_end()
        return bytes(content[:most_bytes]), is_whole

    async def _next(self) -> bytes:
        left = None if self._file.total is None else self._file.total - self._received
        if left == 0:
            return b""
        data, seconds = await self._answer.read(left or MAX_PAGE_BYTES)
        self._received += len(data)
        if data and self._stall.add(len(data), seconds):
            raise stalled(self._stalled_after)
        return data

    def _check_end(self) -> None:
        if self._file.total is not None and self._received < self._file.total:
            raise broken_off(self._received, self._file.total)
        if self._decoding is not None:
            self._decoding.finish()


def _charset(content_type: str | None) -> str | None:
    header = Message()
    header["Content-Type"] = content_type or "text/html"
    return header.get_content_charset()
