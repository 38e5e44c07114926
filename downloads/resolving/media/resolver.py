"""Resolve a page to its videos and recordings, by yt-dlp."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from base.logging import log_for
from base.words import LogLevel
from downloads.failures import FetchFailed, SkipReason
from downloads.names import clean_name
from downloads.options import USER_AGENT
from downloads.resolving.contract import Link, Resolution, ResolvedFile
from downloads.resolving.media.extraction import Answer, ExtractionFailed, Media, Question, extract
from downloads.resolving.pages import PageResolver
from downloads.urls import shown_url

log = log_for(__name__)

PROCESSES_AT_ONCE = 2
_NO_PATH = str.maketrans("/\\", "__")
_NO_FILE = "The site hands {} out in pieces, or picture and sound apart: only what is one file is fetched."


class MediaResolver:
    """Knows the videos and recordings of pages.

    Of a site that yt-dlp knows they are all; on any other page they stand beside the files that `PageResolver` finds.

    Args:
        extract: Asks yt-dlp.
    """

    def __init__(self, extract: Callable[[Question], Awaitable[Answer]] = extract) -> None:
        self._extract = extract
        self._pages = PageResolver()
        self._slots = asyncio.Semaphore(PROCESSES_AT_ONCE)

    async def resolve(self, link: Link) -> Resolution | None:
        try:
            page = await self._pages.resolve(link)
        except FetchFailed as failed:
            if not failed.is_forbidden:
                raise
            return await self._resolve_forbidden(link)
        if page is None or page.is_listing or page.final_url is None:
            return page
        answer = await self._ask(link, page.final_url)
        if answer is None:
            return page
        found = tuple(_file(media, page.final_url) for media in answer.files)
        if found and not answer.is_generic:
            return Resolution(files=found, final_url=page.final_url, unnamed=answer.unnamed)
        return replace(page, files=(*page.files, *found))

    async def _resolve_forbidden(self, link: Link) -> Resolution | None:
        """What yt-dlp finds behind a page that is not shown to us: the parts of it that know the site ask otherwise."""
        url = shown_url(link.url)
        answer = await self._ask(link, url)
        if answer is None or not answer.files:
            return None
        return Resolution(
            files=tuple(_file(media, url) for media in answer.files), final_url=url, unnamed=answer.unnamed
        )

    async def _ask(self, link: Link, url: str) -> Answer | None:
        """What yt-dlp says of the page at `url`; the owner of the link is told where that is nothing, or not all."""
        agent = link.options.user_agent
        try:
            async with self._slots, link.forward_proxy() as proxy:
                question = Question(url, proxy, user_agent=None if agent == USER_AGENT else agent)
                answer = await self._extract(question)
        except ExtractionFailed as failed:
            log.warning("yt-dlp failed", reason=str(failed))
            link.log(LogLevel.WARNING, f"yt-dlp could not be asked about the page: {failed}.")
            return None
        if answer.error and not answer.is_generic:
            link.log(LogLevel.WARNING, f"yt-dlp, of the page: {answer.error}")
        return answer


def _file(media: Media, page: str) -> ResolvedFile:
    title = media.title.translate(_NO_PATH)
    name = clean_name(f"{title}.{media.extension}" if media.extension else title)
    if media.url is not None:
        return ResolvedFile(url=media.url, name=name, is_page_wanted=False, is_named=True, headers=media.headers)
    message = _NO_FILE.format(name)
    return ResolvedFile(url=media.page or page, name=name, skip_reason=SkipReason.STREAM, skip_message=message)
