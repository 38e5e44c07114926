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


async def remove_bytes(receiver: Receiver, upload_ids: Sequence[str]) -> list[str]:
    """Remove what lies under the ids of uploads that are gone; those of which nothing lies there any more.

    Bytes that a concatenation needs stay. So do, for the sweep, those that somebody still writes to.
    """
    needed = await needed_part_ids(upload_ids)
    removed = []
    for upload_id in upload_ids:
        if upload_id not in needed:
            with suppress(Refusal):
                async with receiver.locks.hold(upload_id):
                    await receiver.storage.remove(upload_key(upload_id))
                removed.append(upload_id)
    return removed


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
        removed = await remove_bytes(receiver, ids)
        await note_removed(removed)
        count += len(removed)
    return count


async def note_removed(upload_ids: Sequence[str]) -> None:
    """Note that nothing lies under these ids any more."""
    if upload_ids:
        note = f"UPDATE uploads SET is_stored = FALSE WHERE id IN ({places_for(upload_ids)}) RETURNING id"
        await fetch_rows(get_connection("default"), note, *upload_ids)
