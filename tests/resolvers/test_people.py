"""Users, API tokens and the audit log, as clients ask for them."""

from datetime import timedelta
from typing import Any

import pytest
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from tortoise.exceptions import OperationalError

from auth.passwords import hash_password
from base.errors import rfc3339
from base.words import Role
from models import ApiToken, AuditEntry, User
from models.fields import now
from models.ids import new_id
from tests.web_app import App, Person, Served, until

CREATE_USER = """mutation ($u: String!, $p: String!, $r: Role! = USER) {
  createUser(username: $u, password: $p, role: $r) { id username role isAnonymous isDisabled createdAt } }"""
UPDATE_USER = """mutation ($id: ID!, $role: Role, $disabled: Boolean, $p: String) {
  updateUser(id: $id, role: $role, isDisabled: $disabled, password: $p) { id role isDisabled } }"""
CHANGE_PASSWORD = "mutation ($c: String!, $n: String!) { changePassword(current: $c, new: $n) { id } }"
LOGIN = "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken } }"
USERS = "query ($first: Int! = 50, $offset: Int! = 0) { users(first: $first, offset: $offset) { id username } }"
CREATE_TOKEN = """mutation ($name: String!, $end: DateTime) {
  createApiToken(name: $name, expiresAt: $end) { id name token createdAt lastUsedAt expiresAt } }"""
REVOKE = "mutation ($id: ID!) { revokeApiToken(id: $id) }"
TOKENS = "{ apiTokens { id name token lastUsedAt expiresAt } }"
AUDIT = """query ($o: ID, $first: Int! = 50, $after: ID) {
  auditLog(objectId: $o, first: $first, after: $after) { id at actor { id } action objectId detail } }"""
VIEWER = "{ viewer { id } }"
JOBS = "{ jobs { totalCount } }"
SOMEBODY = "user-1754556928-12a41dbec0f3"


async def api_token(app: App, who: Person, **variables: Any) -> dict[str, Any]:
    token: dict[str, Any] = (await app.data(CREATE_TOKEN, who, name="a program", **variables))["createApiToken"]
    return token


# ----------------------------------------------------------------------------------------------------- users


async def test_an_admin_makes_a_user_who_signs_in(app: App) -> None:
    admin = await app.person(Role.ADMIN)
    user = (await app.data(CREATE_USER, admin, u="ada", p="a good password"))["createUser"]
    session = (await app.data(LOGIN, u="ada", p="a good password"))["login"]
    assert await app.data(VIEWER, None) == {"viewer": None}
    assert (await app.ask(VIEWER, session["accessToken"])).data == {"viewer": {"id": user["id"]}}
    assert (user["role"], user["isAnonymous"], user["isDisabled"]) == ("USER", False, False)
    assert (await app.ask(CREATE_USER, admin, u="ada", p="a good password")).code == "DUPLICATE"


@pytest.mark.parametrize("role", [Role.USER, Role.WORKER])
async def test_only_admins_reach_what_is_for_admins(app: App, role: Role) -> None:
    person = await app.person(role)
    asked: list[tuple[str, dict[str, Any]]] = [
        (CREATE_USER, {"u": "eve", "p": "a good password", "r": "ADMIN"}),
        (UPDATE_USER, {"id": person.id, "role": "ADMIN"}),
        (UPDATE_USER, {"id": SOMEBODY, "disabled": True}),
        (USERS, {}),
        (AUDIT, {}),
    ]
    for query, variables in asked:
        assert (await app.ask(query, person, **variables)).code == "FORBIDDEN"
        assert (await app.ask(query, None, **variables)).code == "UNAUTHENTICATED"
    assert (await User.get(id=person.id)).role is role
    refused = await AuditEntry.filter(action="REFUSED").order_by("id")
    assert [(entry.actor_id, entry.detail) for entry in refused] == [
        (person.id, f"{field}: Only admins may do this.")
        for field in ("createUser", "updateUser", "updateUser", "users", "auditLog")
    ]


