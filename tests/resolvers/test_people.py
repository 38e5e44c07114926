"""Users, API tokens and the audit log, as clients ask for them."""

from typing import Any

import pytest
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from tortoise.exceptions import OperationalError

from auth.passwords import ITSELF, hash_password
from base.words import Role
from models import AuditEntry, User
from models.ids import new_id
from tests.resolvers.people_documents import (
    AUDIT,
    CHANGE_PASSWORD,
    CREATE_USER,
    JOBS,
    LOGIN,
    SOMEBODY,
    UPDATE_USER,
    USERS,
    VIEWER,
    api_token,
)
from tests.web_app import App, Served, until
from web.bounds import Bounds

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
        ({"search": "a" * 101}, "search"),
    ]
    for variables, field in wrong:
        answer = await app.ask(USERS, admin, **variables)
        assert (answer.code, answer.field) == ("BAD_INPUT", field)


async def test_users_are_found_by_a_part_of_their_name(app: App) -> None:
    admin = await app.person(Role.ADMIN)
    people = {name: (await app.person(username=name)).id for name in ("Maria", "marius", "50%", "5_0", "505")}

    async def found(search: str, **page: int) -> list[str]:
        return [user["id"] for user in (await app.data(USERS, admin, search=search, **page))["users"]]

    assert await found(" MARI ") == [people["Maria"], people["marius"]]
    assert await found("mari", first=1, offset=1) == [people["marius"]]
    assert await found("0%") == [people["50%"]]
    assert await found("5_") == [people["5_0"]]
    assert await found("nobody\0") == []
    assert await found("") == await found("\0") == [SOMEBODY, admin.id, *people.values()]


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
    await User.create(id=new_id("user"), username="ada", password_hash=await hash_password("the first one", ITSELF))
    here, elsewhere = [(await app.data(LOGIN, u="ada", p="the first one"))["login"]["accessToken"] for _ in range(2)]
    assert (await app.ask(CHANGE_PASSWORD, here, c="wrong", n="the second one")).code == "INVALID_CREDENTIALS"
    assert (await app.ask(CHANGE_PASSWORD, here, c="the first one", n="the second one")).errors == []
    assert (await app.ask(JOBS, here)).errors == []
    assert (await app.ask(JOBS, elsewhere)).code == "INVALID_TOKEN"
    assert (await app.ask(LOGIN, u="ada", p="the first one")).code == "INVALID_CREDENTIALS"


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
    assert await wire.close_code() == 4403


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
    assert await wire.close_code() == 4403


async def test_after_a_loss_of_events_sockets_ask_again(app: App, live: Served) -> None:
    person, other = await app.person(), await app.person()
    wire, untouched = await live.wire_of(person), await live.wire_of(other)
    await untouched.subscribe(VIEWER)
    await untouched.next()
    await untouched.receive()
    await User.filter(id=person.id).update(is_disabled=True)
    app.services.request.hub.deliver_loss()
    assert await wire.close_code() == 4403
    await untouched.subscribe(VIEWER)
    assert await untouched.next() == {"viewer": {"id": other.id}}
    await untouched.connection.close()


@pytest.mark.parametrize("bounds", [Bounds(recheck_seconds=0.05)])
async def test_a_socket_ends_within_a_minute_of_a_change_that_nobody_told(app: App, live: Served) -> None:
    person = await app.person()
    wire = await live.wire_of(person)
    await wire.subscribe(VIEWER)
    assert await wire.next() == {"viewer": {"id": person.id}}
    await User.filter(id=person.id).update(is_disabled=True)
    assert await wire.close_code() == 4403


async def test_who_signs_out_over_a_socket_is_answered_before_it_is_closed(app: App, live: Served) -> None:
    wire = await live.wire_of(await app.person())
    await wire.subscribe("mutation { logout }")
    assert await wire.next() == {"logout": True}
    assert await wire.close_code() == 4403


async def test_an_api_token_whose_use_cannot_be_noted_works(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await app.person()
    token = await api_token(app, person)

    def fail(**_: object) -> None:
        raise OperationalError

    monkeypatch.setattr("auth.api_tokens.transaction", fail)
    assert (await app.ask(VIEWER, token["token"])).data == {"viewer": {"id": person.id}}
