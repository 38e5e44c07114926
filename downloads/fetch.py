"""Fetching one file: asked, received, resumed, retried, checked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from base.errors import ErrorCode, Refusal
from base.words import LogLevel
from downloads.bandwidth import Bandwidth
from downloads.budget import TimeBudget
from downloads.client import Answer, Client
from downloads.failures import FetchFailed, FileSkipped, answered
from downloads.journal import Journal
from downloads.options import FetchOptions
from downloads.partial import PartialFile
from downloads.probe import probe
from downloads.progress import Meter
from downloads.receiving import Receiver
from downloads.representation import Representation
from downloads.resuming import RangeRequest, Verdict, judge
from downloads.retries import Log, OnWait, logged_wait, pass_over_wait, retry_transient
from downloads.urls import parse_address
from downloads.wanted import check_wanted
from storage.ports import Storage

MAX_RESTARTS = 2
"""A file that was another one so often when asked for the rest is fetched in one piece from then on."""
_SPOILT = frozenset({ErrorCode.CHECKSUM_MISMATCH, ErrorCode.CORRUPT_FILE, ErrorCode.FILE_TOO_LARGE})


async def _take(_file: Representation) -> None:
    """Whatever it is, it is wanted."""


async def _allow(_size_bytes: int) -> None:
    """Any number of bytes may be kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One file to fetch.

    Attributes:
        url: As it was submitted; every try begins here, because the addresses that it redirects to may expire.
        key: Where the finished bytes are to lie; nobody else writes there.
        folder: Scratch of this machine, made by the caller.
        options: How, and which.
        bandwidth: Shared by whatever has one limit together.
        meter: Told of every piece.
        log: Told, in sentences for people, of what its owner should know.
        on_file: Told what the server says of the file, before its bytes; may raise FileSkipped.
        on_wait: Told the host and the seconds, where it asked to be left alone and is waited for.
        on_size: Told how many bytes the file will have in all, as soon as that is known, and again where it becomes larger;
            may raise Refusal.
        is_same_demanded: The URL is a fresh link to a file that was begun: another file is refused, and what was fetched stays.
        is_page_wanted: False: an HTML page at a URL that does not promise one is skipped.
    """

    url: str
    key: str
    folder: Path
    options: FetchOptions = field(default_factory=FetchOptions)
    bandwidth: Bandwidth = field(default_factory=Bandwidth)
    meter: Meter = field(default_factory=Meter)
    log: Log = lambda _level, _message: None
    on_file: Callable[[Representation], Awaitable[None]] = _take
    on_wait: OnWait = pass_over_wait
    on_size: Callable[[int], Awaitable[None]] = _allow
    is_same_demanded: bool = False
    is_page_wanted: bool = True


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that is complete and whose checks passed.

    Attributes:
        key: Where it lies.
        size_bytes: Of the file, after content codings were undone.
        sha256: Of these bytes, hex.
        file: What its server said of it.
        is_length_known: False where the server did not say how long it is, so that nobody can know that it is complete.
    """

    key: str
    size_bytes: int
    sha256: str
    file: Representation
    is_length_known: bool

    @property
    def modified_at(self) -> datetime | None:
        return self.file.modified_at


class Fetcher:
    """Fetches files over one client into one storage; how much room that has is asked every `space_check_bytes` of a file."""

    def __init__(self, client: Client, storage: Storage, *, space_check_bytes: int = 64 * 2**20) -> None:
        self._client = client
        self._storage = storage
        self._space_check_bytes = space_check_bytes

    async def fetch(self, request: FetchRequest) -> FetchedFile:
        """Fetch a file, or the rest of it. Cancelling keeps what came, where it can be resumed.

        Doing it again after it is done answers the same, while its journal is there.

        Raises:
            FileSkipped: It is none that the options want; nothing is kept.
            FetchFailed: It could not be had; see its attributes.
            Refusal: URL_NOT_ALLOWED, BAD_INPUT: the URL cannot be fetched. CHECKSUM_MISMATCH, CORRUPT_FILE,
                FILE_TOO_LARGE: the bytes are not good, and not kept. INSUFFICIENT_STORAGE: what came is kept.
        """
        return await _Transfer(self._client, self._storage, request, self._space_check_bytes).run()

    async def probe(self, url: str, options: FetchOptions) -> Representation:
        """What the server says of the file, without its bytes: asked by GET for its first one, never by HEAD.

        Raises:
            FetchFailed: There was no answer that describes a file.
            Refusal: As `fetch`.
        """
        return await probe(self._client, parse_address(url), options)

    async def forget(self, key: str, folder: Path) -> None:
        """Remove the journal of a finished file, once the file is recorded elsewhere."""
        await Journal(self._storage, key, folder).remove()

    async def discard(self, key: str, folder: Path) -> None:
        """Remove what was fetched of a file, and its journal."""
        journal = Journal(self._storage, key, folder)
        await PartialFile(self._storage, key, journal, 0).discard()


