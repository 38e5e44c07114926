"""Results and guides, over GraphQL."""

from datetime import datetime, timedelta

from base.words import FileRole, JobStatus
from models import File, Job
from models.fields import now
from models.ids import new_id
from storage.keys import file_key
from tests.stored_paths import stored_path
from tests.web_app import App, Person

QUERY = "query ($id: ID!) { job(id: $id) { expiresAt bundleUrl files { name role url expiresAt } } }"


async def completed(app: App, person: Person, days: float) -> str:
    """A job that ended so many days ago, with a result whose bytes are there."""
    job_id, file_id = await app.batch(person), new_id("file")
    path = stored_path(app.services.request.storage, file_key(file_id))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"result")
    await File.create(
        id=file_id, job_id=job_id, owner_id=person.id, role=FileRole.RESULT, name="a.csv", content_type="text/csv",
        size_bytes=6, sha256="0" * 64, storage_key=file_key(file_id),
    )  # fmt: skip
    await Job.filter(id=job_id).update(status=JobStatus.COMPLETED, finished_at=now() - timedelta(days=days))
    return job_id


def days_until(moment: str) -> float:
    return round((datetime.fromisoformat(moment) - now()).total_seconds() / 86_400, 2)


async def test_when_results_and_the_job_go_is_told_before(app: App) -> None:
    person = await app.person()
    job = (await app.data(QUERY, person, id=await completed(app, person, 10)))["job"]
    assert days_until(job["expiresAt"]) == 80
    assert days_until(job["files"][0]["expiresAt"]) == 20
    for link, content in ((job["files"][0]["url"], b"result"), (job["bundleUrl"], b"PK")):
        answer = await app.http.get(link)
        assert (answer.status_code, answer.content[: len(content)]) == (200, content)


async def test_after_that_the_file_is_listed_and_its_bytes_are_410(app: App) -> None:
    person = await app.person()
    job_id = await completed(app, person, 29)
    before = (await app.data(QUERY, person, id=job_id))["job"]
    await Job.filter(id=job_id).update(finished_at=now() - timedelta(days=31))
    job = (await app.data(QUERY, person, id=job_id))["job"]
    assert (job["bundleUrl"], days_until(job["files"][0]["expiresAt"])) == (None, -1)
    for link in (job["files"][0]["url"], before["bundleUrl"]):
        answer = await app.http.get(link)
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "RESULT_EXPIRED")


async def test_an_active_job_and_its_files_have_no_end(app: App) -> None:
    person = await app.person()
    job_id = await completed(app, person, 400)
    await Job.filter(id=job_id).update(status=JobStatus.PROCESSING, finished_at=None)
    job = (await app.data(QUERY, person, id=job_id))["job"]
    assert (job["expiresAt"], job["bundleUrl"], job["files"][0]["expiresAt"]) == (None, None, None)


async def test_guides_are_listed_for_who_is_signed_in_with_links_that_work(app: App) -> None:
    person = await app.person()
    query = "{ guides { title filename size url } }"
    assert await app.data(query, person) == {"guides": []}
    folder = app.services.request.settings.data_dir / "guides"
    folder.mkdir()
    (folder / "01_getting started.pdf").write_bytes(b"%PDF-1.7")
    (guide,) = (await app.data(query, person))["guides"]
    answer = await app.http.get(guide.pop("url"))
    assert guide == {"title": "Getting started", "filename": "01_getting started.pdf", "size": 8}
    assert (answer.status_code, answer.content) == (200, b"%PDF-1.7")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Getting started.pdf"'
    assert (await app.ask(query)).code == "UNAUTHENTICATED"
