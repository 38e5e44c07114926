"""Queue positions: how many waiting jobs workers would begin before a job, if none of their work ever ended.

`selection.py` takes the highest priority, then the quota with the least running, then the oldest; a quota is that of an
owner, or of all who share one (see `auth.quotas`). So a job of a quota that has n slices running and m better ones
waiting is begun at that quota's turn n + m: of one priority, all jobs of an earlier turn go before it, and of the same
turn the older ones. A job that waits to begin has one slice; those with more, which run or ran before, are wide. A
queue of its own, for other people's programs, goes by priority and age alone.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from operator import itemgetter

from tortoise.connection import get_connection

from auth.quotas import quota_column
from jobs.scheduling.selection import BUSY
from models.sql import Row, fetch_rows, placeholders

_IS_WAITING = "j.status = 'PENDING' AND j.queue IS NULL"
_FIRST = "ORDER BY j.queue, j.owner_id, j.priority, j.queued_at, j.id LIMIT 1"
"""All of an index, so that this one is taken, and the next owner or priority is found in a step of it."""

_WIDE_SLICES = """j.total_slices - j.completed_slices + CASE WHEN j.completed_slices = j.total_slices THEN 1 ELSE 0 END
    - coalesce(r.slices, 0) - CASE WHEN j.status = 'PENDING' THEN 1 ELSE 0 END"""
"""Those of job `j` that begin no job, of which `r.slices` are running."""

# `queue || ''` keeps SQLite from an index by which it would read all that waits; MATERIALIZED, from counting twice.
_STATEMENT = f"""
WITH RECURSIVE firsts AS (
  SELECT (SELECT j.id FROM jobs j WHERE {_IS_WAITING} {_FIRST}) AS id
  UNION ALL
  SELECT coalesce(
    (SELECT j.id FROM jobs j WHERE {_IS_WAITING} AND j.owner_id = f.owner_id AND j.priority > f.priority {_FIRST}),
    (SELECT j.id FROM jobs j WHERE {_IS_WAITING} AND j.owner_id > f.owner_id {_FIRST}))
  FROM firsts JOIN jobs f ON f.id = firsts.id
), waiting AS MATERIALIZED (
  SELECT {quota_column("f.owner_id", "u.quota_key")} AS quota, f.owner_id, f.priority, f.queued_at AS oldest,
    (SELECT count(*) FROM jobs j WHERE {_IS_WAITING} AND j.owner_id = f.owner_id AND j.priority = f.priority
      AND j.deleted_at IS NULL) AS jobs
  FROM firsts JOIN jobs f ON f.id = firsts.id LEFT JOIN users u ON u.id = f.owner_id
), busy AS MATERIALIZED ({BUSY}), running AS MATERIALIZED (
  SELECT job_id, count(*) AS slices FROM slices WHERE status = 'RUNNING' GROUP BY job_id
), heads AS (
  SELECT quota, priority, min(oldest) AS oldest FROM waiting GROUP BY quota, priority
), wide AS MATERIALIZED (
  SELECT {quota_column("j.owner_id", "u.quota_key")} AS quota, j.priority,
    CASE WHEN j.queued_at >= h.oldest THEN j.id END AS id, max(j.queued_at) AS queued_at,
    CASE WHEN j.status = 'PENDING' THEN 1 ELSE 0 END AS waits, sum({_WIDE_SLICES}) AS slices
  FROM jobs j LEFT JOIN running r ON r.job_id = j.id LEFT JOIN users u ON u.id = j.owner_id
  LEFT JOIN heads h ON h.quota = {quota_column("j.owner_id", "u.quota_key")} AND h.priority = j.priority
  WHERE j.status IN ('PENDING', 'PROCESSING') AND j.total_slices IS NOT NULL AND (j.queue || '') IS NULL AND {_WIDE_SLICES} > 0
  GROUP BY 1, 2, 3, 5
), wide_places AS (
  SELECT w.id, CAST(sum((SELECT count(*) FROM jobs j WHERE {_IS_WAITING} AND j.owner_id = o.owner_id
    AND j.priority = w.priority AND (j.queued_at, j.id) < (w.queued_at, w.id) AND j.deleted_at IS NULL)) AS bigint) AS jobs
  FROM wide w JOIN waiting o ON o.quota = w.quota AND o.priority = w.priority AND w.id IS NOT NULL GROUP BY w.id
), asked AS MATERIALIZED (
  SELECT a.id, a.owner_id, {quota_column("a.owner_id", "u.quota_key")} AS quota, a.priority, a.queued_at, a.queue
  FROM jobs a LEFT JOIN users u ON u.id = a.owner_id
  WHERE a.id IN ({{ids}}) AND coalesce(a.status, '') = 'PENDING' AND a.deleted_at IS NULL
), ours AS (
  SELECT id, quota, priority, queued_at, coalesce(lag(queued_at) OVER by_age, -1e300) AS after_moment,
    coalesce(lag(id) OVER by_age, '') AS after_id, row_number() OVER (ORDER BY priority, queued_at, id) AS place
  FROM asked WHERE (queue || '') IS NULL WINDOW by_age AS (PARTITION BY priority ORDER BY queued_at, id)
), last_turns AS (
  SELECT quota, sum(slices) AS turn FROM (
    SELECT quota, jobs AS slices FROM waiting UNION ALL SELECT quota, slices FROM busy UNION ALL SELECT quota, slices FROM wide
  ) turns WHERE quota NOT IN (SELECT quota FROM asked) GROUP BY quota
), next_turns AS (
  SELECT a.priority, min((SELECT count(*) FROM (SELECT 1 FROM jobs j WHERE {_IS_WAITING} AND j.owner_id = a.owner_id
    AND j.priority = a.priority AND j.queued_at < a.oldest AND j.deleted_at IS NULL
    LIMIT (SELECT coalesce(max(turn), 0) FROM last_turns)) older)) AS turn
  FROM (SELECT owner_id, priority, min(queued_at) AS oldest FROM asked GROUP BY owner_id, priority) a GROUP BY a.priority
), rivals AS MATERIALIZED (
  SELECT w.quota, w.owner_id, w.priority FROM waiting w
  JOIN next_turns n ON n.priority = w.priority LEFT JOIN last_turns l ON l.quota = w.quota
  WHERE l.turn IS NULL OR l.turn > n.turn
), steps AS MATERIALIZED (
  SELECT a.id, a.quota AS asker, w.quota, a.priority, a.place,
    (SELECT count(*) FROM jobs j WHERE {_IS_WAITING} AND j.owner_id = w.owner_id AND j.priority = a.priority
      AND (j.queued_at, j.id) >= (a.after_moment, a.after_id)
      AND (j.queued_at, j.id) < (a.queued_at, a.id) AND j.deleted_at IS NULL) AS jobs
  FROM ours a JOIN rivals w ON w.priority = a.priority
)
SELECT 'waiting' AS row, NULL AS job_id, NULL AS asker, w.quota, w.priority, CAST(sum(w.jobs) AS bigint) AS jobs,
  coalesce(b.slices, 0) AS running, NULL AS place
