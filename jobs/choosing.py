"""Choosing: whose slice a worker takes next, by priority, fairness between owners, and age; and whose turn it is to choose."""

from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from base.settings import Settings
from jobs.outbox import Row
from jobs.rows import fetch

_TURN = 0x5761_7963
"""Key of the PostgreSQL advisory lock under which workers choose."""
_HAS_SLICE = "EXISTS (SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.status = 'WAITING')"
_IS_PENDING = "j.status = 'PENDING' AND j.queue IS NULL"
_IN_ORDER = "ORDER BY j.queue, j.owner_id, j.priority, j.queued_at, j.id"
"""All of an index, so that this one is taken."""
IS_WAITING = f"j.status IN ('PENDING', 'PROCESSING') AND j.queue IS NULL AND {_HAS_SLICE}"
"""SQL: whether a slice of job `j` could be taken now."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many jobs, and downloads among them, of one owner may run at the same time; 0 = as many as there are."""

    jobs: int = 0
    downloads: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """As the settings say."""
        return cls(settings.running_jobs_per_user, settings.downloads_per_user)

    @property
    def condition(self) -> str:
        """SQL: whether a waiting job `j` of owner `o` may begin, by what runs of the owner's."""
        limits = [f"o.jobs < {self.jobs}"] if self.jobs else []
        limits += [f"(j.type <> 'DOWNLOAD' OR o.downloads < {self.downloads})"] if self.downloads else []
        return " AND ".join(limits) or "TRUE"


UNLIMITED = Budget()


async def take_turn(db: BaseDBAsyncClient) -> None:
    """Let nobody else choose before this transaction has ended: what each owner has running is then what is read.

    A transaction on SQLite is alone from its beginning.
    """
    if db.capabilities.support_for_update:
        await fetch(db, f"SELECT pg_advisory_xact_lock({_TURN})")


async def choose_job(db: BaseDBAsyncClient, kinds: list[str], budget: Budget) -> Row | None:
    """Id, status, priority and moment of queueing of the job whose next slice is the best, among those of `kinds`.

    However many jobs wait, the first of each owner is found in a few steps of an index; downloads for which there is no
    budget are passed over one by one.
    """
    if not kinds:
        return None
    is_ours = f"j.kind IN ({', '.join(f'${number}' for number in range(1, len(kinds) + 1))}) AND {_HAS_SLICE}"
    rows = await fetch(db, _STATEMENT.format(is_ours=is_ours, may_begin=budget.condition), *kinds)
    return rows[0] if rows else None


_STATEMENT = f"""
WITH RECURSIVE waiting AS (
  SELECT (SELECT j.owner_id FROM jobs j WHERE {_IS_PENDING} {_IN_ORDER} LIMIT 1) AS owner_id
  UNION ALL
  SELECT (SELECT j.owner_id FROM jobs j WHERE {_IS_PENDING} AND j.owner_id > w.owner_id {_IN_ORDER} LIMIT 1)
  FROM waiting w WHERE w.owner_id IS NOT NULL
), busy AS (
  SELECT j.owner_id, count(*) AS slices FROM slices s JOIN jobs j ON j.id = s.job_id
  WHERE s.status = 'RUNNING' AND j.queue IS NULL GROUP BY j.owner_id
), running AS (
  SELECT owner_id, count(*) AS jobs, sum(CASE WHEN type = 'DOWNLOAD' THEN 1 ELSE 0 END) AS downloads
  FROM jobs WHERE status IN ('PROCESSING', 'CANCELLING') AND queue IS NULL GROUP BY owner_id
), owners AS (
  SELECT w.owner_id, coalesce(r.jobs, 0) AS jobs, coalesce(r.downloads, 0) AS downloads
  FROM waiting w LEFT JOIN running r ON r.owner_id = w.owner_id WHERE w.owner_id IS NOT NULL
), urgent AS (
  SELECT o.*, (SELECT j.priority FROM jobs j
    WHERE {_IS_PENDING} AND j.owner_id = o.owner_id AND {{may_begin}} AND {{is_ours}}
    ORDER BY j.queue DESC, j.owner_id DESC, j.priority DESC LIMIT 1) AS priority
  FROM owners o
), candidates AS (
  SELECT (SELECT j.id FROM jobs j
    WHERE {_IS_PENDING} AND j.owner_id = o.owner_id AND j.priority = o.priority AND {{may_begin}} AND {{is_ours}}
    {_IN_ORDER} LIMIT 1) AS id
  FROM urgent o
  UNION ALL
  SELECT j.id FROM jobs j WHERE j.status = 'PROCESSING' AND j.queue IS NULL AND {{is_ours}}
)
SELECT j.id, j.status, j.priority, j.queued_at
FROM candidates c JOIN jobs j ON j.id = c.id LEFT JOIN busy b ON b.owner_id = j.owner_id
ORDER BY j.priority DESC, coalesce(b.slices, 0), j.queued_at, j.id LIMIT 1
"""
"""Of each owner the best job that may begin, beside all that run: the best of these is the best of all."""
