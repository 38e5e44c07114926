"""Downloads that are changed while they run or stand still."""

from typing import Any

import pytest
from tortoise.connection import get_connection

from auth.keys import Keys
from auth.sealing import Sealer
from base.words import JobStatus
from downloads.download_options import DownloadOptions
from downloads.secrets import PURPOSE, open_url
from models import Job
from models.sql import fetch_rows
from tests.databases import read_tables
from tests.resolvers.downloads_for_tests import UPDATE, URL, begin, change
from tests.web_app import SECRET, App


async def test_another_bandwidth_is_stored_for_whoever_fetches(app: App) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    await change(app, download_id, status=JobStatus.PROCESSING)
    await app.data(UPDATE, person, id=download_id, input={"bandwidthLimit": 50, "title": "Slow"})

    job = await Job.get(id=download_id)
    assert (job.options["bandwidthLimit"], job.title) == (50, "Slow")
    answer = await app.ask(UPDATE, person, id=download_id, input={"bandwidthLimit": -1, "title": "No"})
    assert (answer.code, answer.field) == ("BAD_INPUT", "input.bandwidthLimit")
    assert (await Job.get(id=download_id)).title == "Slow"


@pytest.mark.parametrize("status", [JobStatus.PAUSED, JobStatus.FAILED])
async def test_a_fresh_link_is_taken_by_a_download_that_stands_still(app: App, status: JobStatus) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    await change(app, download_id, status=status, download={"finalUrl": "https://old.example/", "resumable": True})

    answer = await app.data(UPDATE, person, id=download_id, input={"url": "https://me:hunter2@example.org/fresh"})

    assert answer["updateJob"]["url"] == "https://example.org/fresh"
    job = await Job.get(id=download_id)
    stored = DownloadOptions.model_validate(job.options)
    assert open_url(Sealer(Keys(SECRET), PURPOSE), stored) == "https://me:hunter2@example.org/fresh"
    assert stored.is_fresh_link
    assert job.download == {"url": "https://example.org/fresh", "finalUrl": None, "resumable": True}
    assert job.error_is_retryable is (status is JobStatus.FAILED)
    (row,) = await fetch_rows(get_connection("default"), "SELECT * FROM jobs WHERE id = $1", download_id)
    assert "hunter2" not in str(row)


@pytest.mark.parametrize(
    ("status", "url", "code"),
    [
        (JobStatus.PENDING, URL, "INVALID_STATE"),
        (JobStatus.PROCESSING, URL, "INVALID_STATE"),
        (JobStatus.COMPLETED, URL, "INVALID_STATE"),
        (JobStatus.PAUSED, "nonsense", "BAD_INPUT"),
        (JobStatus.PAUSED, "ftp://example.org/", "URL_NOT_ALLOWED"),
        (JobStatus.PAUSED, "http://10.0.0.1/", "URL_NOT_ALLOWED"),
    ],
)
async def test_a_link_that_is_not_taken_changes_nothing(app: App, status: JobStatus, url: str, code: str) -> None:
    person = await app.person()
    download_id = await begin(app, person)
    await change(app, download_id, status=status)
    before = await read_tables("jobs")

    answer = await app.ask(UPDATE, person, id=download_id, input={"url": url, "title": "Other"})

    assert answer.code == code
    assert await read_tables("jobs") == before


@pytest.mark.parametrize("changes", [{"bandwidthLimit": 1}, {"url": URL}])
async def test_other_jobs_have_neither_bandwidth_nor_url(app: App, changes: dict[str, Any]) -> None:
    person = await app.person()

    answer = await app.ask(UPDATE, person, id=await app.batch(person), input=changes)

    (name,) = changes
    assert (answer.code, answer.field) == ("BAD_INPUT", f"input.{name}")
