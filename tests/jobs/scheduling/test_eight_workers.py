"""Eight workers at once, while owners change their minds: each choice is the best one, and no budget is ever exceeded.

The best choice is computed here a second time, in the plainest way, and compared inside the transaction that chooses.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tortoise.backends.base.client import BaseDBAsyncClient

from base.errors import Refusal
from base.words import JobStatus, JobType, SlicePhase
from jobs.creation import NewJob
from jobs.lifecycle import cancel_job, create_job, pause_job, resume_job, retry_job, update_job
from jobs.recording.items import pending_indices
from jobs.scheduling import claims
from jobs.scheduling.claims import Claim, ClaimLost, claim_slices
from jobs.scheduling.leases import release_run
from jobs.scheduling.selection import Budget, ClassBudget, select_next_job
from jobs.transitions import begin_work
from models import Job
from models.sql import fetch_rows
from processors.contract import ResourceClass
from tests.background.worker_harness import wait_until
from tests.job_harness import JobHarness, check_counters, completed, viewer_of
from tests.kinds import PLAIN

WORKERS, JOBS, CHANGES = 8, 30, 120
OWNERS = [f"user-1754556928-00000000000{digit}" for digit in "abc"]
_STATE = (
    "SELECT j.id, j.owner_id, j.type, j.status, j.priority, j.queued_at, s.id AS slice_id, s.fence, "
    "s.status AS slice_status FROM jobs j LEFT JOIN slices s ON s.job_id = j.id AND s.status IN ('WAITING', 'RUNNING') "
    "WHERE j.status IN ('PENDING', 'PROCESSING', 'CANCELLING') OR s.status = 'RUNNING' ORDER BY j.id, s.id"
)


FETCHING = replace(PLAIN, name="fetching", job_type=JobType.DOWNLOAD, resource_class=ResourceClass.NETWORK)
FETCHES = 1
BUDGET = Budget(jobs=2, classes=(ClassBudget((FETCHING.name,), FETCHES),))
STAGES = {kind.name: kind.phases for kind in (PLAIN, FETCHING)}


@dataclass
class State:
    """What one statement saw of the jobs that wait or run."""

    rows: list[dict[str, Any]]

    @property
    def running_slices(self) -> set[tuple[int, int]]:
        return {(row["slice_id"], row["fence"]) for row in self.rows if row["slice_status"] == "RUNNING"}

    @property
    def jobs(self) -> list[dict[str, Any]]:
        return list({row["id"]: row for row in self.rows}.values())

    def running_jobs(self, *types: str) -> Counter[str]:
        """How many jobs of these types run, by owner."""
        is_running = {"PROCESSING", "CANCELLING"}
        return Counter(job["owner_id"] for job in self.jobs if job["status"] in is_running and job["type"] in types)

    def best(self) -> str | None:
        """The job whose slice is to be taken next, by what docs/jobs.md says."""
        loads = Counter(row["owner_id"] for row in self.rows if row["slice_status"] == "RUNNING")
        jobs, downloads = self.running_jobs("BATCH", "DOWNLOAD"), self.running_jobs("DOWNLOAD")
        waiting = {row["id"] for row in self.rows if row["slice_status"] == "WAITING"}

        def may_go_on(job: dict[str, Any]) -> bool:
            if job["status"] == "PENDING":
                has_budget = job["type"] != "DOWNLOAD" or downloads[job["owner_id"]] < FETCHES
                return has_budget and jobs[job["owner_id"]] < BUDGET.jobs
            return bool(job["status"] == "PROCESSING")

        candidates = [job for job in self.jobs if job["id"] in waiting and may_go_on(job)]
        order = sorted(candidates, key=lambda j: (-j["priority"], loads[j["owner_id"]], j["queued_at"], j["id"]))
        return order[0]["id"] if order else None


async def look(db: BaseDBAsyncClient) -> State:
    return State(await fetch_rows(db, _STATE))


@dataclass
class Witness:
    """Stands beside everybody who claims.

    Attributes:
        compared: Choices at which nothing else moved, so that there was one right answer.
        most_jobs: The most jobs that one owner was ever seen to run, and downloads (`most_downloads`).
        seen: What each claimer saw before it chose.
    """

    compared: int = 0
    most_jobs: int = 0
    most_downloads: int = 0
    seen: dict[object, State] = field(default_factory=dict)

    async def choose(self, db: BaseDBAsyncClient, kinds: list[str], budget: Budget) -> Any:
        before = self.seen[asyncio.current_task()] = await look(db)
        self.most_jobs = max(self.most_jobs, *before.running_jobs("BATCH", "DOWNLOAD").values(), 0)
        self.most_downloads = max(self.most_downloads, *before.running_jobs("DOWNLOAD").values(), 0)
        chosen = await select_next_job(db, kinds, budget)
        if (await look(db)).rows == before.rows:
            self.compared += chosen is not None
            assert (chosen and chosen["id"]) == before.best()
        return chosen

    async def begin(self, db: BaseDBAsyncClient, *given: Any) -> Any:
        """The slice is taken, and the transaction not over: nobody else has taken any since this one looked."""
        row = await begin_work(db, *given)
        new = (await look(db)).running_slices - self.seen[asyncio.current_task()].running_slices
        assert len(new) == 1
        return row


@dataclass
class Trial:
    """Workers, and owners who do not let them work in peace."""

    harness: JobHarness
    dice: random.Random
    taken: list[Claim] = field(default_factory=list)
    is_over: bool = False

    async def add_job(self) -> None:
        viewer = viewer_of(self.dice.choice(OWNERS))
        kind = self.dice.choice((PLAIN, PLAIN, FETCHING))
        upload = await self.harness.add_upload(owner_id=viewer.user_id)
        new = NewJob(kind.name, {}, [upload.id], priority=self.dice.choice((0, 0, 0, 1, -1)))
        await create_job(viewer, kind, new, self.harness.outbox)

    async def work(self, name: str) -> None:
        while not self.is_over:
            claim = await claim_slices(name, STAGES, self.harness.outbox, BUDGET)
            if claim is None:
                await asyncio.sleep(0.003)
                continue
            self.taken.append(claim)
            await asyncio.sleep(self.dice.random() * 0.004)
            try:
                await self.do(claim)
            except ClaimLost:
                await release_run(claim, self.harness.outbox)

    async def do(self, claim: Claim) -> None:
        luck = self.dice.random()
        if luck < 0.1:
            await release_run(claim, self.harness.outbox)
        elif luck < 0.13:
            await self.harness.fail(claim)
        elif claim.phase is SlicePhase.PLAN:
            await self.harness.plan_claim(claim, *[2] * self.dice.randint(1, 4))
        elif claim.phase is SlicePhase.FINISH:
            await self.harness.record_finish(claim)
        else:
            await self.record(claim)

    async def record(self, claim: Claim) -> None:
        """One item and then the other; the first may have been recorded by who held the slice before."""
        first = claim.first.first_index
        indices = await pending_indices(claim, claim.first)
        if first in indices:
            await self.harness.record(claim, completed(first), is_done=False)
        await self.harness.record(claim, *[completed(first + 1)] * (first + 1 in indices))

    async def disturb(self) -> None:
        """What owners may do, at random; what is refused in the state of the moment is no matter."""
        verbs: list[Callable[[Any, str], Awaitable[Any]]] = [
            lambda viewer, id_: update_job(viewer, id_, {"priority": self.dice.randint(-2, 2)}, self.harness.outbox),
            lambda viewer, id_: pause_job(viewer, id_, self.harness.outbox),
            lambda viewer, id_: resume_job(viewer, id_, self.harness.outbox),
            lambda viewer, id_: resume_job(viewer, id_, self.harness.outbox),
            lambda viewer, id_: cancel_job(viewer, id_, self.harness.outbox),
            lambda viewer, id_: retry_job(viewer, id_, self.harness.outbox, only_failed_items=False),
        ]
        for _ in range(CHANGES):
            job = self.dice.choice(await Job.all().order_by("id"))
            with suppress(Refusal):
                await self.dice.choice(verbs)(viewer_of(job.owner_id), job.id)
            await asyncio.sleep(self.dice.random() * 0.01)

    async def settle(self) -> None:
        """Let everything go on, and wait until it is done."""
        for job in await Job.filter(status=JobStatus.PAUSED):
            await resume_job(viewer_of(job.owner_id), job.id, self.harness.outbox)
        await wait_until(self._is_settled, seconds=60)
        self.is_over = True

    async def _is_settled(self) -> bool:
        return not any(job.status.is_active for job in await Job.all())


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
async def test_every_choice_of_eight_workers_is_the_best_and_keeps_the_budget(
    harness: JobHarness, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    witness, trial = Witness(), Trial(harness, random.Random(seed))
    monkeypatch.setattr(claims, "select_next_job", witness.choose)
    monkeypatch.setattr(claims, "begin_work", witness.begin)
    for _ in range(JOBS):
        await trial.add_job()
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for number in range(WORKERS):
            group.create_task(trial.work(f"w{number}"))
        await trial.disturb()
        await trial.settle()
    for job in await Job.all():
        await check_counters(job.id)
    held = Counter((claim.first.id, claim.fence) for claim in trial.taken)
    assert set(held.values()) == {1}
    assert (witness.most_jobs, witness.most_downloads) == (BUDGET.jobs, FETCHES)
    assert witness.compared > len(trial.taken) / 4
