"""`totalCount` and `nodes` of one answer, at one moment."""

import asyncio

import pytest

from models import Item, Upload
from tests.web_app import App, Person

UPLOADS = "{ uploads(first: 100) { totalCount nodes { id } } }"
JOBS = "{ jobs(first: 100) { totalCount nodes { id } } }"
ITEMS = "query ($id: ID!) { job(id: $id) { items(first: 100) { ...Both } } } fragment Both on JobItemConnection { totalCount nodes { id } }"


async def come_and_go(app: App, owner: Person, job_id: str, is_over: asyncio.Event) -> None:
    """Uploads, jobs and items are there and gone again."""
    number = 0
    while not is_over.is_set():
        number += 1
        upload = await app.upload(owner)
        item = await Item.create(
            id=f"item-1754556928-{number:012x}", job_id=job_id, index=number, name="a", status="PENDING", attempt=1
        )
        if number % 4 == 0:
            await app.batch(owner, upload=upload)
        if number % 3:
            await Upload.filter(id=upload.id).delete()
            await item.delete()


@pytest.mark.parametrize("query", [UPLOADS, JOBS, ITEMS], ids=["uploads", "jobs", "items"])
async def test_the_total_is_that_of_the_nodes(app: App, query: str) -> None:
    owner = await app.person()
    job_id = await app.batch(owner)
    is_over = asyncio.Event()
    busy = asyncio.create_task(come_and_go(app, owner, job_id, is_over))
    pairs: list[tuple[int, int]] = []
    while len(set(pairs)) < 8:
        data = await app.data(query, owner, **({"id": job_id} if query is ITEMS else {}))
        (found,) = data.values()
        found = found.get("items", found)
        pairs.append((found["totalCount"], len(found["nodes"])))
    is_over.set()
    await busy
    assert [pair for pair in pairs if pair[0] != pair[1] and pair[0] <= 100] == []
