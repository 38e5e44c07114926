"""Events of jobs: what subscribers can see, and no more."""

from tortoise.connection import get_connection

from jobs.outbox import UNSEEN, job_changed_event
from jobs.recording.progress import byte_rate, seconds_left
from jobs.rows import job_of
from jobs.snapshots import job_of_event
from models import Job
from models.sql import fetch_rows
from tests.job_harness import JobHarness


async def test_an_event_leaves_out_what_no_subscriber_sees(harness: JobHarness) -> None:
    job = await harness.add_job(options={"note": "secret"})
    (row,) = await fetch_rows(get_connection("default"), "SELECT * FROM jobs WHERE id = $1", job.id)

    told = job_changed_event(row)
    assert set(row) - set(told.row) == set(UNSEEN)
    assert b"secret" not in told.encode()


async def test_a_job_that_an_event_tells_is_the_job_but_for_what_no_subscriber_sees(harness: JobHarness) -> None:
    job = await harness.add_job()
    (row,) = await fetch_rows(get_connection("default"), "SELECT * FROM jobs WHERE id = $1", job.id)

    told, read = job_of_event(job_changed_event(row)), job_of(row)
    seen = Job._meta.db_fields - set(UNSEEN)
    assert {name: getattr(told, name) for name in seen} == {name: getattr(read, name) for name in seen}
    assert byte_rate(told) == byte_rate(read)
    assert seconds_left(told, read.updated_at) == seconds_left(read, read.updated_at)


async def test_an_event_of_a_server_that_tells_all_columns_is_read_as_one_that_does_not(harness: JobHarness) -> None:
    job = await harness.add_job(options={"note": "secret"})
    (row,) = await fetch_rows(get_connection("default"), "SELECT * FROM jobs WHERE id = $1", job.id)
    whole = job_changed_event(row)
    whole.row.update(options='{"note":"secret"}', search_text="secret")

    assert job_of_event(whole) == job_of_event(job_changed_event(row))
