"""The audit log, as clients ask for it."""

import pytest

from base.words import Role
from models import AuditEntry
from tests.resolvers.people_documents import AUDIT, CREATE_TOKEN, CREATE_USER, LOGIN, REVOKE, UPDATE_USER, USERS
from tests.web_app import App, Served


async def test_the_audit_log_says_who_did_what(app: App) -> None:
    admin, person = await app.person(Role.ADMIN), await app.person()
    upload = await app.upload(person)
    await app.data("mutation ($id: ID!) { deleteUpload(id: $id) }", person, id=upload.id)
    user = (await app.data(CREATE_USER, admin, u="ada", p="a good password"))["createUser"]
    await app.ask(LOGIN, u="ada", p="wrong")
    await app.ask(LOGIN, u="a password by mistake", p="wrong")
    session = (await app.data(LOGIN, u="ada", p="a good password"))["login"]["accessToken"]
    token = (await app.ask(CREATE_TOKEN, session, name="a program")).data
    assert token is not None
    await app.ask(REVOKE, session, id=token["createApiToken"]["id"])
    await app.ask(USERS, session)
    await app.data(UPDATE_USER, admin, id=user["id"], role="ADMIN")
    await app.ask("mutation { logout }", session)
    entries = (await app.data(AUDIT, admin))["auditLog"]
    told = [
        (entry["action"], (entry["actor"] or {}).get("id"), entry["objectId"], entry["detail"]) for entry in entries
    ]
    token_id = token["createApiToken"]["id"]
    here = "from 127.0.0.1"
    assert told[::-1] == [
        ("DELETED", person.id, upload.id, "a.txt"),
        ("USER_CREATED", admin.id, user["id"], "ada, USER"),
        ("SIGN_IN_REFUSED", None, user["id"], here),
        ("SIGN_IN_REFUSED", None, None, here),
        ("SIGNED_IN", user["id"], user["id"], here),
        ("TOKEN_CREATED", user["id"], token_id, "a program"),
        ("TOKEN_REVOKED", user["id"], token_id, "a program"),
        ("REFUSED", user["id"], None, "users: Only admins may do this."),
        ("ROLE_CHANGED", admin.id, user["id"], "USER to ADMIN"),
        ("SIGNED_OUT", user["id"], user["id"], None),
    ]
    secrets = str(await AuditEntry.all().values())
    assert not [text for text in ("mistake", "good password", session, "waybill_") if text in secrets]


async def test_the_audit_log_is_read_on_from_an_entry_and_of_one_object(app: App) -> None:
    admin = await app.person(Role.ADMIN)
    for number in range(5):
        await AuditEntry.create(action="DELETED", object_id=["one", "two"][number % 2])
    ids = [entry["id"] for entry in (await app.data(AUDIT, admin))["auditLog"]]
    assert ids == sorted(ids, key=int, reverse=True)
    assert [e["id"] for e in (await app.data(AUDIT, admin, first=2, after=ids[1]))["auditLog"]] == ids[2:4]
    assert [e["objectId"] for e in (await app.data(AUDIT, admin, o="two"))["auditLog"]] == ["two", "two"]
    for nothing in ("three", "x" * 1000, "\0"):
        assert (await app.data(AUDIT, admin, o=nothing))["auditLog"] == []
    for after in ("", "x", "-1", "9" * 30, "\u0665"):
        answer = await app.ask(AUDIT, admin, after=after)
        assert (answer.code, answer.field) == ("BAD_INPUT", "after")
    assert (await app.ask(AUDIT, admin, first=101)).code == "BAD_INPUT"


async def test_a_refusal_over_a_socket_and_on_a_byte_route_is_noted_too(app: App, live: Served) -> None:
    worker = await app.person(Role.WORKER)
    async with await live.wire_of(worker) as wire:
        await wire.subscribe("{ users { id } }")
        assert (await wire.receive())["payload"]["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    headers = {**worker.header, "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    assert (await app.http.post("/files/", headers=headers)).status_code == 403
    entries = await AuditEntry.filter(action="REFUSED", actor_id=worker.id).order_by("id")
    assert [str(entry.detail).partition(": ")[0] for entry in entries] == ["users", "POST /files/"]


async def test_a_deletion_by_link_has_no_actor_unless_somebody_is_known(app: App) -> None:
    person = await app.person()
    for headers, actor in (({}, None), (person.header, person.id)):
        upload = await app.upload(person)
        url = (await app.data("query ($id: ID!) { upload(id: $id) { url } }", person, id=upload.id))["upload"]["url"]
        response = await app.http.delete(url, headers={**headers, "Tus-Resumable": "1.0.0"})
        assert response.status_code == 204
        entry = await AuditEntry.get(object_id=upload.id)
        assert (entry.action, entry.actor_id, entry.detail) == ("DELETED", actor, "a.txt")


async def test_jobs_that_are_deleted_and_purged_leave_an_entry_that_stays(app: App) -> None:
    admin, person = await app.person(Role.ADMIN), await app.person()
    upload = await app.upload(person)
    job_id = await app.batch(person, upload=upload, title="march", autoStart=False)
    await app.data("mutation ($id: ID!) { cancelJob(id: $id) { id } }", person, id=job_id)
    assert (await app.ask("mutation ($id: ID!) { deleteJob(id: $id) }", person, id=job_id)).code == "FORBIDDEN"
    await app.data("mutation ($id: ID!) { deleteJob(id: $id) }", admin, id=job_id)
    await app.data("mutation ($id: ID!) { purgeJob(id: $id) }", admin, id=job_id)
    entries = await AuditEntry.filter(object_id__in=[job_id, upload.id]).order_by("id")
    assert [(entry.action, entry.actor_id, entry.object_id, entry.detail) for entry in entries] == [
        ("DELETED", admin.id, job_id, "march"),
        ("DELETED", admin.id, upload.id, None),  # a purge leaves no name of a file
        ("PURGED", admin.id, job_id, "march"),
    ]


async def test_a_deletion_that_cannot_be_noted_does_not_happen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError

    person = await app.person()
    upload = await app.upload(person)
    monkeypatch.setattr("uploads.lifecycle.note", fail)
    answer = await app.ask("mutation ($id: ID!) { deleteUpload(id: $id) }", person, id=upload.id)
    assert answer.code == "INTERNAL_ERROR"
    found = await app.data("query ($id: ID!) { upload(id: $id) { status } }", person, id=upload.id)
    assert found == {"upload": {"status": "COMPLETED"}}
