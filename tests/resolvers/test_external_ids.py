"""Jobs and uploads by the ids that another system gave them: in every list, letter for letter, and nobody else's."""

from typing import Any

import pytest

from base.words import JobStatus, Role
from models import Job
from tests.web_app import App, Person, Served

JOBS = """query ($keys: [String!]) {
  jobs(filter: {externalIds: $keys}) { totalCount nodes { externalId } }
  batches(filter: {externalIds: $keys}) { nodes { externalId } }
  tasks(filter: {externalIds: $keys}) { nodes { externalId } }
  statistics(filter: {externalIds: $keys}) { total }
}"""
UPLOADS = "query ($keys: [String!]) { uploads(externalIds: $keys) { totalCount nodes { externalId } } }"
WATCH = "subscription ($keys: [String!]) { jobsUpdated(filter: {externalIds: $keys}) { externalId status deletedAt } }"
CANCEL = "mutation ($keys: [String!]) { cancelJobs(filter: {externalIds: $keys}) { externalId } }"


async def keys_in(app: App, who: Person, query: str, *keys: str) -> dict[str, Any]:
    """What each list of `query` has, by their keys; a total as it is."""
    data = await app.data(query, who, keys=list(keys))
    return {
        name: found["total"] if "total" in found else [node["externalId"] for node in found["nodes"]]
        for name, found in data.items()
    }


async def test_jobs_are_found_by_external_ids_letter_for_letter(app: App) -> None:
    person, other, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    for owner, key in ((person, "Old 1"), (person, "old 1"), (person, None), (other, "Old 1"), (other, "Old 2")):
        await app.batch(owner, externalId=key)

    found = await keys_in(app, person, JOBS, "Old 1", "Old 2", "Old")
    assert found == {"jobs": ["Old 1"], "batches": ["Old 1"], "tasks": [], "statistics": 1}
    assert (await keys_in(app, admin, JOBS, "Old 1", "Old 2"))["jobs"] == ["Old 2", "Old 1", "Old 1"]
    assert (await keys_in(app, person, JOBS))["jobs"] == []
    assert len((await app.data("{ jobs(filter: {externalIds: null}) { nodes { id } } }", person))["jobs"]["nodes"]) == 3


async def test_uploads_are_found_by_external_ids_which_may_repeat(app: App) -> None:
    person, other = await app.person(), await app.person()
    for owner, key in ((person, "a"), (person, "a"), (person, "b"), (person, None), (other, "a")):
        await app.upload(owner, external_id=key)

    assert await keys_in(app, person, UPLOADS, "a", "A", "c") == {"uploads": ["a", "a"]}
    assert await keys_in(app, person, UPLOADS, "b", "a") == {"uploads": ["b", "a", "a"]}
    assert await keys_in(app, person, UPLOADS) == {"uploads": []}
    assert len((await app.data("{ uploads { nodes { id } } }", person))["uploads"]["nodes"]) == 4


@pytest.mark.parametrize(("query", "field"), [(JOBS, "filter.externalIds"), (UPLOADS, "externalIds"), (CANCEL, "filter.externalIds")])  # fmt: skip
async def test_a_hundred_external_ids_are_taken_and_one_more_is_refused(app: App, query: str, field: str) -> None:
    person = await app.person()
    await app.data(query, person, keys=["key"] * 100)
    answer = await app.ask(query, person, keys=["key"] * 101)
    assert set(answer.codes) == {"BAD_INPUT"}
    assert answer.field == field
    assert answer.errors[0]["message"] == f"{field} takes at most 100 values: ask for less at once."


async def test_jobs_with_an_external_id_are_cancelled_and_no_others(app: App) -> None:
    person = await app.person()
    for key in ("a", "b"):
        await app.batch(person, externalId=key)
    assert await app.data(CANCEL, person, keys=["a"]) == {"cancelJobs": [{"externalId": "a"}]}
    assert {job.external_id: job.status for job in await Job.all()} == {"a": "CANCELLED", "b": "PENDING"}


async def test_who_watches_by_an_external_id_is_told_of_those_jobs_to_their_end(app: App, live: Served) -> None:
    admin = await app.person(Role.ADMIN)
    ended = await app.batch(admin, externalId="old")
    await Job.filter(id=ended).update(status=JobStatus.COMPLETED)
    async with await live.wire_of(admin) as wire:
        await wire.subscribe(WATCH, keys=["old", "new"])
        await app.batch(admin, externalId="another")
        await app.batch(admin, externalId="new")
        assert (await wire.next())["jobsUpdated"]["externalId"] == "new"
        await app.data("mutation ($id: ID!) { deleteJob(id: $id) }", admin, id=ended)
        told = (await wire.next())["jobsUpdated"]
        assert (told["externalId"], told["deletedAt"] is not None) == ("old", True)
        await app.batch(admin, externalId="old")
        assert (await wire.next())["jobsUpdated"] == {"externalId": "old", "status": "PENDING", "deletedAt": None}


async def test_who_watches_by_too_many_external_ids_is_refused(app: App, live: Served) -> None:
    async with await live.wire_of(await app.person()) as wire:
        await wire.subscribe(WATCH, keys=["key"] * 101)
        assert await wire.error() == "BAD_INPUT"