FROM waiting w LEFT JOIN busy b ON b.quota = w.quota GROUP BY w.quota, w.priority, b.slices
UNION ALL
SELECT 'wide', NULL, NULL, p.quota, p.priority, p.jobs, CAST(sum(p.slices) AS bigint), 0 FROM (
  SELECT w.quota, w.priority, w.slices, w.waits + coalesce(o.jobs, 0) AS jobs
  FROM wide w LEFT JOIN wide_places o ON o.id = w.id
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
"""The jobs of another quota are compared with the asked ones only where its last turn comes after the next turn of one of
these; else all of them are begun before."""


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

    def runs(self) -> Iterator[tuple[int, int]]:
        """Turns at each of which one of the jobs is begun: the first of a run, and the one after its last."""
        begun, turn = 0, self.turn
        for place, slices in [*self.wide, (self.jobs, 0)]:
            count = min(place, self.jobs) - begun
            if count:
                yield turn, turn + count
            begun, turn = begun + count, turn + count + slices


class _Priority:
    """What waits of one priority, by quota; `before` jobs of higher priority go before it."""

    def __init__(self, groups: dict[str, _Waiting], before: int) -> None:
        self._groups = groups
        self._before = before
        runs = [run for group in groups.values() for run in group.runs()]
        self._begins = _Ramps(begin for begin, _ in runs)
        self._ends = _Ramps(end for _, end in runs)

    def place(self, older: dict[str, int], quota: str) -> int:
        """The place, from 1, of the job of `quota` which has so many `older` ones, by quota."""
        turn = self._groups[quota].turn_of(older[quota])
        count = self._before + self._begins.height(turn) - self._ends.height(turn)
        for other_quota, jobs in older.items():
            other = self._groups[other_quota]
            earlier = other.begun_before(turn)
            count += earlier < jobs and earlier < other.begun_before(turn + 1)
        return count + 1


class _Ramps:
    """The sum of lines that rise by one at each turn from their beginnings on."""

    def __init__(self, begins: Iterable[int]) -> None:
        self._begins = sorted(begins)
        self._sums = [0, *accumulate(self._begins)]

    def height(self, turn: int) -> int:
        risen = bisect_left(self._begins, turn)
        return turn * risen - self._sums[risen]


async def queue_positions(job_ids: Sequence[str]) -> list[int | None]:
    """For each job its place among the waiting ones, 1 = next; None where it is not PENDING.

    One statement, which passes each waiting job once. Its rows are one for each place before which wide jobs go on, and for
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
    priorities = _priorities(waiting, wide)
    older: defaultdict[int, Counter[str]] = defaultdict(Counter)
    places: dict[str, int] = {}
    for _, of_job in groupby(sorted(steps, key=itemgetter("place")), itemgetter("place")):
        for step in of_job:
            job_id, asker, priority = step["job_id"], step["asker"], step["priority"]
            older[priority][step["quota"]] += step["jobs"]
        places[job_id] = priorities[priority].place(older[priority], asker)
    return places


def _priorities(waiting: list[Row], wide: list[Row]) -> dict[int, _Priority]:
    turns: Counter[str] = Counter()
    priorities: dict[int, _Priority] = {}
    before = 0
    for priority in sorted({row["priority"] for row in (*waiting, *wide)}, reverse=True):
        going_on: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row in (row for row in wide if row["priority"] == priority):
            going_on[row["quota"]].append((row["jobs"], row["running"]))
        here = [row for row in waiting if row["priority"] == priority]
        groups = {
            row["quota"]: _Waiting(row["jobs"], row["running"] + turns[row["quota"]], sorted(going_on[row["quota"]]))
            for row in here
        }
        priorities[priority] = _Priority(groups, before)
        before += sum(row["jobs"] for row in here)
        turns.update({row["quota"]: row["jobs"] for row in here})
        turns.update({quota: sum(slices for _, slices in some) for quota, some in going_on.items()})
    return priorities
