"""Places in the queue: how many waiting jobs workers would begin before a job, if none of their work ever ended.

`choosing.py` takes the highest priority, then the owner with the least running, then the oldest. So a job of an owner
who has n slices running and m better ones waiting is begun at that owner's turn n + m: of one priority, all jobs of an
earlier turn go before it, and of the same turn the older ones. A job that waits to begin has one slice; those with
more, which run or ran before, are wide. What other people's programs take from a queue of its own goes by priority and
age alone.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.connection import get_connection

from jobs.outbox import Row
from jobs.rows import fetch
from uploads.rows import places_for

_STATEMENT = """
WITH waiting AS (
  SELECT owner_id, priority, count(*) AS jobs FROM jobs
  WHERE status = 'PENDING' AND queue IS NULL AND deleted_at IS NULL GROUP BY owner_id, priority
), asked AS (
  SELECT id, owner_id, priority, queued_at, queue FROM jobs
  WHERE id IN ({ids}) AND coalesce(status, '') = 'PENDING' AND deleted_at IS NULL
), ours AS (
  SELECT id, owner_id, priority, queued_at,
    coalesce(lag(queued_at) OVER by_age, -1e300) AS after_moment, coalesce(lag(id) OVER by_age, '') AS after_id
  FROM asked WHERE queue IS NULL WINDOW by_age AS (PARTITION BY priority ORDER BY queued_at, id)
), wide AS (
  SELECT id, owner_id, priority, queued_at, CASE WHEN status = 'PENDING' THEN 1 ELSE 0 END AS waits,
    total_slices - completed_slices + CASE WHEN completed_slices = total_slices THEN 1 ELSE 0 END
    - (SELECT count(*) FROM slices s WHERE s.job_id = jobs.id AND s.status = 'RUNNING') AS slices
  FROM jobs WHERE status IN ('PENDING', 'PROCESSING') AND total_slices IS NOT NULL AND queue IS NULL
)
SELECT 'waiting' AS row, NULL AS job_id, NULL AS asker_id, owner_id, priority, jobs,
  (SELECT count(*) FROM slices s JOIN jobs j ON j.id = s.job_id WHERE s.status = 'RUNNING' AND j.queue IS NULL
    AND j.owner_id = waiting.owner_id) AS running, NULL AS place
FROM waiting
UNION ALL
SELECT 'wide', NULL, NULL, w.owner_id, w.priority, w.waits +
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue IS NULL AND j.owner_id = w.owner_id
    AND j.priority = w.priority AND (j.queued_at, j.id) < (w.queued_at, w.id) AND j.deleted_at IS NULL),
  w.slices - w.waits, 0
FROM wide w WHERE w.slices > w.waits
UNION ALL
SELECT 'older', a.id, a.owner_id, w.owner_id, a.priority,
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue IS NULL AND j.owner_id = w.owner_id
    AND j.priority = a.priority AND (j.queued_at, j.id) >= (a.after_moment, a.after_id)
    AND (j.queued_at, j.id) < (a.queued_at, a.id) AND j.deleted_at IS NULL),
  0, row_number() OVER (ORDER BY a.priority, a.queued_at, a.id)
FROM ours a JOIN waiting w ON w.priority = a.priority
UNION ALL
SELECT 'outside', a.id, NULL, a.owner_id, a.priority,
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue = a.queue AND j.deleted_at IS NULL
    AND (j.priority > a.priority OR (j.priority = a.priority AND (j.queued_at, j.id) < (a.queued_at, a.id)))), 0, 0
FROM asked a WHERE a.queue IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The jobs of one owner and one priority, which are begun in the order of their age.

    Attributes:
        jobs: How many wait.
        turn: At which of the owner's turns the oldest would be begun if none were wide.
        wide: Slices that go before the jobs from a place on (the oldest job's is 0): places and numbers, by place.
    """

    jobs: int
    turn: int
    wide: list[tuple[int, int]]

    def turn_of(self, place: int) -> int:
        """The turn at which the job at `place` is begun."""
        return self.turn + place + sum(slices for first, slices in self.wide if first <= place)

    def begun_before(self, turn: int) -> int:
        """How many of the jobs are begun at an earlier turn."""
        count = turn - self.turn
        for first, slices in self.wide:
            if count > first:
                count = max(count - slices, first)
        return min(max(count, 0), self.jobs)


async def queue_positions(job_ids: Sequence[str]) -> list[int | None]:
    """For each job its place among the waiting ones, 1 = next; None where it is not PENDING.

    One statement, whose rows are one for each owner and priority, one for each wide job, and one for each owner and
    asked job.
    """
    statement = _STATEMENT.format(ids=places_for(job_ids))
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await fetch(get_connection("default"), statement, *job_ids):
        rows[row["row"]].append(row)
    places = _places(rows["waiting"], rows["wide"], rows["older"])
    places |= {row["job_id"]: row["jobs"] + 1 for row in rows["outside"]}
    return [places.get(job_id) for job_id in job_ids]


def _places(waiting: list[Row], wide: list[Row], steps: list[Row]) -> dict[str, int]:
    """By job.

    Args:
        waiting: For each owner and priority how many jobs wait; and how many slices of the owner are running.
        wide: For each wide job how many of its owner's waiting jobs of its priority go before those slices of it that
            begin no job, and how many slices that are.
        steps: For each asked job and owner how many of the owner's are older than it, of the same priority, and not older
            than the asked job before.
    """
    groups, before = _turns(waiting, wide)
    older: Counter[tuple[int, str]] = Counter()
    asked: defaultdict[tuple[str, str, int], dict[str, int]] = defaultdict(dict)
    for step in sorted(steps, key=lambda step: step["place"]):
        priority, owner_id = step["priority"], step["owner_id"]
        older[priority, owner_id] += step["jobs"]
        asked[step["job_id"], step["asker_id"], priority][owner_id] = older[priority, owner_id]
    return {
        job_id: before[priority] + 1 + _earlier(groups[priority], counts, owner_id)
        for (job_id, owner_id, priority), counts in asked.items()
    }


def _turns(waiting: list[Row], wide: list[Row]) -> tuple[dict[int, dict[str, _Waiting]], dict[int, int]]:
    """By priority what each owner has waiting, and how many jobs of higher priority there are."""
    groups: defaultdict[int, dict[str, _Waiting]] = defaultdict(dict)
    before: dict[int, int] = {}
    slices: Counter[str] = Counter()
    for priority in sorted({row["priority"] for row in (*waiting, *wide)}, reverse=True):
        before[priority] = sum(row["jobs"] for row in waiting if row["priority"] > priority)
        here = [row for row in wide if row["priority"] == priority]
        for row in [row for row in waiting if row["priority"] == priority]:
            owner_id = row["owner_id"]
            own = sorted((one["jobs"], one["running"]) for one in here if one["owner_id"] == owner_id)
            groups[priority][owner_id] = _Waiting(row["jobs"], row["running"] + slices[owner_id], own)
            slices[owner_id] += row["jobs"]
        for row in here:
            slices[row["owner_id"]] += row["running"]
    return groups, before


def _earlier(groups: dict[str, _Waiting], older: dict[str, int], owner_id: str) -> int:
    """How many jobs of one priority are begun before the one which has so many `older` ones, by owner."""
    turn = groups[owner_id].turn_of(older[owner_id])
    count = 0
    for other_id, other in groups.items():
        earlier = other.begun_before(turn)
        count += earlier + (earlier < min(older.get(other_id, 0), other.begun_before(turn + 1)))
    return count
