"""Retries, over GraphQL and with real work."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from models import Upload
from tests.web_app import App, Person, opened_app

CREATE = "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
CREATE_TASK = "mutation ($input: CreateTaskInput!) { createTask(input: $input) { id } }"
READ = "query ($id: ID!) { job(id: $id) { status isActive hasFailures actions error { code isRetryable } items { nodes { status error { isRetryable } } } } }"
RETRY = "mutation ($id: ID!, $only: Boolean!) { retryJob(id: $id, onlyFailedItems: $only) { status attempt } }"


async def ended(app: App, person: Person, id_: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while (job := (await app.data(READ, person, id=id_))["job"])["isActive"]:  # noqa: ASYNC110  the work is in other processes
            await asyncio.sleep(0.05)
    return dict(job)


@pytest.mark.parametrize(
    ("rows", "status"), [("nobody\nnothing\n", "FAILED"), ("nobody\nann@example.com\n", "COMPLETED")]
)
async def test_leads_that_are_invalid_stay_so_and_are_not_retried(
    tmp_path: Path, empty_database: Path, rows: str, status: str
) -> None:
    async with opened_app(tmp_path, empty_database, workers=1) as app:
        person = await app.person()
        upload = await app.upload(person, f"email\n{rows}".encode(), "leads.csv")
        new = {"work": {"leads": {}}, "uploadIds": [upload.id]}
        id_ = (await app.data(CREATE, person, input=new))["createBatch"]["id"]
        job = await ended(app, person, id_)
        assert (job["status"], job["hasFailures"], job["actions"]) == (status, True, [])
        assert job["error"] == ({"code": "PROCESSING_FAILED", "isRetryable": False} if status == "FAILED" else None)
        assert {"status": "FAILED", "error": {"isRetryable": False}} in job["items"]["nodes"]
        for only in (True, False):
            assert (await app.ask(RETRY, person, id=id_, only=only)).code == "CANNOT_RETRY"
        assert (await ended(app, person, id_))["status"] == status


@pytest.mark.parametrize("demo", [{"items": 2, "failItems": [0, 1]}, {"items": 2, "failAt": 1}])
async def test_failures_that_may_end_otherwise_are_retried_as_long_as_their_inputs_are_there(
    tmp_path: Path, empty_database: Path, demo: dict[str, Any]
) -> None:
    async with opened_app(tmp_path, empty_database, workers=1) as app:
        person = await app.person()
        upload = await app.upload(person)
        new = {"work": {"demo": {"seconds": 0, **demo}}, "uploadIds": [upload.id]}
        id_ = (await app.data(CREATE_TASK, person, input=new))["createTask"]["id"]
        for attempt in (2, 3):
            job = await ended(app, person, id_)
            assert job["error"] == {"code": "PROCESSING_FAILED", "isRetryable": True}
            assert "RETRY" in job["actions"]
            again = (await app.data(RETRY, person, id=id_, only=False))["retryJob"]
            assert again == {"status": "PENDING", "attempt": attempt}
        await ended(app, person, id_)
        await Upload.all().update(status="DELETED")
        job = await ended(app, person, id_)
        assert (job["error"]["isRetryable"], "RETRY" in job["actions"]) == (False, False)
        assert (await app.ask(RETRY, person, id=id_, only=False)).code == "CANNOT_RETRY"


@pytest.mark.parametrize(
    ("demo", "kept"),
    [({"items": 3, "failAt": 2}, 2), ({"items": 3, "stallAt": 1}, 1), ({"items": 3, "failItems": [0, 1, 2]}, 0)],
)
async def test_what_is_not_done_is_offered_and_done_alone_and_the_rest_is_kept(
    tmp_path: Path, empty_database: Path, demo: dict[str, Any], kept: int
) -> None:
    async with opened_app(tmp_path, empty_database, workers=1) as app:
        person = await app.person()
        new = {"work": {"demo": {"seconds": 0, **demo}}}
        id_ = (await app.data(CREATE_TASK, person, input=new))["createTask"]["id"]
        if "stallAt" in demo:
            await done_items(app, person, id_, kept)
            await app.data(CANCEL, person, id=id_)
        job = await ended(app, person, id_)
        assert [node["status"] for node in job["items"]["nodes"]].count("COMPLETED") == kept
        assert job["actions"][:2] == ["RETRY", "RETRY_FAILED_ITEMS"]
        again = (await app.data(RETRY, person, id=id_, only=True))["retryJob"]
        assert again == {"status": "PENDING", "attempt": 2}
        assert await done_items(app, person, id_, kept) == kept


@pytest.mark.parametrize("work", [{"external": {"queue": "q"}}, {"custom": {"kind": "demo", "options": {"askAt": 0}}}])
async def test_where_no_item_has_ended_only_all_of_it_is_offered_and_done_again(
    tmp_path: Path, empty_database: Path, work: dict[str, Any]
) -> None:
    async with opened_app(tmp_path, empty_database, workers=1) as app:
        person = await app.person()
        id_ = (await app.data(CREATE_TASK, person, input={"work": work}))["createTask"]["id"]
        await app.data(CANCEL, person, id=id_)
        job = await ended(app, person, id_)
        assert (job["status"], "RETRY" in job["actions"], "RETRY_FAILED_ITEMS" in job["actions"]) == (
            "CANCELLED", True, False,
        )  # fmt: skip
        assert (await app.ask(RETRY, person, id=id_, only=True)).code == "CANNOT_RETRY"
        assert (await app.data(RETRY, person, id=id_, only=False))["retryJob"] == {"status": "PENDING", "attempt": 2}


async def done_items(app: App, person: Person, id_: str, count: int) -> int:
    """How many items are COMPLETED, once there are `count`."""
    async with asyncio.timeout(30):
        while True:
            nodes = (await app.data(READ, person, id=id_))["job"]["items"]["nodes"]
            done = [node["status"] for node in nodes].count("COMPLETED")
            if done >= count:
                return done
            await asyncio.sleep(0.05)
