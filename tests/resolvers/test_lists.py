"""Statements of lists, however many rows and nested fields."""

from datetime import timedelta
from typing import Any

import pytest

from base.words import FileRole, JobStatus, LogLevel, Role, UploadStatus
from models import File, Item, Job, JobEvent, LogEntry
from models.fields import now
from models.ids import new_id
from tests.statements import counted_statements, reads_options
from tests.web_app import App, Person

SCALARS = """id kind title status statusMessage isActive hasFailures actions stage stages { name } progress { percentage }
  error { code } attempt version priority bundleUrl createdAt expiresAt ... on Batch { options totalSize reference }"""
NESTED = {
    "owner": "owner { id username }",
    "queuePosition": "queuePosition",
    "files": "files { id url expiresAt }",
    "uploads": "uploads(first: 2) { nodes { id filename } pageInfo { hasNextPage } }",
    "uploads.total": "uploads { totalCount }",
    "uploads.owner": "uploads(first: 2) { nodes { owner { id } } }",
    "uploads.jobs": "uploads(first: 2) { nodes { jobs { id owner { id } } } }",
    "uploads.expiresAt": "uploads(first: 2) { nodes { expiresAt } }",
    "items": "items(first: 2) { totalCount nodes { index name } }",
    "items.files": "items(last: 1) { nodes { files { id } } }",
    "items.status": "items(first: 2, status: COMPLETED, needsReview: false) { nodes { id } }",
    "logs": "logs(minLevel: DEBUG, last: 1) { totalCount nodes { message } }",
    "events": "events(first: 1) { totalCount nodes { status } }",
}
MOST = {
    "owner": 1, "queuePosition": 1, "files": 2, "uploads": 1, "uploads.total": 2, "uploads.owner": 2, "uploads.jobs": 4,
    "uploads.expiresAt": 2, "items": 2, "items.files": 2, "items.status": 1, "logs": 2, "events": 2,
}  # fmt: skip
FIRST = 2
"""Statements of a list itself: who calls (the session and its user are one), and the page."""


async def fill(app: App, person: Person, count: int) -> list[str]:
    """Jobs with an upload of their own and one that all share, two items, a file of each, a log and a history."""
    shared = await app.upload(person, name="shared.txt")
    ids = []
    for number in range(count):
        own = await app.upload(person, name=f"{number}.txt")
        new = {"work": {"custom": {"kind": "counting"}}, "uploadIds": [own.id, shared.id], "title": f"Job {number}"}
        created = await app.data(
            "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id } }", person, input=new
        )
        ids.append(created["createBatch"]["id"])
        for index in (0, 1):
            item = await Item.create(id=new_id("item"), job_id=ids[-1], index=index, name=f"Item {index}")
            await File.create(
                id=new_id("file"), job_id=ids[-1], item_id=item.id if index else None, owner_id=person.id, name="a.csv",
                role=FileRole.RESULT, content_type="text/csv", size_bytes=1, sha256="0" * 64, storage_key="files/aa/x",
            )  # fmt: skip
        await LogEntry.create(job_id=ids[-1], level=LogLevel.INFO, message="A line.")
    return ids


def listing(nested: str) -> str:
    return f"query ($first: Int) {{ jobs(first: $first) {{ totalCount nodes {{ {SCALARS} {nested} }} }} }}"


async def statements_of(app: App, person: Person, query: str, first: int) -> int:
    with counted_statements() as statements:
        page = (await app.data(query, person, first=first))["jobs"]
    assert len(page["nodes"]) == first
    return len(statements)


async def test_no_nested_field_costs_a_statement_per_row(app: App) -> None:
    person = await app.person()
    await fill(app, person, 12)
    base = await statements_of(app, person, listing(""), 12)
    assert base <= FIRST + 1  # and the total
    for name, nested in NESTED.items():
        few, many = [await statements_of(app, person, listing(nested), first) for first in (2, 12)]
        assert few == many, name
        assert many - base <= MOST[name], name


async def test_a_page_of_fifty_with_everything_costs_few_statements(app: App) -> None:
    person = await app.person()
    await fill(app, person, 50)
    everything = " ".join(f"f{place}: {nested}" for place, nested in enumerate(NESTED.values()))
    assert await statements_of(app, person, listing(everything), 50) <= 24
    page = (await app.data(listing(everything), person, first=50))["jobs"]
    first, last = page["nodes"][0], page["nodes"][-1]
    assert (first["title"], last["title"], page["totalCount"]) == ("Job 49", "Job 0", 50)
    assert (first["f1"], last["f1"]) == (50, 1)
    assert [node["filename"] for node in first["f3"]["nodes"]] == ["49.txt", "shared.txt"]
    assert [len(upload["jobs"]) for upload in last["f6"]["nodes"]] == [1, 50]
    assert first["f8"]["nodes"] == [{"index": 0, "name": "Item 0"}, {"index": 1, "name": "Item 1"}]
    assert [len(node["files"]) for node in first["f9"]["nodes"]] == [1]


