"""The processor of downloads: resolve, fetch, finish."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import cast

from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, LogLevel
from downloads.download_options import DownloadOptions
from downloads.duplicates import duplicate_in
from downloads.failures import SkipReason
from downloads.fetching import Fetching
from downloads.partials import remove_fetched_partials, remove_partials
from downloads.planned_file import PlannedFile, files_of, payload_of
from downloads.resolving.contract import ResolvedFile
from downloads.resolving.registry import is_media_known
from downloads.running import DownloadCall
from downloads.telling import waiting_state
from processors.contract import AssignedSlice, AsyncWork, ItemResult, MadeFile, PlannedSlice, SkipJob, Source

_EMPTY = "The page links to no file."
_INSTALL = (
    "What its scripts may show is looked for where whoever runs this server has installed yt-dlp (the extra `media`)."
)


class DownloadProcessor:
    """See `AsyncProcessor`. All files of a download are one slice, so that they share its limit of bandwidth."""

    def __init__(self, fetching: Fetching) -> None:
        self._fetching = fetching

    async def plan(self, work: AsyncWork, inputs: Sequence[Source]) -> AsyncIterator[PlannedSlice | MadeFile]:  # noqa: ARG002  there are none
        options = cast("DownloadOptions", work.options)
        resolution = await self._fetching.resolving.resolve(
            self._fetching.url_of(options),
            self._fetching.fetch_options(options),
            follow_links=options.follow_links,
            log=work.log,
            on_wait=lambda host, seconds: work.report_transfers(waiting_state(host, seconds)),
        )
        if resolution.unnamed:
            work.log(LogLevel.WARNING, f"The page leads to {resolution.unnamed:,} files more, which are left out.")
        if options.expected_sha256 and not resolution.is_file:
            message = "expectedSha256 is for a single file, and this URL leads to a page of links: leave it out."
            raise Refusal(ErrorCode.BAD_INPUT, message, "input.options.expectedSha256")
        if not resolution.files:
            raise SkipJob("empty", _EMPTY if is_media_known() else f"{_EMPTY} {_INSTALL}")
        planned = [_planned(file, is_itself=resolution.is_file) for file in resolution.files]
        yield PlannedSlice(
            [file.name for file in resolution.files], payload_of(planned), [file.url for file in resolution.files]
        )

    async def process(self, work: AsyncWork, part: AssignedSlice) -> AsyncIterator[ItemResult]:
        call = await DownloadCall.begin(self._fetching, work, part, files_of(part.payload))
        async with aclosing(call.results()) as results:
            async for result in results:
                yield result

    async def finish(self, work: AsyncWork, results: AsyncIterator[ItemResult]) -> AsyncIterator[MadeFile]:
        """The files are there already; what is left of transfers goes, but of those that failed and may go on."""
        last: ItemResult | None = None
        counts: Counter[ItemStatus] = Counter()
        reasons: set[str] = set()
        async for result in results:
            counts[result.status] += 1
            reasons.add(result.skip_reason or "")
            last = result
        if counts[ItemStatus.FAILED]:
            await remove_fetched_partials(self._fetching.storage, work.job_id)
        else:
            await remove_partials(self._fetching.storage, work.job_id)
        if last is not None and counts.total() == 1 and last.error is not None:
            raise Refusal(last.error.code, last.error.message, retry_after=0.0 if last.error.is_retryable else None)
        if last is not None and counts[ItemStatus.SKIPPED] == counts.total():
            raise _skipped(reasons)
        made: tuple[MadeFile, ...] = ()
        for file in made:
            yield file


def _planned(file: ResolvedFile, *, is_itself: bool) -> PlannedFile:
    return PlannedFile(
        url=None if is_itself else file.url,
        is_first_origin=file.is_first_origin,
        is_page_wanted=file.is_page_wanted,
        name=file.name if file.is_named else None,
        headers=file.headers,
        size_bytes=file.size_bytes,
        skip_reason=file.skip_reason,
        skip_message=file.skip_message,
    )


def _skipped(reasons: set[str]) -> SkipJob:
    if len(reasons) > 1:
        return SkipJob("several", "None of the files is wanted, for several reasons: see the items.")
    (reason,) = reasons
    if (earlier := duplicate_in(reason)) is not None:
        return SkipJob(SkipReason.DUPLICATE, f"This was fetched before, by {earlier}.", earlier)
    return SkipJob(reason, f"Nothing was fetched: {reason}.")
