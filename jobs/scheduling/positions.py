"""Queue positions: how many waiting jobs workers would begin before a job, if none of their work ever ended.

`selection.py` takes the highest priority, then the quota with the least running, then the oldest; a quota is that of an
owner, or of all who share one (see `auth.quotas`). So a job of a quota that has n slices running and m better ones
waiting is begun at that quota's turn n + m: of one priority, all jobs of an earlier turn go before it, and of the same
turn the older ones. A job that waits to begin has one slice; those with more, which run or ran before, are wide. A
queue of its own, for other people's programs, goes by priority and age alone.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from tortoise.connection import get_connection

from auth.quotas import quota_column
from jobs.scheduling.selection import BUSY
from models.sql import Row, fetch_rows, placeholders

# `queue || ''` keeps SQLite from an index by which it would read all that waits; MATERIALIZED, from counting twice.
_STATEMENT = f"""
WITH owners AS (
  SELECT owner_id, priority, count(*) AS jobs, min(queued_at) AS oldest FROM jobs
  WHERE status = 'PENDING' AND queue IS NULL AND deleted_at IS NULL GROUP BY owner_id, priority
), waiting AS (
  SELECT {quota_column("o.owner_id", "u.quota_key")} AS quota, o.owner_id, o.priority, o.jobs, o.oldest
  FROM owners o LEFT JOIN users u ON u.id = o.owner_id
), busy AS ({BUSY}), asked AS (
  SELECT id, owner_id, priority, queued_at, queue FROM jobs
  WHERE id IN ({{ids}}) AND coalesce(status, '') = 'PENDING' AND deleted_at IS NULL
), ours AS (
  SELECT a.id, {quota_column("a.owner_id", "u.quota_key")} AS quota, a.priority, a.queued_at,
    coalesce(lag(a.queued_at) OVER by_age, -1e300) AS after_moment, coalesce(lag(a.id) OVER by_age, '') AS after_id,
    row_number() OVER (ORDER BY a.priority, a.queued_at, a.id) AS place
  FROM asked a LEFT JOIN users u ON u.id = a.owner_id
  WHERE a.queue IS NULL WINDOW by_age AS (PARTITION BY a.priority ORDER BY a.queued_at, a.id)
), begun AS MATERIALIZED (
  SELECT id, owner_id, priority, queued_at, CASE WHEN status = 'PENDING' THEN 1 ELSE 0 END AS waits,
    total_slices - completed_slices + CASE WHEN completed_slices = total_slices THEN 1 ELSE 0 END
    - (SELECT count(*) FROM slices s WHERE s.job_id = jobs.id AND s.status = 'RUNNING') AS slices
  FROM jobs WHERE status IN ('PENDING', 'PROCESSING') AND total_slices IS NOT NULL AND (queue || '') IS NULL
), wide AS (
  SELECT {quota_column("b.owner_id", "u.quota_key")} AS quota, b.*
  FROM begun b LEFT JOIN users u ON u.id = b.owner_id WHERE b.slices > b.waits
), steps AS MATERIALIZED (
  SELECT a.id, a.quota AS asker, w.quota, a.priority, a.place,
    (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue IS NULL AND j.owner_id = w.owner_id
      AND j.priority = a.priority AND (j.queued_at, j.id) >= (a.after_moment, a.after_id)
      AND (j.queued_at, j.id) < (a.queued_at, a.id) AND j.deleted_at IS NULL) AS jobs
  FROM ours a JOIN waiting w ON w.priority = a.priority
)
SELECT 'waiting' AS row, NULL AS job_id, NULL AS asker, w.quota, w.priority, CAST(sum(w.jobs) AS bigint) AS jobs,
  coalesce(b.slices, 0) AS running, NULL AS place
