"""Transfers of a download: the files that are coming in, from which hosts, how fast.

The column `download` of the job holds the rest of what only downloads have, so that a watcher needs no query to see it.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from auth.quotas import lock_quota
from jobs.limits import MESSAGE_LENGTH
from jobs.outbox import Outbox, OutboxMessages
from jobs.recording.progress import change_working, percentage_sql, rising
from jobs.rows import job_of
from jobs.scheduling.claims import Claim, forget_crashes, hold_claim
from jobs.text import sanitise
from models.database import worker_transaction
from models.fields import now
from models.sql import Row, execute_each, fetch_rows
from processors.contract import Kind
from processors.transfers import ActiveItem, TransferState
from uploads.limits import count_free_bytes, quota_exceeded

MAX_HOSTS = 50
"""Hosts that a download names; those that ask to wait come first."""

_UPDATE_ITEM = (
    "UPDATE items SET status = 'PROCESSING', processed_bytes = $1, size_bytes = $2, updated_at = $3 "
    "WHERE job_id = $4 AND \"index\" = $5 AND attempt = $6 AND status IN ('PENDING', 'PROCESSING')"
)


async def record_transfers(claim: Claim, state: TransferState, done: float, kind: Kind, outbox: Outbox) -> None:
    """Store how a download stands, and tell it.

    Args:
        claim: What is being done.
        state: What is told from now on; items that are not active any more stay as they are.
        done: As for `record_progress`.
        kind: Its stages give the percentage.
        outbox: Told the new state.

    Raises:
        ClaimLost: Nothing was written.
    """
    messages = OutboxMessages()
    async with in_transaction() as db:
        job = await hold_claim(db, claim)
        await _update_items(db, claim, state.active)
        row = await change_working(
            db,
            claim,
            processed_bytes=state.processed_bytes,
            total_bytes=state.total_bytes,
            download=_document(job, state),
            percentage=rising(percentage_sql(claim, kind, done)),
            **({"status_message": sanitise(state.message, MESSAGE_LENGTH)} if state.message else {}),
        )
        if row["percentage"] > job["percentage"]:  # which never falls: nothing that came before comes again
            await forget_crashes(db, claim)
        messages.job_changed(row)
    await outbox.send(messages)


async def reserve_bytes(job_id: str, needed_bytes: int, wanted_bytes: int, limit_bytes: int) -> int:
    """Have the transfers of a download take `wanted_bytes` of its owner's quota in all, or as many of them as are free.

    Returns:
        How many they may take.

    Raises:
        Refusal: QUOTA_EXCEEDED: of `limit_bytes` less than `needed_bytes` are free; what was reserved before stays.
    """
    async with worker_transaction() as db:
        owners = await fetch_rows(db, "SELECT owner_id FROM jobs WHERE id = $1", job_id)
        owner_id = str(owners[0]["owner_id"]) if owners else ""
        await lock_quota(db, owner_id)
        free = await count_free_bytes(db, limit_bytes, owner_id, job_id)
        if free < needed_bytes:
            raise quota_exceeded(limit_bytes, free)
        reserved = min(wanted_bytes, free)
        await fetch_rows(db, "UPDATE jobs SET reserved_bytes = $1 WHERE id = $2", reserved, job_id)
    return reserved


async def forget_bytes(job_id: str) -> None:
    """Nothing is kept of the files of a download that was cancelled."""
    statement = "UPDATE items SET processed_bytes = NULL WHERE job_id = $1 AND status = 'CANCELLED'"
    await fetch_rows(get_connection("default"), statement, job_id)


async def forget_item_bytes(job_id: str, index: int) -> None:
    """Nothing is kept of a file whose transfer was stopped and cannot be gone on with."""
    statement = (
        'UPDATE items SET processed_bytes = NULL WHERE job_id = $1 AND "index" = $2 '
        "AND status IN ('PENDING', 'PROCESSING')"
    )
    await fetch_rows(get_connection("default"), statement, job_id, index)


def forget_transfers(job: Row) -> dict[str, Any]:
    """The columns of a download that begins another attempt from nothing; none where the job is no download."""
    if job["download"] is None:
        return {}
    document = {"url": job_of(job).download["url"]}
    return {"download": orjson.dumps(document).decode(), "processed_bytes": 0, "total_bytes": None}


async def _update_items(db: BaseDBAsyncClient, claim: Claim, active: Sequence[ActiveItem]) -> None:
    moment = now().timestamp()
    rows = [[item.processed_bytes, item.size_bytes, moment, claim.job.id, item.index, claim.attempt] for item in active]
    if rows:
        await execute_each(db, _UPDATE_ITEM, rows)


def _document(job: Row, state: TransferState) -> str:
    """The column `download`, as JSON."""
    hosts = sorted(state.hosts, key=lambda host: (host.waiting_until is None, -host.active_transfers, host.name))
    told = {"finalUrl": state.final_url, "resumable": state.is_resumable}
    document = {
        **(job_of(job).download or {}),
        **{name: value for name, value in told.items() if value is not None},
        "bytesPerSecond": state.bytes_per_second,
        "hosts": [
            {
                "name": host.name,
                "activeTransfers": host.active_transfers,
                "waitingUntil": host.waiting_until.timestamp() if host.waiting_until else None,
            }
            for host in hosts[:MAX_HOSTS]
        ],
    }
    return orjson.dumps(document).decode()
