"""Questions of a plan, from the child process to the row."""

from base.words import JobStatus
from jobs.queries import summaries_of_jobs
from models import File
from tests.background.worker_harness import WorkerHarness


async def test_what_a_plan_told_before_its_question_is_kept(worker_harness: WorkerHarness) -> None:
    job = await worker_harness.run(await worker_harness.add_job(plan="ask", summary={"items": 4}))

    assert (job.status, job.awaiting) == (JobStatus.AWAITING_INPUT, "password")
    assert await summaries_of_jobs([job.id]) == [{"items": 4}]
    assert [file.name for file in await File.filter(job_id=job.id)] == ["spool.txt"]
