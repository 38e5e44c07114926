"""Purged jobs: gone from disk, rows and every API."""

from base.words import JobStatus, Role
from models import Job
from tests.databases import read_tables
from tests.web_app import App

PURGE = "mutation ($id: ID!) { purgeJob(id: $id) }"
DELETE = "mutation ($id: ID!) { deleteJob(id: $id) }"
UPLOAD = "query ($id: ID!) { upload(id: $id) { filename size } }"


async def test_a_purged_job_leaves_nothing_of_its_input(app: App) -> None:
    owner, admin = await app.person(), await app.person(Role.ADMIN)
    upload = await app.upload(owner, b"b" * 987_654, name="a secret.txt")
    job_id = await app.batch(owner, upload=upload)
    await Job.filter(id=job_id).update(status=JobStatus.FAILED)
    folder = app.services.request.settings.data_dir / "uploads"

    await app.data(DELETE, admin, id=job_id)
    assert [path.stat().st_size for path in folder.rglob("upload-*")] == [987_654]  # until its time is over
    assert (await app.data(PURGE, admin, id=job_id)) == {"purgeJob": job_id}

    assert list(folder.rglob("upload-*")) == []
    assert (await app.ask(UPLOAD, owner, id=upload.id)).code == "UPLOAD_NOT_FOUND"
    headers = {"Tus-Resumable": "1.0.0", **owner.header}
    assert (await app.http.head(f"/files/{upload.id}", headers=headers)).status_code == 404
    left = str(await read_tables())
    assert [word for word in ("a secret", "987654") if word in left] == []
