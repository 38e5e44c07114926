"""Removing bytes that nobody needs any more: at once where that can be done, by the sweep otherwise."""

from collections.abc import Sequence
from contextlib import suppress

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from base.errors import Refusal
from models.sql import execute_counted, fetch_rows, placeholders
from storage.keys import upload_key
from uploads.queries import needed_part_ids
from uploads.rows import GONE
from uploads.wiring import UploadServices

UPLOADS_AT_ONCE = 200
MAX_REMOVED = 10_000
"""So many removals a process remembers until they are noted, 1 MB; beyond it the sweep looks for itself."""
_NOTHING = (
    "filename = '', content_type = 'application/octet-stream', external_id = NULL, metadata = '', concat = NULL, "
    "size_bytes = NULL, offset_bytes = 0, sha256 = NULL, error_message = NULL"
)
"""SQL: what is left of an upload of which nothing is to be known."""


async def remove_bytes(services: UploadServices, upload_id: str) -> bool:
    """Remove what lies under the id of an upload that is gone; whether nothing lies there any more.

    Whoever is still writing there is asked to stop; if that does not help, it is left to the sweep.
    """
    with suppress(Refusal):
        async with services.locks.acquire(upload_id):
            await services.storage.remove(upload_key(upload_id))
        return True
    return False


async def remove_before_sweep(services: UploadServices, upload_id: str) -> None:
    """As `remove_bytes`; the next sweep notes it with many others, and one after a crash removes anew."""
    if await remove_bytes(services, upload_id) and len(services.removed) < MAX_REMOVED:
        services.removed.add(upload_id)


async def remove_parts(services: UploadServices, upload_ids: Sequence[str]) -> int:
    """Remove the bytes of uploads that are gone, as far as no concatenation needs them, and note it.

    Returns:
        Of how many bytes were removed now.
    """
    needed = await needed_part_ids(upload_ids)
    known = services.removed.intersection(upload_ids)
    removed = [id_ for id_ in upload_ids if id_ in known or (id_ not in needed and await remove_bytes(services, id_))]
    if removed:
        note = f"UPDATE uploads SET is_stored = FALSE WHERE id IN ({placeholders(removed)}) RETURNING id"
        await fetch_rows(get_connection("default"), note, *removed)
        services.removed.difference_update(known)
    return len(removed) - len(known)


async def forget_upload(services: UploadServices, upload_id: str) -> None:
    """Remove an upload that is gone, and its parts that no other concatenation needs: the bytes, and then the rows.

    Where bytes cannot go yet, because somebody still writes them, the row stays for the sweep, and tells nothing any more.
    """
    gone = sorted(GONE)
    family = f"(id = $1 OR id IN (SELECT part_id FROM upload_parts WHERE final_id = $1)) AND status IN ({placeholders(gone, 2)})"
    db = get_connection("default")
    rows = await fetch_rows(db, f"SELECT id FROM uploads WHERE {family}", upload_id, *gone)
    needed = await needed_part_ids([row["id"] for row in rows])
    ids = [row["id"] for row in rows if row["id"] not in needed]
    await remove_parts(services, ids)
    async with services.transaction() as transaction:
        places = placeholders(ids)
        await fetch_rows(transaction, f"DELETE FROM upload_parts WHERE final_id IN ({places}) RETURNING id", *ids)
        await fetch_rows(
            transaction, f"DELETE FROM uploads WHERE id IN ({places}) AND is_stored = FALSE RETURNING id", *ids
        )
        await fetch_rows(transaction, f"UPDATE uploads SET {_NOTHING} WHERE id IN ({places}) RETURNING id", *ids)


async def drop_uploads(db: BaseDBAsyncClient, upload_ids: Sequence[str]) -> None:
    """Remove the rows of uploads that are gone, bytes and all, and that nothing names any more."""
    places = placeholders(upload_ids)
    await execute_counted(db, f"DELETE FROM upload_parts WHERE final_id IN ({places})", *upload_ids)
    await execute_counted(db, f"DELETE FROM upload_parts WHERE part_id IN ({places})", *upload_ids)
    await execute_counted(db, f"DELETE FROM uploads WHERE id IN ({places})", *upload_ids)


async def sweep_removed(services: UploadServices, at_once: int = UPLOADS_AT_ONCE) -> int:
    """Note of which uploads that are gone the bytes are, too; what a crash, a full disk or a slow holder left behind is removed.

    Returns:
        Of how many bytes were left.
    """
    db = get_connection("default")
    statement = (
        f"SELECT id FROM uploads WHERE is_stored = TRUE AND status IN ({placeholders(GONE)})"
        f" AND id > ${len(GONE) + 1} ORDER BY id LIMIT {at_once}"
    )
    count, last, before = 0, "", frozenset(services.removed)
    while ids := [row["id"] for row in await fetch_rows(db, statement, *sorted(GONE), last)]:
        last = ids[-1]
        count += await remove_parts(services, ids)
    services.removed.difference_update(before)  # the sweep of another server may have noted some
    return count
