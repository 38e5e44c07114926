"""Pages as downloads, and what resolvers know of their files."""

from dataclasses import replace

from base.words import JobStatus
from downloads.planning import plan_download
from downloads.resolving.contract import Link, Resolution, ResolvedFile
from downloads.resolving.registry import is_media_known
from downloads.resolving.resolve import Resolving
from downloads.wiring import DownloadServices
from models import Item
from tests.downloads.download_harness import CONTENT, SEALER, DownloadHarness
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving

PAGE = b"""<html><body><a href="a.zip">A</a><img src="pictures/a.zip"><a href="b.pdf">B</a></body></html>"""


def _paged(asked: Asked, reply: Reply) -> Reply:
    """A page at /page, and files beside it, each with its address as its bytes."""
    is_page = asked.target == "/page"
    body = PAGE if is_page else asked.target.encode() * 1_000
    reply.status, reply.body = 200, body
    reply.set("Content-Range", None).set("ETag", f'"{asked.target}"').set("Content-Length", str(len(body)))
    return reply.set("Content-Type", "text/html" if is_page else "application/octet-stream")


async def test_a_page_stands_for_the_files_that_it_links_to(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = _paged
    job = await downloads.run(await downloads.add(origin.url("/page"), includeDocuments=False))

    assert job.status is JobStatus.COMPLETED
    found = await downloads.contents(job)
    assert sorted(found) == ["a (2).zip", "a.zip"]
    assert sorted(found.values()) == [b"/a.zip" * 1_000, b"/pictures/a.zip" * 1_000]
    skipped = {item.name: item.skip_reason for item in await Item.filter(job_id=job.id, status="SKIPPED")}
    assert "type" in skipped.values()
    assert job.total_items == len(found) + len(skipped)
    assert origin.open_most <= 2


async def test_without_following_links_the_page_is_the_file(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = _paged
    job = await downloads.run(await downloads.add(origin.url("/page"), followLinks=False))
    assert await downloads.contents(job) == {"page.html": PAGE}


async def test_one_digest_is_not_for_many_files(downloads: DownloadHarness, origin: Origin) -> None:
    origin.change = _paged
    job = await downloads.run(await downloads.add(origin.url("/page"), expectedSha256="0" * 64))
    assert (job.status, job.error_code) == (JobStatus.FAILED, "BAD_INPUT")


class NamingResolver:
    """Knows a name, and headers that the server of the file wants."""

    async def resolve(self, link: Link) -> Resolution:
        file = ResolvedFile(
            url=link.url.replace("/watch", "/x?id=1"),
            name="A film.mp4",
            is_named=True,
            headers=(("Referer", "http://a.example/"), ("X-Own", "its")),
        )
        return Resolution(files=(file,), final_url=link.url)


async def test_a_file_keeps_the_name_and_gets_the_headers_that_its_resolver_knows(
    downloads: DownloadHarness, origin: Origin
) -> None:
    resolving = Resolving(downloads.fetching.client, [NamingResolver()])
    downloads.fetching = replace(downloads.fetching, resolving=resolving)
    headers = [{"name": "x-own", "value": "mine"}]
    job = await downloads.run(await downloads.add(origin.url("/watch"), headers=headers))

    assert job.status is JobStatus.COMPLETED
    assert await downloads.contents(job) == {"A film.mp4": CONTENT}
    [asked] = origin.asked
    assert (asked.target, asked.headers["Referer"], asked.headers["X-Own"]) == ("/x?id=1", "http://a.example/", "mine")


async def test_a_plan_shows_that_name_and_asks_with_those_headers(downloads: DownloadHarness, origin: Origin) -> None:
    resolving = Resolving(downloads.fetching.client, [NamingResolver()])
    fetching = replace(downloads.fetching, resolving=resolving)
    services = DownloadServices(SEALER, fetching, is_private_allowed=True)
    [file] = await plan_download(downloads.jobs.viewer, origin.url("/watch"), {}, services)

    assert (file.name, file.size_bytes, file.reason) == ("A film.mp4", len(CONTENT), None)
    assert [asked.headers["Referer"] for asked in origin.asked] == ["http://a.example/"]


async def test_an_empty_page_says_what_could_be_installed(downloads: DownloadHarness) -> None:
    async with serving(Origin(b"<p>nothing", content_type="text/html")) as origin:
        job = await downloads.run(await downloads.add(origin.url("/a/")))

    assert job.status is JobStatus.SKIPPED
    assert ("yt-dlp (the extra `media`)" in (job.status_message or "")) is not is_media_known()