async def test_users_are_read_in_parts_oldest_first(app: App) -> None:
    admin = await app.person(Role.ADMIN)
    people = [admin, *[await app.person() for _ in range(3)]]
    ids = [SOMEBODY, *[person.id for person in people]]
    assert [user["id"] for user in (await app.data(USERS, admin))["users"]] == ids
    assert [user["id"] for user in (await app.data(USERS, admin, first=2, offset=1))["users"]] == ids[1:3]
    assert (await app.data(USERS, admin, first=0))["users"] == []
    assert (await app.data(USERS, admin, offset=2**31 - 1))["users"] == []
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"first": 101}, "first"),
        ({"first": -1}, "first"),
        ({"offset": -1}, "offset"),
    ]
    for variables, field in wrong:
        answer = await app.ask(USERS, admin, **variables)
        assert (answer.code, answer.field) == ("BAD_INPUT", field)


async def test_a_disabled_users_tokens_end_at_once(app: App) -> None:
    admin, person = await app.person(Role.ADMIN), await app.person()
    token = (await api_token(app, person))["token"]
    answer = await app.data(UPDATE_USER, admin, id=person.id, disabled=True)
    assert answer["updateUser"] == {"id": person.id, "role": "USER", "isDisabled": True}
    for bearer in (person, token):
        assert (await app.ask(JOBS, bearer)).code == "INVALID_TOKEN"


async def test_a_new_role_counts_from_the_next_request(app: App) -> None:
    admin, person = await app.person(Role.ADMIN), await app.person()
    await app.data(UPDATE_USER, admin, id=person.id, role="ADMIN")
    await app.data(USERS, person)
    await app.data(UPDATE_USER, admin, id=person.id, role="WORKER")
    assert (await app.ask(USERS, person)).code == "FORBIDDEN"


async def test_a_password_is_changed_by_who_knows_it(app: App) -> None:
    await User.create(id=new_id("user"), username="ada", password_hash=await hash_password("the first one"))
    here, elsewhere = [(await app.data(LOGIN, u="ada", p="the first one"))["login"]["accessToken"] for _ in range(2)]
    assert (await app.ask(CHANGE_PASSWORD, here, c="wrong", n="the second one")).code == "INVALID_CREDENTIALS"
    assert (await app.ask(CHANGE_PASSWORD, here, c="the first one", n="the second one")).errors == []
    assert (await app.ask(JOBS, here)).errors == []
    assert (await app.ask(JOBS, elsewhere)).code == "INVALID_TOKEN"
    assert (await app.ask(LOGIN, u="ada", p="the first one")).code == "INVALID_CREDENTIALS"


# ------------------------------------------------------------------------------------------------ API tokens


async def test_an_api_token_is_shown_once_and_kept_as_a_hash(app: App) -> None:
    person = await app.person()
    token = await api_token(app, person)
    assert (token["token"][:8], len(token["token"]), token["lastUsedAt"], token["expiresAt"]) == (
        "waybill_",
        51,
        None,
        None,
    )
    listed = (await app.data(TOKENS, person))["apiTokens"]
    assert [(entry["id"], entry["token"]) for entry in listed] == [(token["id"], None)]
    node = await app.data("query ($id: ID!) { node(id: $id) { id ... on ApiToken { token } } }", person, id=token["id"])
    assert node == {"node": {"id": token["id"], "token": None}}
    assert token["token"] not in str(await ApiToken.all().values())


