"""Counts of jobs by owner, days, type, kind and status.

The database notes changes by itself, as `models/job_count.py` says. A reading is always exact: the counts and, in the same
statement, changes that are not folded into them yet.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from models.database import transaction
from models.job_count import EVERYBODY
from models.listing import Listing
from models.sql import Row, execute_each, fetch_rows, for_update

_AT_ONCE = 2_000
_SORT = ("owner_id", "created_on", "ended_on", "type", "kind", "status")
_NUMBERS = ("jobs", "items", "runs", "run_microseconds")
_UPSERT = (
    f"INSERT INTO job_counts ({', '.join((*_SORT, *_NUMBERS))}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
    f" ON CONFLICT ({', '.join(_SORT)}) DO UPDATE SET "
    + ", ".join(f"{name} = job_counts.{name} + excluded.{name}" for name in _NUMBERS)
)
_DROP = "DELETE FROM job_counts WHERE jobs = 0 AND " + " AND ".join(
    f"{name} = ${place}" for place, name in enumerate(_SORT, 1)
)


def list_counts(owner_id: str | None) -> Listing:
    """The counts of one owner's jobs, or of everybody's, to be narrowed by what says their sort."""
    listing = Listing("job_counts", (), ())
    return listing if owner_id is None else listing.where("owner_id = ?", owner_id)


async def sum_counts(listing: Listing, by: Sequence[str], *, is_everybody: bool) -> list[Row]:
    """The sums of what `listing` holds, by some columns of the sort, without those of no jobs."""
    conditions = listing.conditions or ("1 = 1",)
    of_all = (*conditions, f"owner_id = '{EVERYBODY}'") if is_everybody else conditions
    names, numbers = ", ".join(by), ", ".join(_NUMBERS)
    sums = ", ".join(f"CAST(sum({name}) AS bigint) AS {name}" for name in _NUMBERS)
    return await fetch_rows(
        get_connection("default"),
        f"SELECT {names}, {sums} FROM (SELECT {names}, {numbers} FROM job_counts WHERE {' AND '.join(of_all)}"
        f" UNION ALL SELECT {names}, {numbers} FROM job_count_changes WHERE {' AND '.join(conditions)}) AS found"
        f" GROUP BY {names} HAVING sum(jobs) <> 0",
        *listing.values,
    )


async def fold_counts() -> None:
    """Fold all changes that there are into the counts; others may do so at the same time, and change jobs."""
    while await fetch_rows(get_connection("default"), "SELECT 1 FROM job_count_changes LIMIT 1"):
        async with transaction(is_durable=False) as db:
            if await _fold_some(db) < _AT_ONCE:
                return


async def _fold_some(db: BaseDBAsyncClient) -> int:
    """How many changes were folded: the oldest that nobody else folds."""
    chosen = f"SELECT id FROM job_count_changes ORDER BY id LIMIT {_AT_ONCE}{for_update(db, skip_locked=True)}"
    returned = ", ".join((*_SORT, *_NUMBERS))
    changes = await fetch_rows(db, f"DELETE FROM job_count_changes WHERE id IN ({chosen}) RETURNING {returned}")
    found: defaultdict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(_NUMBERS))
    for change in changes:
        sort = tuple(change[name] for name in _SORT)
        for one in (sort, (EVERYBODY, *sort[1:])):
            found[one] = [old + change[name] for old, name in zip(found[one], _NUMBERS, strict=True)]
    rows = sorted((*sort, *numbers) for sort, numbers in found.items() if any(numbers))
    await execute_each(db, _UPSERT, [list(row) for row in rows])  # sorted: two who fold lock them in one order
    await execute_each(db, _DROP, [list(row[: len(_SORT)]) for row in rows])
    return len(changes)
