"""One call of a download: its files fetched, up to four at a time, and told of while they come."""

import asyncio
import errno
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast

import anyio
import orjson

from base.errors import ErrorCode, Refusal
from base.units import size_text
from base.words import ItemStatus, LogLevel, OnDuplicate
from downloads.bandwidth import Bandwidth
from downloads.download_options import DownloadOptions
from downloads.duplicates import check_new, reason_of, source_of
from downloads.failures import FetchFailed, FileSkipped
from downloads.fetch import FetchedFile, FetchRequest
from downloads.fetching import Fetching
from downloads.media_types import extension_of, type_for
from downloads.names import unique_name
from downloads.planned_file import PlannedFile
from downloads.representation import Representation
from downloads.share import Share
from downloads.telling import Teller, Transfer
from downloads.urls import with_credentials
from jobs.contents import fetched_items, find_fetched, options_of_job
from jobs.recording.transfers import forget_item_bytes
from processors.contract import AssignedSlice, AsyncWork, FetchedBlob, ItemError, ItemResult, PauseJob

FORGET_SECONDS = 0.5
"""A database that is away then has the next call forget what is gone."""
FILES_AT_ONCE = 4
TELL_SECONDS = 0.5
_DEFAULT_TYPE = "application/octet-stream"


class DownloadCall:
    """Fetches the files of one slice.

    Args:
        fetching: What all downloads share.
        work: What the call was given.
        part: Which of the files.
        files: All of the slice.
        fetched: Rows of the items that are complete already.
    """

    def __init__(
        self,
        fetching: Fetching,
        work: AsyncWork,
        part: AssignedSlice,
        files: Sequence[PlannedFile],
        fetched: Sequence[dict[str, Any]],
    ) -> None:
        self._fetching = fetching
        self._work = work
        self._part = part
        self._files = files
        self._options = cast("DownloadOptions", work.options)
        self._bandwidth = Bandwidth(self._options.bytes_per_second)
        self._share = Share(work.job_id, fetching.bytes_per_user)
        self._taken = {str(item["name"]).casefold() for item in fetched}
        self._teller = Teller(fetching.hosts, part, files, sum(item["size_bytes"] or 0 for item in fetched))
        self._waiting = deque(part.indices)
        self._results: asyncio.Queue[ItemResult | Exception] = asyncio.Queue()

    @classmethod
    async def begin(
        cls, fetching: Fetching, work: AsyncWork, part: AssignedSlice, files: Sequence[PlannedFile]
    ) -> Self:
        """A call that knows what earlier ones have fetched."""
        return cls(fetching, work, part, files, await fetched_items(work.job_id))

    async def results(self) -> AsyncGenerator[ItemResult, None]:
        """The result of each file as soon as it is known.

        Raises:
            PauseJob: The link of the only file has expired; what came is kept.
            OSError: ENOSPC: there is no room; what came is kept.
        """
        fetchers = [self._fetch_waiting() for _ in range(min(FILES_AT_ONCE, len(self._waiting)))]
        tasks = [asyncio.create_task(each) for each in (*fetchers, self._tell(), self._heed_options())]
        try:
            for _ in self._part.indices:
                result = await self._results.get()
                if isinstance(result, Exception):
                    raise result
                self._work.report_transfers(self._teller.state())
                yield result
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch_waiting(self) -> None:
        """Fetch one file after the other until none waits."""
        while self._waiting:
            try:
                result = await self._fetch(self._waiting.popleft())
            except Exception as error:  # noqa: BLE001  raised where results are waited for
                self._results.put_nowait(error)
                return
            self._results.put_nowait(result)

    async def _tell(self) -> None:
        """By the first time it is known what earlier calls have kept."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            self._work.report_transfers(self._teller.state())

    async def _heed_options(self) -> None:
        """The limit of bandwidth may be changed meanwhile, by anybody who reaches the database."""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            try:
                options = await options_of_job(self._work.job_id)
            except Exception as error:  # noqa: BLE001  raised where results are waited for
                self._results.put_nowait(error)
                return
            limit = (options or {}).get("bandwidthLimit", 0) * 1024
            if limit != self._bandwidth.bytes_per_second:
                self._bandwidth.change(limit)

    async def _fetch(self, index: int) -> ItemResult:
        file = self._files[index - self._part.first_index]
        if file.skip_reason is not None:
            return self._skipped(index, file.skip_reason, file.skip_message or "")
        with self._teller.transferring(index, file.url or self._options.url) as transfer:
            try:
                fetched = await self._fetching.fetcher.fetch(self._request(index, file, transfer))
            except FileSkipped as skipped:
                return self._skipped(index, reason_of(skipped), skipped.message)
            except Refusal as refusal:
                return self._failed(index, file, refusal, transfer)
            except asyncio.CancelledError:
                await self._forget_lost(index, transfer)
                raise
            finally:
                self._share.release(index)
            return await self._completed(index, file, fetched, transfer)

    async def _forget_lost(self, index: int, transfer: Transfer) -> None:
        """What came of a file that is to be fetched anew is gone, and does not count as its owner's; safe in a cancelled task."""
        if transfer.meter.received_bytes and not transfer.kept_bytes:
            with anyio.move_on_after(FORGET_SECONDS, shield=True):
                await forget_item_bytes(self._work.job_id, index)

    def _request(self, index: int, file: PlannedFile, transfer: Transfer) -> FetchRequest:
        owners = self._fetching.fetch_options(self._options)
        options = owners if file.is_first_origin else owners.without_headers()
        return FetchRequest(
            url=self._url_of(file),
            key=file.key(self._work.job_id),
            folder=self._work.folder,
            options=options.with_headers(file.headers),
            bandwidth=self._bandwidth,
            meter=transfer.meter,
            log=self._work.log,
            on_file=partial(self._look_at, file, transfer),
            on_wait=transfer.set_waiting,
            on_size=partial(self._share.take, index),
            is_same_demanded=self._options.is_fresh_link and file.url is None,
            is_page_wanted=file.is_page_wanted,
        )

    def _url_of(self, file: PlannedFile) -> str:
        """With credentials, where it is at the origin that they are for."""
        given = self._fetching.url_of(self._options)
        if file.url is None:
            return given
        return with_credentials(file.url, given) if file.is_first_origin else file.url

    async def _look_at(self, planned: PlannedFile, transfer: Transfer, file: Representation) -> None:
        """Before its bytes: tell of it, and skip it where the same file was fetched before."""
        transfer.set_file(_named(file, planned))
        if (source := self._source_of(planned, file)) and self._is_skipping_duplicates:
            check_new(await find_fetched(self._work.job_id, source=source))

    @property
    def _is_skipping_duplicates(self) -> bool:
        return self._options.on_duplicate is OnDuplicate.SKIP

    def _source_of(self, planned: PlannedFile, file: Representation) -> str | None:
        return source_of(planned.url or self._options.url, file)

    async def _completed(
        self, index: int, planned: PlannedFile, fetched: FetchedFile, transfer: Transfer
    ) -> ItemResult:
        file = _named(fetched.file, planned)
        if self._is_skipping_duplicates:
            try:
                check_new(await find_fetched(self._work.job_id, sha256=fetched.sha256))
            except FileSkipped as skipped:
                return self._skipped(index, reason_of(skipped), skipped.message)
        name = unique_name(file.name, self._taken)
        self._taken.add(name.casefold())
        content_type = file.content_type or type_for(extension_of(name)) or _DEFAULT_TYPE
        self._teller.end(index, fetched.size_bytes)
        self._work.log(LogLevel.SUCCESS, f"{name}: {size_text(fetched.size_bytes)}.")
        result = {
            "finalUrl": file.url,
            "contentType": content_type,
            "sha256": fetched.sha256,
            "lastModified": file.modified_at.isoformat() if file.modified_at else None,
            "resumable": transfer.is_resumable,
        }
        stored = FetchedBlob(
            fetched.key,
            name,
            content_type,
            fetched.size_bytes,
            fetched.sha256,
            modified_at=file.modified_at,
            source=self._source_of(planned, file),
        )
        return ItemResult(
            index,
            ItemStatus.COMPLETED,
            orjson.dumps(result),
            files=[stored],
            name=name,
            size_bytes=fetched.size_bytes,
            processed_bytes=fetched.size_bytes,
        )

    def _skipped(self, index: int, reason: str, message: str) -> ItemResult:
        self._teller.end(index, 0)
        self._work.log(LogLevel.INFO, message)
        return ItemResult(index, ItemStatus.SKIPPED, skip_reason=reason, processed_bytes=0)

    def _failed(self, index: int, file: PlannedFile, refusal: Refusal, transfer: Transfer) -> ItemResult:
        """The item failed; but where its owner or the operator has to do something first, the job waits."""
        if (stop := _stop_of(file, refusal)) is not None:
            self._work.report_transfers(self._teller.state(is_stopping=True))
            raise stop from refusal
        self._teller.end(index, 0)
        self._work.log(LogLevel.ERROR, refusal.message)
        may_pass = isinstance(refusal, FetchFailed) or refusal.code is ErrorCode.QUOTA_EXCEEDED
        error = ItemError(refusal.code, refusal.message, is_retryable=may_pass)
        return ItemResult(index, ItemStatus.FAILED, error=error, processed_bytes=transfer.kept_bytes)


def _stop_of(file: PlannedFile, refusal: Refusal) -> Exception | None:
    """What ends the whole call; None where the item alone has failed."""
    if refusal.code is ErrorCode.INSUFFICIENT_STORAGE:
        return OSError(errno.ENOSPC, refusal.message)
    if file.url is None and isinstance(refusal, FetchFailed) and refusal.is_link_gone:
        return PauseJob(refusal.message)
    return None


def _named(file: Representation, planned: PlannedFile) -> Representation:
    """The file under the name that it was planned with, where it has one."""
    return file if planned.name is None else replace(file, name=planned.name)