async def test_an_api_token_has_its_owners_rights_wherever_an_access_token_works(app: App, live: Served) -> None:
    person = await app.person()
    text = (await api_token(app, person))["token"]
    assert (await app.ask(VIEWER, text)).data == {"viewer": {"id": person.id}}
    assert (await app.ask(USERS, text)).code == "FORBIDDEN"
    headers = {"Authorization": f"Bearer {text}", "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    assert (await app.http.post("/files/", headers=headers)).status_code == 201
    async with await live.wire() as wire:
        await wire.init(text)
        await wire.subscribe(VIEWER)
        assert await wire.next() == {"viewer": {"id": person.id}}


async def test_a_revoked_api_token_is_refused_and_its_sockets_are_closed(app: App, live: Served) -> None:
    person = await app.person()
    token, other = await api_token(app, person), await api_token(app, person)
    wire, untouched = await live.wire(), await live.wire()
    await wire.init(token["token"])
    await untouched.init(other["token"])
    assert await app.data(REVOKE, person, id=token["id"]) == {"revokeApiToken": token["id"]}
    assert await wire.close_code() == 4403
    assert (await app.ask(JOBS, token["token"])).code == "INVALID_TOKEN"
    await untouched.subscribe(VIEWER)
    assert await untouched.next() == {"viewer": {"id": person.id}}
    await untouched.connection.close()
    assert [entry["id"] for entry in (await app.data(TOKENS, person))["apiTokens"]] == [other["id"]]
    assert (await app.ask(REVOKE, person, id=token["id"])).code == "NOT_FOUND"


async def test_somebody_elses_api_token_is_not_there(app: App) -> None:
    person, stranger, admin = await app.person(), await app.person(), await app.person(Role.ADMIN)
    token = await api_token(app, person)
    assert (await app.data(TOKENS, stranger))["apiTokens"] == []
    assert (await app.ask(REVOKE, stranger, id=token["id"])).code == "NOT_FOUND"
    assert (await app.ask("query ($id: ID!) { node(id: $id) { id } }", stranger, id=token["id"])).code == "NOT_FOUND"
    assert (await app.ask(REVOKE, stranger, id="nonsense")).code == "INVALID_ID"
    assert (await app.ask(JOBS, token["token"])).errors == []
    assert (await app.data(REVOKE, admin, id=token["id"])) == {"revokeApiToken": token["id"]}
    assert (await app.ask(JOBS, token["token"])).code == "INVALID_TOKEN"


async def test_an_api_token_ends_at_its_end(app: App, live: Served) -> None:
    person = await app.person()
    end = now() + timedelta(seconds=1)
    token = await api_token(app, person, end=rfc3339(end))
    wire = await live.wire()
    await wire.init(token["token"])
    assert await wire.close_code() == 4403
    assert now() >= end - timedelta(milliseconds=1)
    assert (await app.ask(JOBS, token["token"])).code == "TOKEN_EXPIRED"
    for wrong in (rfc3339(now() - timedelta(seconds=1)), "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"):
        answer = await app.ask(CREATE_TOKEN, person, name="late", end=wrong)
        assert (answer.code, answer.field) == ("BAD_INPUT", "expiresAt")


async def test_an_api_token_makes_no_other_and_ends_no_session(app: App) -> None:
    person = await app.person()
    text = (await api_token(app, person))["token"]
    assert (await app.ask(CREATE_TOKEN, text, name="a second one")).code == "FORBIDDEN"
    assert (await app.ask("mutation { logout }", text)).code == "INVALID_STATE"
    assert (await app.ask(JOBS, text)).errors == []


async def test_the_last_use_of_an_api_token_is_noted_at_most_once_a_minute(app: App) -> None:
    person = await app.person()
    token = await api_token(app, person)
    await app.ask(JOBS, token["token"])
    (first,) = await ApiToken.all()
    assert first.last_used_at is not None
    await app.ask(JOBS, token["token"])
    assert (await ApiToken.get(id=first.id)).last_used_at == first.last_used_at
    await ApiToken.all().update(last_used_at=now() - timedelta(seconds=61))
    await app.ask(JOBS, token["token"])
    used_at = (await ApiToken.get(id=first.id)).last_used_at
    assert used_at is not None
    assert used_at > first.last_used_at


async def test_one_user_has_at_most_a_hundred_api_tokens(app: App) -> None:
    person = await app.person()
    rows = [ApiToken(id=new_id("token"), user_id=person.id, name="a", token_hash=str(n)) for n in range(100)]
    await ApiToken.bulk_create(rows)
    assert (await app.ask(CREATE_TOKEN, person, name="one more")).code == "QUOTA_EXCEEDED"
    await app.data(REVOKE, person, id=rows[0].id)
    assert (await app.ask(CREATE_TOKEN, person, name="one more")).errors == []


@pytest.mark.parametrize("token", ["waybill_", "waybill_nonsense", "waybill_\u00e9", "waybill_" + "x" * 5000])
async def test_an_api_token_that_never_was_is_refused(app: App, token: str) -> None:
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    response = await app.http.post("/graphql", json={"query": JOBS}, headers=headers)
    assert response.json()["errors"][0]["extensions"]["code"] == "INVALID_TOKEN"


# -------------------------------------------------------------------------------------------------- audit log


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
        ("DELETED", admin.id, upload.id, "a.txt"),
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


# ----------------------------------------------------------------------------------------------------- sockets


async def test_a_disabled_users_sockets_are_closed_and_nobody_elses(app: App, live: Served) -> None:
    admin, person, other = await app.person(Role.ADMIN), await app.person(), await app.person()
    wires = [await live.wire_of(person) for _ in range(3)]
    for wire in wires:
        await wire.subscribe("subscription { jobsUpdated { id } }")
    untouched = await live.wire_of(other)
    await until(lambda: app.listeners == 3)
    await app.data(UPDATE_USER, admin, id=person.id, disabled=True)
    assert [await wire.close_code(1) for wire in wires] == [4403] * 3
    assert app.listeners == 0
    await untouched.subscribe(VIEWER)
    assert await untouched.next() == {"viewer": {"id": other.id}}
    await untouched.connection.close()


async def test_who_lost_a_role_has_no_socket_left_that_shows_what_it_showed(app: App, live: Served) -> None:
    admin, person = await app.person(Role.ADMIN), await app.person(Role.ADMIN)
    wire = await live.wire_of(person)
    await wire.subscribe("subscription { jobsUpdated { id } }")
    await until(lambda: app.listeners == 1)
    await app.data(UPDATE_USER, admin, id=person.id, role="USER")
    assert await wire.close_code(1) == 4403


async def test_a_socket_is_closed_by_a_change_that_came_while_it_was_opened(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await app.person()
    welcome = BaseGraphQLTransportWSHandler.handle_connection_init

    async def welcome_late(handler: Any, message: Any) -> None:
        """The caller is known, and nobody listens yet to what they may do."""
        await User.filter(id=person.id).update(is_disabled=True)
        await welcome(handler, message)

    monkeypatch.setattr(BaseGraphQLTransportWSHandler, "handle_connection_init", welcome_late)
    wire = await live.wire_of(person)
    assert await wire.close_code(1) == 4403


async def test_after_a_loss_of_events_sockets_ask_again(app: App, live: Served) -> None:
    person, other = await app.person(), await app.person()
    wire, untouched = await live.wire_of(person), await live.wire_of(other)
    await untouched.subscribe(VIEWER)
    await untouched.next()
    await untouched.receive()
    await User.filter(id=person.id).update(is_disabled=True)
    app.house.means.hub.deliver_loss()
    assert await wire.close_code(1) == 4403
    await untouched.subscribe(VIEWER)
    assert await untouched.next() == {"viewer": {"id": other.id}}
    await untouched.connection.close()


async def test_a_socket_ends_within_a_minute_of_a_change_that_nobody_told(
    app: App, live: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.sockets.RECHECK_SECONDS", 0.05)
    person = await app.person()
    wire = await live.wire_of(person)
    await wire.subscribe(VIEWER)
    assert await wire.next() == {"viewer": {"id": person.id}}
    await User.filter(id=person.id).update(is_disabled=True)
    assert await wire.close_code(1) == 4403


async def test_who_signs_out_over_a_socket_is_answered_before_it_is_closed(app: App, live: Served) -> None:
    wire = await live.wire_of(await app.person())
    await wire.subscribe("mutation { logout }")
    assert await wire.next() == {"logout": True}
    assert await wire.close_code(1) == 4403


async def test_an_api_token_whose_use_cannot_be_noted_works(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await app.person()
    token = await api_token(app, person)

    def fail(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr("auth.api_tokens.transaction", fail)
    assert (await app.ask(VIEWER, token["token"])).data == {"viewer": {"id": person.id}}
