"""Places in the queue: how many waiting jobs workers would begin before a job, if none of their work ever ended.

`claims.py` takes the highest priority, then the owner with the least running, then the oldest. So the next job of an
owner who has n slices running and m better jobs waiting is begun at that owner's turn n + m: of one priority, all jobs
of an earlier turn go before it, and of the same turn the older ones. What other people's programs take from a queue of
its own goes by priority and age alone.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.connection import get_connection

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
)
SELECT NULL AS job_id, NULL AS asker_id, owner_id, priority, jobs,
  (SELECT count(*) FROM slices s JOIN jobs j ON j.id = s.job_id WHERE s.status = 'RUNNING' AND j.queue IS NULL
    AND j.owner_id = waiting.owner_id) AS running, NULL AS place
FROM waiting
UNION ALL
SELECT a.id, a.owner_id, w.owner_id, a.priority,
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue IS NULL AND j.owner_id = w.owner_id
    AND j.priority = a.priority AND (j.queued_at, j.id) >= (a.after_moment, a.after_id)
    AND (j.queued_at, j.id) < (a.queued_at, a.id) AND j.deleted_at IS NULL),
  0, row_number() OVER (ORDER BY a.priority, a.queued_at, a.id)
FROM ours a JOIN waiting w ON w.priority = a.priority
UNION ALL
SELECT a.id, NULL, a.owner_id, a.priority,
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue = a.queue AND j.deleted_at IS NULL
    AND (j.priority > a.priority OR (j.priority = a.priority AND (j.queued_at, j.id) < (a.queued_at, a.id)))), 0, 0
FROM asked a WHERE a.queue IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The jobs of one owner and one priority: how many wait, and at which turn the oldest is begun."""

    jobs: int
    turn: int


async def queue_positions(job_ids: Sequence[str]) -> list[int | None]:
    """For each job its place among the waiting ones, 1 = next; None where it is not PENDING.

    One statement, whose rows are one for each owner and priority, and one for each owner and asked job.
    """
    statement = _STATEMENT.format(ids=places_for(job_ids))
    rows = await fetch(get_connection("default"), statement, *job_ids)
    steps = [row for row in rows if row["asker_id"] is not None]
    places = _places([row for row in rows if row["job_id"] is None], steps)
    places |= {row["job_id"]: row["jobs"] + 1 for row in rows if row["job_id"] and row["asker_id"] is None}
    return [places.get(job_id) for job_id in job_ids]


def _places(waiting: list[dict[str, Any]], steps: list[dict[str, Any]]) -> dict[str, int]:
    """By job.

    Args:
        waiting: For each owner and priority how many jobs wait; and how many slices of the owner are running.
        steps: For each asked job and owner how many of the owner's are older than it, of the same priority, and not older
            than the asked job before.
    """
    groups, before = _turns(waiting)
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


def _turns(waiting: list[dict[str, Any]]) -> tuple[dict[int, dict[str, _Waiting]], dict[int, int]]:
    """By priority what each owner has waiting, and how many jobs of higher priority there are."""
    groups: defaultdict[int, dict[str, _Waiting]] = defaultdict(dict)
    before: dict[int, int] = {}
    better: Counter[str] = Counter()
    for row in sorted(waiting, key=lambda row: -row["priority"]):
        before.setdefault(row["priority"], better.total())
        groups[row["priority"]][row["owner_id"]] = _Waiting(row["jobs"], row["running"] + better[row["owner_id"]])
        better[row["owner_id"]] += row["jobs"]
    return groups, before


def _earlier(groups: dict[str, _Waiting], older: dict[str, int], owner_id: str) -> int:
    """How many jobs of one priority are begun before the one which has so many `older` ones, by owner."""
    turn = groups[owner_id].turn + older[owner_id]
    count = 0
    for other_id, other in groups.items():
        ahead = turn - other.turn
        count += min(max(ahead, 0), other.jobs) + (0 <= ahead < older.get(other_id, 0))
    return count