FROM waiting w LEFT JOIN busy b ON b.quota = w.quota GROUP BY w.quota, w.priority, b.slices
UNION ALL
SELECT 'wide', NULL, NULL, p.quota, p.priority, p.jobs, CAST(sum(p.slices) AS bigint), 0 FROM (
  SELECT w.quota, w.priority, w.slices - w.waits AS slices, w.waits + coalesce((
    SELECT CAST(sum((SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue IS NULL AND j.owner_id = o.owner_id
      AND j.priority = w.priority AND (j.queued_at, j.id) < (w.queued_at, w.id) AND j.deleted_at IS NULL)) AS bigint)
    FROM waiting o WHERE o.quota = w.quota AND o.priority = w.priority AND o.oldest <= w.queued_at), 0) AS jobs
  FROM wide w
) p GROUP BY p.quota, p.priority, p.jobs
UNION ALL
SELECT 'older', s.id, s.asker, s.quota, s.priority, s.jobs, 0, s.place
FROM steps s WHERE s.jobs > 0 OR s.quota = s.asker
UNION ALL
SELECT 'outside', a.id, NULL, NULL, a.priority,
  (SELECT count(*) FROM jobs j WHERE j.status = 'PENDING' AND j.queue = a.queue AND j.deleted_at IS NULL
    AND (j.priority > a.priority OR (j.priority = a.priority AND (j.queued_at, j.id) < (a.queued_at, a.id)))), 0, 0
FROM asked a WHERE a.queue IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The jobs of one quota and one priority, which are begun in the order of their age.

    Attributes:
        jobs: How many wait.
        turn: At which of the quota's turns the oldest would be begun if none were wide.
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

    One statement, whose rows are one for each quota and priority, one for each place before which wide jobs go on, and for
    each asked job one for each owner of whom jobs are older than it and not older than the asked job before.
    """
    statement = _STATEMENT.format(ids=placeholders(job_ids))
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    for row in await fetch_rows(get_connection("default"), statement, *job_ids):
        rows[row["row"]].append(row)
    places = _places(rows["waiting"], rows["wide"], rows["older"])
    places |= {row["job_id"]: row["jobs"] + 1 for row in rows["outside"]}
    return [places.get(job_id) for job_id in job_ids]


def _places(waiting: list[Row], wide: list[Row], steps: list[Row]) -> dict[str, int]:
    """By job.

    Args:
        waiting: For each quota and priority how many jobs wait; and how many slices of the quota are running.
        wide: Those slices of wide jobs that begin no job: how many of their quota's waiting jobs of their priority go
            before them, and how many slices that are.
        steps: For each asked job and owner, with its quota, how many of the owner's are older than it, of the same
            priority, and not older than the asked job before; nothing where there are none, but for the job's own quota.
    """
    groups, before = _turns(waiting, wide)
    older: defaultdict[int, Counter[str]] = defaultdict(Counter)
    places: dict[str, int] = {}
    for _, of_job in groupby(sorted(steps, key=itemgetter("place")), itemgetter("place")):
        for step in of_job:
            job_id, asker, priority = step["job_id"], step["asker"], step["priority"]
            older[priority][step["quota"]] += step["jobs"]
        places[job_id] = before[priority] + 1 + _earlier(groups[priority], older[priority], asker)
    return places


def _turns(waiting: list[Row], wide: list[Row]) -> tuple[dict[int, dict[str, _Waiting]], dict[int, int]]:
    """By priority what each quota has waiting, and how many jobs of higher priority there are."""
    groups: defaultdict[int, dict[str, _Waiting]] = defaultdict(dict)
    before: dict[int, int] = {}
    slices: Counter[str] = Counter()
    for priority in sorted({row["priority"] for row in (*waiting, *wide)}, reverse=True):
        before[priority] = sum(row["jobs"] for row in waiting if row["priority"] > priority)
        here = [row for row in wide if row["priority"] == priority]
        for row in [row for row in waiting if row["priority"] == priority]:
            quota = row["quota"]
            own = sorted((one["jobs"], one["running"]) for one in here if one["quota"] == quota)
            groups[priority][quota] = _Waiting(row["jobs"], row["running"] + slices[quota], own)
            slices[quota] += row["jobs"]
        for row in here:
            slices[row["quota"]] += row["running"]
    return groups, before


def _earlier(groups: dict[str, _Waiting], older: dict[str, int], quota: str) -> int:
    """How many jobs of one priority are begun before the one which has so many `older` ones, by quota."""
    turn = groups[quota].turn_of(older[quota])
    count = 0
    for other_quota, other in groups.items():
        earlier = other.begun_before(turn)
        count += earlier + (earlier < min(older.get(other_quota, 0), other.begun_before(turn + 1)))
    return count
