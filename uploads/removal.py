"""Removing bytes that nobody needs any more: at once where that can be done, by the sweep otherwise."""

from collections.abc import Sequence
from contextlib import suppress

from tortoise.connection import get_connection

from base.errors import Refusal
from storage.keys import upload_key
from uploads.queries import needed_part_ids
from uploads.receiver import Receiver
from uploads.rows import GONE, fetch_rows, places_for

_AT_ONCE = 200


async def remove_bytes(receiver: Receiver, upload_id: str) -> bool:
    """Remove what lies under the id of an upload that is gone; whether nothing lies there any more.

    Whoever is still writing there is asked to stop; if that does not help, it is left to the sweep.
    """
    with suppress(Refusal):
        async with receiver.locks.hold(upload_id):
            await receiver.storage.remove(upload_key(upload_id))
        return True
    return False


async def remove_parts(receiver: Receiver, upload_ids: Sequence[str]) -> int:
    """Remove the bytes of uploads that are gone, as far as no concatenation needs them, and note it; of how many."""
    needed = await needed_part_ids(upload_ids)
    removed = [id_ for id_ in upload_ids if id_ not in needed and await remove_bytes(receiver, id_)]
    if removed:
        note = f"UPDATE uploads SET is_stored = FALSE WHERE id IN ({places_for(removed)}) RETURNING id"
        await fetch_rows(get_connection("default"), note, *removed)
    return len(removed)


async def sweep_removed(receiver: Receiver) -> int:
    """Remove the bytes of uploads that are gone and note that they are; how many these were.

    What a crash, a full disk or a slow holder left behind is removed here at the latest.
    """
    db = get_connection("default")
    statement = (
        f"SELECT id FROM uploads WHERE is_stored = TRUE AND status IN ({places_for(GONE)})"
        f" AND id > ${len(GONE) + 1} ORDER BY id LIMIT {_AT_ONCE}"
    )
    count, last = 0, ""
    while ids := [row["id"] for row in await fetch_rows(db, statement, *sorted(GONE), last)]:
        last = ids[-1]
        count += await remove_parts(receiver, ids)
    return count
