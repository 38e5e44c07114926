"""API tokens, as clients ask for them."""

from datetime import timedelta
from typing import Any

import pytest

from base.errors import rfc3339
from base.words import Role
from models import ApiToken, AuditEntry, User
from models.fields import now
from models.ids import new_id
from tests.resolvers.people_documents import (
    CHANGE_PASSWORD,
    CREATE_TOKEN,
    CREATE_USER,
    JOBS,
    REVOKE,
    TOKENS,
    UPDATE_USER,
    USERS,
    VIEWER,
    api_token,
)
from tests.web_app import App, Served


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


async def test_an_api_token_of_an_admin_makes_no_people_and_each_try_is_in_the_audit_log(app: App) -> None:
    admin, ada = await app.person(Role.ADMIN), await app.person()
    own, other = await api_token(app, admin), await api_token(app, admin)
    tries: list[tuple[str, dict[str, Any]]] = [
        (CREATE_USER, {"u": "eve", "p": "a good password", "r": "ADMIN"}),
        (UPDATE_USER, {"id": ada.id, "role": "ADMIN"}),
        (UPDATE_USER, {"id": ada.id, "disabled": True}),
        (UPDATE_USER, {"id": ada.id, "p": "another password"}),
        (CHANGE_PASSWORD, {"c": "x", "n": "another password"}),
        (CREATE_TOKEN, {"name": "a second one"}),
        (REVOKE, {"id": other["id"]}),
    ]
    users, tokens = (
        await User.all().order_by("id").values(),
        await ApiToken.all().order_by("id").values("id", "revoked_at"),
    )
    assert [(await app.ask(query, own["token"], **given)).code for query, given in tries] == ["FORBIDDEN"] * 7
    assert await User.all().order_by("id").values() == users
    assert await ApiToken.all().order_by("id").values("id", "revoked_at") == tokens
    assert await AuditEntry.filter(action="REFUSED", actor_id=admin.id).count() == 7
    assert (await app.ask("{ users { id } }", own["token"])).errors == []
    assert (await app.ask(REVOKE, own["token"], id=own["id"])).data == {"revokeApiToken": own["id"]}
    assert (await app.ask(VIEWER, own["token"])).code == "INVALID_TOKEN"


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
