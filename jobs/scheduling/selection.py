"""Selection of the job whose slice a worker takes next.

By priority, fairness between quotas, and age; under a lock, so that what runs is what was counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tortoise.backends.base.client import BaseDBAsyncClient

from auth.quotas import quota_column
from base.settings import Settings
from models.sql import Row, acquire_advisory_lock, database_now, fetch_rows, placeholders
from processors.contract import ResourceClass
from processors.registry import list_kinds

_SCHEDULER_LOCK = 0x5761_7963
"""Key of the PostgreSQL advisory lock under which workers choose."""
_HAS_SLICE = "EXISTS (SELECT 1 FROM slices s WHERE s.job_id = j.id AND s.status = 'WAITING')"
_IS_PENDING = "j.status = 'PENDING' AND j.queue IS NULL"
_IN_ORDER = "ORDER BY j.queue, j.owner_id, j.priority, j.queued_at, j.id"
_IN_REVERSE = "ORDER BY j.queue DESC, j.owner_id DESC, j.priority DESC, j.queued_at DESC, j.id DESC"
"""All of an index, forwards and backwards, so that this one is taken, and no other owner's jobs are read."""


def is_waiting(db: BaseDBAsyncClient) -> str:
    """SQL: whether a slice of job `j` could be taken now."""
    return f"j.status IN ('PENDING', 'PROCESSING') AND j.queue IS NULL AND {_is_due(db)} AND {_HAS_SLICE}"


def _is_due(db: BaseDBAsyncClient) -> str:
    """SQL: whether job `j` waits for nothing but a worker."""
    return f"(j.wait_until IS NULL OR j.wait_until <= {database_now(db)})"


@dataclass(frozen=True, slots=True)
class ClassBudget:
    """How many jobs of `kinds`, which share a resource class, one owner may have running; at least 1."""

    kinds: tuple[str, ...]
    jobs: int


@dataclass(frozen=True, slots=True)
class Budget:
    """How many jobs of one owner (of all who share its quota) may run at the same time; 0 = as many as there are.

    `classes` limits those of some resource classes further.
    """

    jobs: int = 0
    classes: tuple[ClassBudget, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Budget":
        """As the settings say: `WAYBILL_DOWNLOADS_PER_USER` is the budget of the class NETWORK."""
        network = tuple(kind.name for kind in list_kinds() if kind.resource_class is ResourceClass.NETWORK)
        is_limited = network and settings.downloads_per_user
        return cls(
            settings.running_jobs_per_user, (ClassBudget(network, settings.downloads_per_user),) if is_limited else ()
        )


UNLIMITED = Budget()


async def acquire_scheduler_lock(db: BaseDBAsyncClient) -> None:
    """Let nobody else choose before this transaction has ended: what each owner has running is then what is read.

    A transaction on SQLite is alone from its beginning.
    """
    await acquire_advisory_lock(db, f"{_SCHEDULER_LOCK}")


async def select_next_job(db: BaseDBAsyncClient, kinds: list[str], budget: Budget) -> Row | None:
    """Id, status, priority and moment of queueing of the job whose next slice is the best, among those of `kinds`.

    However many jobs wait, the first of each owner is found in a few steps of an index; those of a class for which there
    is no budget are passed over one by one.
    """
    if not kinds:
        return None
    values: list[str] = []
    is_ours = f"j.kind IN ({_bind(values, kinds)}) AND {_is_due(db)} AND {_HAS_SLICE}"
    statement = _STATEMENT.format(is_ours=is_ours, **_limits(values, budget))
    rows = await fetch_rows(db, statement, *values)
    return rows[0] if rows else None


def _limits(values: list[str], budget: Budget) -> dict[str, str]:
    """The parts of the statement that count what runs of each class, and let a waiting job begin by that."""
    counts = columns = ""
    limits = [f"o.jobs < {budget.jobs}"] if budget.jobs else []
    for number, limited in enumerate(budget.classes):
        names = _bind(values, limited.kinds)
        counts += f", sum(CASE WHEN j.kind IN ({names}) THEN 1 ELSE 0 END) AS class_{number}"
        columns += f", coalesce(r.class_{number}, 0) AS class_{number}"
        limits.append(f"(j.kind NOT IN ({names}) OR o.class_{number} < {limited.jobs})")
    return {"counts": counts, "columns": columns, "may_begin": " AND ".join(limits) or "TRUE"}


def _bind(values: list[str], more: Sequence[str]) -> str:
    """The placeholders of `more`, which are added to `values`."""
    first = len(values) + 1
    values.extend(more)
    return placeholders(more, first)


BUSY = f"""
  SELECT {quota_column("j.owner_id", "u.quota_key")} AS quota, count(DISTINCT s.worker) AS slices
  FROM slices s JOIN jobs j ON j.id = s.job_id LEFT JOIN users u ON u.id = j.owner_id
  WHERE s.status = 'RUNNING' AND j.queue IS NULL GROUP BY 1
"""
"""SQL: how many claims of each quota are running, each under a name of its own; whose turn it is hangs on that."""

_STATEMENT = f"""
WITH RECURSIVE waiting AS (
  SELECT (SELECT j.owner_id FROM jobs j WHERE {_IS_PENDING} {_IN_ORDER} LIMIT 1) AS owner_id
  UNION ALL
  SELECT (SELECT j.owner_id FROM jobs j WHERE {_IS_PENDING} AND j.owner_id > w.owner_id {_IN_ORDER} LIMIT 1)
  FROM waiting w WHERE w.owner_id IS NOT NULL
), busy AS ({BUSY}), running AS (
  SELECT {quota_column("j.owner_id", "u.quota_key")} AS quota, count(*) AS jobs{{counts}}
  FROM jobs j LEFT JOIN users u ON u.id = j.owner_id
  WHERE j.status IN ('PROCESSING', 'CANCELLING') AND j.queue IS NULL GROUP BY 1
), owners AS (
  SELECT w.owner_id, coalesce(r.jobs, 0) AS jobs{{columns}}
  FROM waiting w LEFT JOIN users u ON u.id = w.owner_id
  LEFT JOIN running r ON r.quota = {quota_column("w.owner_id", "u.quota_key")}
  WHERE w.owner_id IS NOT NULL
), urgent AS (
  SELECT o.*, (SELECT j.priority FROM jobs j
    WHERE {_IS_PENDING} AND j.owner_id = o.owner_id AND {{may_begin}} AND {{is_ours}}
    {_IN_REVERSE} LIMIT 1) AS priority
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
FROM candidates c JOIN jobs j ON j.id = c.id LEFT JOIN users u ON u.id = j.owner_id
LEFT JOIN busy b ON b.quota = {quota_column("j.owner_id", "u.quota_key")}
ORDER BY j.priority DESC, coalesce(b.slices, 0), j.queued_at, j.id LIMIT 1
"""
"""Of each owner the best job that may begin, beside all that run: the best of these is the best of each quota, and of all."""