async def test_a_list_is_one_statement_which_counts_where_the_total_is_asked_for(app: App) -> None:
    person = await app.person()
    await fill(app, person, 3)
    plain = "{ jobs { nodes { id } pageInfo { hasNextPage } } }"
    below = "{ jobs { nodes { items { totalCount } } } }"
    counts, totals = [], []
    for query in (plain, plain.replace("nodes", "totalCount nodes"), below):
        with counted_statements() as statements:
            await app.data(query, person)
        lists = [statement for statement in statements if statement.startswith("SELECT") and "FROM jobs" in statement]
        counts.append(len(lists))
        totals.append(sum("count(*)" in statement for statement in lists))
    assert (counts, totals) == ([1, 1, 1], [0, 1, 0])


async def test_options_are_read_where_they_are_asked_for(app: App) -> None:
    person = await app.person()
    await app.batch(person, work={"custom": {"kind": "counting", "options": {"number": 7}}})
    fragments = "query { jobs { edges { node { ...a } } } } fragment a on Job { ...b } fragment b on Batch { options }"
    assert await app.data(fragments, person) == {"jobs": {"edges": [{"node": {"options": {"number": 7}}}]}}
    with counted_statements() as statements:
        await app.data("{ jobs { nodes { id ... on Batch { totalSize } } } }", person)
    assert not any(reads_options(statement) for statement in statements)


async def test_a_nested_page_that_cannot_be_read_is_refused_for_itself(app: App) -> None:
    person = await app.person()
    await fill(app, person, 2)
    query = "{ jobs { nodes { id good: items(first: 1) { totalCount } bad: items(first: 101) { totalCount } } } }"
    answer = await app.ask(query, person)
    assert (set(answer.codes), {error["extensions"]["field"] for error in answer.errors}) == ({"BAD_INPUT"}, {"first"})


@pytest.mark.parametrize(
    "window", [{"first": 101}, {"first": -1}, {"last": 101}, {"first": 1, "last": 1}, {"offset": -1}]
)
@pytest.mark.parametrize("field", ["jobs", "batches", "uploads"])
async def test_windows_beyond_the_limits_are_bad_input(app: App, field: str, window: dict[str, int]) -> None:
    arguments = ", ".join(f"{name}: {value}" for name, value in window.items())
    answer = await app.ask(f"{{ {field}({arguments}) {{ nodes {{ id }} }} }}", await app.person())
    assert answer.code == "BAD_INPUT"


async def test_pages_stay_where_they_are_while_jobs_are_created(app: App) -> None:
    person = await app.person()
    ids = [await app.batch(person) for _ in range(5)][::-1]
    query = (
        "query ($after: String) { jobs(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }"
    )
    seen, after, has_next = [], None, True
    while has_next:
        page = (await app.data(query, person, after=after))["jobs"]
        seen += [node["id"] for node in page["nodes"]]
        after, has_next = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        await app.batch(person)
    assert seen == ids


async def test_statistics_are_those_of_the_viewers_jobs(app: App) -> None:
    person, other, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    job_id = await app.batch(person)
    ended = now()
    await Job.filter(id=job_id).update(
        status=JobStatus.COMPLETED, started_at=ended - timedelta(seconds=8), finished_at=ended, completed_items=3
    )
    await app.batch(other)
    query = """query ($filter: JobFilter) { statistics(filter: $filter) { total byStatus { status count }
      perDay { date created completed failed items } averageRunSeconds successRate } }"""
    own: dict[str, Any] = (await app.data(query, person))["statistics"]
    assert own.pop("averageRunSeconds") == pytest.approx(8)
    assert own == {
        "total": 1, "byStatus": [{"status": "COMPLETED", "count": 1}], "successRate": 1.0,
        "perDay": [{"date": ended.date().isoformat(), "created": 1, "completed": 1, "failed": 0, "items": 3}],
    }  # fmt: skip
    assert (await app.data(query, admin))["statistics"]["total"] == 2
    assert (await app.data(query, admin, filter={"ownerId": other.id}))["statistics"]["total"] == 1
    refused = await app.ask(query, person, filter={"ownerId": other.id})
    assert (refused.code, refused.field) == ("FORBIDDEN", "filter.ownerId")
    assert (await app.ask(query)).code == "UNAUTHENTICATED"


async def test_uploads_are_listed_with_what_uses_them_at_once(app: App) -> None:
    person = await app.person()
    await fill(app, person, 6)
    await app.upload(person, name="half.txt", status=UploadStatus.UPLOADING, offset_bytes=1)
    query = (
        "query ($first: Int) { uploads(first: $first) { totalCount nodes { id owner { id } jobs { id } expiresAt } } }"
    )
    counts = []
    for first in (2, 8):
        with counted_statements() as statements:
            await app.data(query, person, first=first)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= FIRST + 5
    assert await JobEvent.all().count() == 12


async def test_the_same_page_of_uploads_is_read_once_for_all_fields(app: App) -> None:
    person = await app.person()
    await fill(app, person, 3)
    query = "{ jobs { nodes { a: uploads { nodes { filename } } b: uploads { nodes { size } } } } }"
    for _ in range(2):  # without a plan, and with one
        with counted_statements() as statements:
            nodes = (await app.data(query, person))["jobs"]["nodes"]
        assert sum("job_uploads" in statement for statement in statements) == 1
        assert [len(node[name]["nodes"]) for node in nodes for name in "ab"] == [2] * 6
        assert set(nodes[0]["a"]["nodes"][0]) == {"filename"}
