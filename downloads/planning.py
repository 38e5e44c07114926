"""Plan of a download that is not begun: the files that its URL leads to, and which of them would be fetched."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from downloads.download_options import DownloadOptions
from downloads.failures import FileSkipped
from downloads.fetching import Fetching
from downloads.lifecycle import check_url, stored_options
from downloads.options import FetchOptions
from downloads.probe import probe
from downloads.resolving.contract import Resolution, ResolvedFile
from downloads.urls import parse_address, with_credentials
from downloads.wanted import check_wanted
from downloads.wiring import DownloadServices, PlanPatience
from jobs.scheduling.external import check_may_own

MAX_FILES = 1_000
"""Files that a plan names; the URL may lead to more."""
MAX_PROBES = 40
"""Files whose servers are asked about them; of the others no more is known than their links tell."""
PROBES_AT_ONCE = 4
_ANSWER_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class FileInPlan:
    """A file that a URL leads to.

    Attributes:
        url: Without credentials.
        content_type: None where nobody says it; likewise
        size_bytes: On the wire.
        reason: Why it would not be fetched, a sentence; None: it would be.
    """

    url: str
    name: str
    content_type: str | None = None
    size_bytes: int | None = None
    reason: str | None = None


async def plan_download(
    viewer: Viewer, url: str, options: dict[str, Any], services: DownloadServices
) -> list[FileInPlan]:
    """What a download of `url` would fetch, in order, at most `MAX_FILES`; nothing is stored and no file transferred.

    Args:
        viewer: Who asks.
        url: As it would be given to `start_downloads`, with its credentials.
        options: As in `NewDownloads`.
        services: With what is asked.

    Raises:
        Refusal: FORBIDDEN for workers; BAD_INPUT for an option that is wrong, with its field; what `check_url` raises; what the server
            of the URL refuses; TIMED_OUT where it takes too long.
    """
    check_may_own(viewer)
    check_url(url, services)
    stored = stored_options(services, {**options, "url": url}, "options")
    async with services.plans:
        return await _Plan(services.fetching, stored, services.patience).make()


class _Plan:
    """One plan on its way."""

    def __init__(self, fetching: Fetching, options: DownloadOptions, patience: PlanPatience) -> None:
        self._fetching = fetching
        self._url = fetching.url_of(options)
        self._options = _impatient(fetching.fetch_options(options))
        self._follows_links = options.follow_links
        self._slots = asyncio.Semaphore(PROBES_AT_ONCE)
        self._patience = patience

    async def make(self) -> list[FileInPlan]:
        try:
            async with asyncio.timeout(self._patience.resolve_seconds):
                resolving = self._fetching.resolving
                resolution = await resolving.resolve(self._url, self._options, follow_links=self._follows_links)
        except TimeoutError:
            seconds = self._patience.resolve_seconds
            message = f"The server of this URL took more than {seconds:.0f} s: try again, or start the download."
            raise Refusal(ErrorCode.TIMED_OUT, message) from None
        files = resolution.files[:MAX_FILES]
        asked = [index for index, file in enumerate(files) if file.will_download][:MAX_PROBES]
        answers = await self._ask(resolution, asked)
        return [answers.get(index) or _by_its_link(file) for index, file in enumerate(files)]

    async def _ask(self, resolution: Resolution, indices: Iterable[int]) -> dict[int, FileInPlan]:
        """What servers say of these files, as far as they do in time."""
        answers: dict[int, FileInPlan] = {}

        async def ask(index: int) -> None:
            async with self._slots:
                answers[index] = await self._describe(resolution.files[index], is_submitted=resolution.is_file)

        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience.probe_seconds), asyncio.TaskGroup() as tasks:
                for index in indices:
                    tasks.create_task(ask(index))
        return answers

    async def _describe(self, file: ResolvedFile, *, is_submitted: bool) -> FileInPlan:
        url = self._url if is_submitted else file.url
        options = self._options
        if not is_submitted and file.is_first_origin:
            url = with_credentials(file.url, self._url)
        elif not is_submitted:
            options = options.without_headers()
        options = options.with_headers(file.headers)
        planned = _by_its_link(file)
        try:
            found = await probe(self._fetching.client, parse_address(url), options)
        except Refusal as refusal:
            return replace(planned, reason=refusal.message)
        name = file.name if file.is_named else found.name
        planned = FileInPlan(file.url, name, found.content_type, found.total)
        try:
            check_wanted(options, found, is_page_wanted=file.is_page_wanted)
        except FileSkipped as skipped:
            return replace(planned, reason=skipped.message)
        return planned


def _by_its_link(file: ResolvedFile) -> FileInPlan:
    reason = None if file.will_download else file.skip_message or str(file.skip_reason)
    return FileInPlan(file.url, file.name, file.content_type, file.size_bytes, reason)


def _impatient(options: FetchOptions) -> FetchOptions:
    """The options of a question to which somebody waits for the answer: asked once, and not for long."""
    return replace(
        options,
        max_retries=0,
        connect_timeout_seconds=min(options.connect_timeout_seconds, _ANSWER_SECONDS),
        read_timeout_seconds=min(options.read_timeout_seconds, _ANSWER_SECONDS),
    )
