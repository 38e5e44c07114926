"""Wishes for files: type, size and date, by what is announced and what comes."""

from datetime import UTC, datetime

import pytest

from base.words import LogLevel
from downloads.failures import FileSkipped, SkipReason
from downloads.media_types import Category
from tests.downloads.conftest import KEY, Fetching
from tests.downloads.servers_for_tests import Asked, Origin, Reply, serving

CONTENT = bytes(range(256)) * 2_000


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"categories": frozenset(Category) - {Category.IMAGE}}, SkipReason.TYPE),
        ({"excluded_extensions": frozenset({"jpg"})}, SkipReason.EXTENSION),
        ({"max_bytes": len(CONTENT) - 1}, SkipReason.SIZE),
        ({"min_bytes": len(CONTENT) + 1}, SkipReason.SIZE),
        ({"date_from": datetime(2025, 1, 2, tzinfo=UTC)}, SkipReason.DATE),
        ({"date_to": datetime(2024, 12, 31, tzinfo=UTC)}, SkipReason.DATE),
    ],
)
async def test_each_wish_leaves_a_file_out(fetching: Fetching, options: dict[str, object], reason: SkipReason) -> None:
    async with serving(Origin(CONTENT)) as origin:
        with pytest.raises(FileSkipped) as skipped:
            await fetching.fetch(origin.url("/a.JPG"), **options)

    assert skipped.value.reason is reason
    assert await fetching.keys() == set()


async def test_a_file_at_every_limit_is_wanted(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT)) as origin:
        await fetching.fetch(
            origin.url("/a.jpg"),
            categories=frozenset({Category.IMAGE}),
            excluded_extensions=frozenset({"png"}),
            min_bytes=len(CONTENT),
            max_bytes=len(CONTENT),
            date_from=datetime(2025, 1, 1, tzinfo=UTC),
            date_to=datetime(2025, 1, 1, tzinfo=UTC),
        )


def without_length(_asked: Asked, reply: Reply) -> Reply:
    return reply.set("Content-Length", None)


@pytest.mark.parametrize(("limit", "count"), [("max_bytes", len(CONTENT) - 1), ("min_bytes", len(CONTENT) + 1)])
async def test_a_size_that_was_not_announced_is_held_on_what_comes(fetching: Fetching, limit: str, count: int) -> None:
    async with serving(Origin(CONTENT, change=without_length)) as origin:
        with pytest.raises(FileSkipped) as skipped:
            await fetching.fetch(origin.url(), **{limit: count})

    assert skipped.value.reason is SkipReason.SIZE
    assert await fetching.keys() == set()


async def test_a_file_without_a_date_is_kept_and_named_in_the_log(fetching: Fetching) -> None:
    async with serving(Origin(CONTENT, last_modified=None)) as origin:
        await fetching.fetch(origin.url(), date_from=datetime(2030, 1, 1, tzinfo=UTC))

    assert fetching.said == [(LogLevel.INFO, "file.bin has no date: it is fetched whatever dateFrom and dateTo say.")]


@pytest.mark.parametrize(("path", "is_skipped"), [("/a.jpg", True), ("/a.html", False), ("/a", False)])
async def test_a_page_is_never_stored_under_the_name_of_something_else(
    fetching: Fetching, path: str, is_skipped: bool
) -> None:
    async with serving(Origin(b"<p>sign in</p>", content_type="text/html; charset=utf-8")) as origin:
        if not is_skipped:
            assert (await fetching.fetch(origin.url(path))).file.name == "a.html"
            return
        with pytest.raises(FileSkipped, match="The server sent a page") as skipped:
            await fetching.fetch(origin.url(path))

    assert skipped.value.reason is SkipReason.PAGE
    assert await fetching.keys() == set()


@pytest.mark.parametrize(("path", "is_skipped"), [("/about", True), ("/about.php", True), ("/about.html", False)])
async def test_a_link_of_a_page_is_no_file_where_it_leads_to_another_page(
    fetching: Fetching, path: str, is_skipped: bool
) -> None:
    async with serving(Origin(CONTENT, content_type="text/html")) as origin:
        await fetching.fetch(origin.url(path))
        await fetching.fetcher.discard(KEY, fetching.folder)
        if is_skipped:
            with pytest.raises(FileSkipped, match="leads to another page") as skipped:
                await fetching.fetch(origin.url(path), is_page_wanted=False)
            assert skipped.value.reason is SkipReason.PAGE
        else:
            await fetching.fetch(origin.url(path), is_page_wanted=False)


async def test_a_page_that_is_offered_as_an_attachment_is_a_file(fetching: Fetching) -> None:
    def offered(_asked: Asked, reply: Reply) -> Reply:
        return reply.set("Content-Disposition", "attachment")

    async with serving(Origin(CONTENT, content_type="text/html", change=offered)) as origin:
        assert (await fetching.fetch(origin.url("/report"), is_page_wanted=False)).file.name == "report.html"