class _Transfer:
    """One file on its way."""

    def __init__(self, client: Client, storage: Storage, request: FetchRequest, space_check_bytes: int) -> None:
        self._client = client
        self._request = request
        self._options = request.options
        self._address = parse_address(request.url)
        journal = Journal(storage, request.key, request.folder)
        self._part = PartialFile(storage, request.key, journal, request.options.chunk_bytes)
        self._budget = TimeBudget(request.options.timeout_seconds)
        self._receiver = Receiver(
            self._part,
            storage,
            request.options,
            request.bandwidth,
            request.meter,
            self._budget,
            request.on_size,
            space_check_bytes,
        )
        self._on_wait = logged_wait(request.log, request.on_wait)
        self._restarts = 0

    async def run(self) -> FetchedFile:
        try:
            left = await self._part.load()
            if left is not None:
                self._request.meter.begin(left.offset, left.known.total)
                if left.sha256 is not None:
                    return self._finished(left.known, left.offset, left.sha256)
            return await retry_transient(self._attempt, self._options, self._request.log, self._part.keep)
        except FileSkipped:
            await self._discard()
            raise
        except Refusal as refusal:
            if refusal.code in _SPOILT:
                await self._discard()
            raise
        finally:
            await self._part.leave()

    async def _discard(self) -> None:
        await self._part.discard()
        self._request.meter.begin(0, None)

    async def _attempt(self) -> FetchedFile:
        """One try. Its host may be asked by others while the file is finished."""
        asked = self._rest()
        if asked is not None and asked.start == asked.known.total:
            self._request.meter.begin(asked.start, asked.start)
            return await self._finish(asked.known)
        return await self._finish(await self._receive(asked))

    async def _receive(self, asked: RangeRequest | None) -> Representation:
        """The file whose bytes are all here, by one request, or a second one where the first answer is not to be trusted."""
        while True:
            async with self._ask(asked) as answer:
                verdict = self._judge(asked, answer)
                if verdict is Verdict.APPEND and asked is not None:
                    await self._request.on_file(replace(asked.known, has_ranges=True))
                    await self._receiver.go_on(answer, asked.known)
                    return asked.known
                if verdict is Verdict.REPLACE:
                    return await self._replace(answer)
            asked = replace(asked, is_conditional=False) if asked and verdict is Verdict.ASK_PLAINLY else None

    def _rest(self) -> RangeRequest | None:
        """What to ask for; None: all of it."""
        known = self._part.known
        if known is None or not self._part.is_resumable or self._restarts >= MAX_RESTARTS:
            return None
        return RangeRequest(self._part.offset, known)

    @asynccontextmanager
    async def _ask(self, asked: RangeRequest | None) -> AsyncIterator[Answer]:
        conditions = asked.headers if asked else {}
        async with self._client.ask(self._address, self._options, self._budget, conditions, self._on_wait) as answer:
            yield answer

    def _judge(self, asked: RangeRequest | None, answer: Answer) -> Verdict:
        is_good = answer.status in {200, 203} or (asked is not None and answer.status in {206, 416})
        if not is_good:
            raise answered(answer.status, is_resuming=asked is not None, retry_after=answer.retry_after)
        if asked is None:
            return Verdict.REPLACE
        verdict = judge(asked, answer.status, answer.headers, answer.describe())
        if verdict in {Verdict.REPLACE, Verdict.RESTART}:
            self._restart(asked)
        return verdict

    def _restart(self, asked: RangeRequest) -> None:
        """The rest of what was begun cannot be had."""
        if self._request.is_same_demanded:
            sentence = (
                "The new link leads to another file, or its server cannot continue: give a link to the same bytes."
            )
            raise FetchFailed(ErrorCode.DOWNLOAD_FAILED, sentence, is_link_gone=True)
        self._restarts += 1
        message = (
            f"The file has changed, or its server cannot continue it: starting over, without {asked.start:,} bytes."
        )
        self._request.log(LogLevel.WARNING, message)

    async def _replace(self, answer: Answer) -> Representation:
        file = answer.describe()
        if self._restarts >= MAX_RESTARTS:
            file = replace(file, has_ranges=False)  # whatever it says: nobody asks for its rest again
        check_wanted(self._options, file, is_page_wanted=self._request.is_page_wanted)
        await self._request.on_file(file)
        if file.modified_at is None and (self._options.date_from or self._options.date_to):
            self._request.log(
                LogLevel.INFO, f"{file.name} has no date: it is fetched whatever dateFrom and dateTo say."
            )
        for sentence in await self._receiver.start(answer, file):
            self._request.log(LogLevel.WARNING, sentence)
        return file

    async def _finish(self, file: Representation) -> FetchedFile:
        size, sha256 = await self._receiver.finish(file)
        await self._part.note_finished(size, sha256)
        return self._finished(file, size, sha256)

    def _finished(self, file: Representation, size: int, sha256: str) -> FetchedFile:
        return FetchedFile(self._request.key, size, sha256, file, is_length_known=file.total is not None)
