"""Duplicates: what was fetched before is skipped, on both databases."""

from typing import Any

import pytest

from base.words import ItemStatus, JobStatus
from models import File
from tests.downloads.download_harness import CONTENT, DownloadHarness
from tests.downloads.servers_for_tests import Origin


async def test_a_url_whose_file_was_fetched_before_is_skipped_before_its_bytes(
    downloads: DownloadHarness, origin: Origin
) -> None:
    first_job = await downloads.run(await downloads.add(origin.url("/file.zip")))
    again = await downloads.run(await downloads.add(origin.url("/file.zip")))

    assert (again.status, again.download["skipReason"], again.download["duplicateOf"]) == (
        JobStatus.SKIPPED, "duplicate", first_job.id
    )  # fmt: skip
    item = await downloads.item(again)
    assert (item.status, item.skip_reason) == (ItemStatus.SKIPPED, f"duplicate of {first_job.id}")
    assert again.processed_bytes == 0
    assert not downloads.partials()


async def test_the_same_bytes_at_another_url_are_a_duplicate(downloads: DownloadHarness, origin: Origin) -> None:
    first_job = await downloads.run(await downloads.add(origin.url("/a.zip")))
    again = await downloads.run(await downloads.add(origin.url("/b.zip")))
    assert (again.status, again.download["duplicateOf"]) == (JobStatus.SKIPPED, first_job.id)


async def test_who_wants_a_duplicate_has_it(downloads: DownloadHarness, origin: Origin) -> None:
    await downloads.run(await downloads.add(origin.url("/file.zip")))
    again = await downloads.run(await downloads.add(origin.url("/file.zip"), onDuplicate="DOWNLOAD"))
    assert (again.status, await downloads.contents(again)) == (JobStatus.COMPLETED, {"file.zip": CONTENT})


@pytest.mark.parametrize("change", [{"is_stored": False}, {"owner_id": "user-1754556928-000000000000"}])
async def test_a_file_that_is_gone_or_somebody_elses_is_no_reason_to_skip(
    downloads: DownloadHarness, origin: Origin, change: dict[str, Any]
) -> None:
    job = await downloads.run(await downloads.add(origin.url("/file.zip")))
    await File.filter(job_id=job.id).update(**change)
    assert (await downloads.run(await downloads.add(origin.url("/file.zip")))).status is JobStatus.COMPLETED


async def test_another_version_at_the_same_url_is_no_duplicate(downloads: DownloadHarness, origin: Origin) -> None:
    await downloads.run(await downloads.add(origin.url("/file.zip")))
    origin.content, origin.etag = CONTENT[::-1], '"v2"'
    again = await downloads.run(await downloads.add(origin.url("/file.zip")))
    assert (again.status, await downloads.contents(again)) == (JobStatus.COMPLETED, {"file.zip": CONTENT[::-1]})
