"""Resolve an HTML page, or a listing, to its files."""

import asyncio
from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from base.errors import Refusal
from base.words import LogLevel
from downloads.failures import SkipReason
from downloads.media_types import PAGES
from downloads.names import choose_name, clean_name, is_file_by_name
from downloads.representation import Representation
from downloads.resolving.charsets import decode_page
from downloads.resolving.contract import Link, Page, Resolution, ResolvedFile
from downloads.resolving.listings import is_entry, is_folder, is_listing
from downloads.resolving.page_links import PageLink, PageLinks, read_links
from downloads.urls import parse_address

_FOLDER = "This is a folder of the listing: fetch it by its own URL."
_KEPT = "".join(map(chr, range(0x21, 0x7F)))


class PageResolver:
    """Knows what HTML pages lead to, one level deep."""

    async def resolve(self, link: Link) -> Resolution | None:
        if is_file_by_name(link.url) or not _is_page(await link.describe()):
            return None
        page = await link.read(link.url)
        if not _is_page(page.file):
            return None
        if not page.is_whole:
            link.log(LogLevel.WARNING, f"The page is very large: only its first {len(page.content):,} bytes were read.")
        return await asyncio.to_thread(find_files, page)


def find_files(page: Page) -> Resolution:
    """The files of a page: of a listing those of its folder, else all that it links to or shows."""
    text, codec = decode_page(page.content, page.charset)
    found, here = read_links(text), page.file.url
    is_folder_listed = is_listing(found, here)
    if is_folder_listed:
        files = [_entry(url) for _, url in _urls(found, here, codec) if is_entry(url, here)]
    else:
        files = [_linked(link, url) for link, url in _urls(found, here, codec) if url != here]
    return Resolution(files=tuple(files), is_listing=is_folder_listed, final_url=here, unnamed=found.unnamed)


def _is_page(file: Representation) -> bool:
    """Whether it is a page to look through; one that is offered as an attachment is itself the file."""
    return file.content_type in PAGES and not file.is_attachment


def _entry(url: str) -> ResolvedFile:
    if is_folder(url):
        name = choose_name(None, url.rstrip("/"), None)
        return ResolvedFile(url=url, name=name, skip_reason=SkipReason.FOLDER, skip_message=_FOLDER)
    return ResolvedFile(url=url, name=choose_name(None, url, None))


def _linked(link: PageLink, url: str) -> ResolvedFile:
    name = clean_name(link.filename) if link.filename else choose_name(None, url, None)
    return ResolvedFile(url=url, name=name, is_page_wanted=False)


def _urls(found: PageLinks, here: str, codec: str) -> Iterator[tuple[PageLink, str]]:
    """Each link with its URL, without fragment and credentials, where it has one of http or https."""
    base = _resolve(found.base, here, codec) or here if found.base else here
    for link in found.links:
        url = _resolve(link.text, base, codec)
        if url is not None:
            yield link, url


def _resolve(text: str, base: str, codec: str) -> str | None:
    """`text` as the URL standard reads it on a page of this encoding: only its query is written in that."""
    try:
        parts = urlsplit(urljoin(base, text.translate({9: None, 10: None, 13: None})))
        query = quote(parts.query.encode(codec, "xmlcharrefreplace"), safe=_KEPT)
        return str(parse_address(urlunsplit(parts._replace(query=query, fragment=""))).url)
    except (ValueError, Refusal):
        return None
