"""Signing in and out, and what each kind of bad token is told."""

import base64
from datetime import timedelta
from typing import Any

import jwt
import orjson
import pytest

from auth.passwords import hash_password
from base.words import Role
from models import Session, User
from models.fields import now
from models.ids import new_id
from tests.web_app import SECRET, App, Person

LOGIN = (
    "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken refreshToken user { id } } }"
)
REFRESH = "mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken refreshToken user { id } } }"
VIEWER = "{ viewer { id username role isAnonymous isDisabled } }"
JOBS = "{ jobs { totalCount } }"
PASSWORD = "correct horse battery"


async def account(**columns: Any) -> User:
    password_hash = await hash_password(PASSWORD)
    return await User.create(id=new_id("user"), username="ada", password_hash=password_hash, **columns)


def forged(person: Person, *, key: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    """A token like that of `person`, changed."""
    claims = jwt.decode(person.token, options={"verify_signature": False})
    kept = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


def without_signature(person: Person, algorithm: str) -> str:
    header = base64.urlsafe_b64encode(orjson.dumps({"alg": algorithm, "typ": "JWT"})).rstrip(b"=").decode()
    return f"{header}.{person.token.split('.')[1]}."


async def test_login_gives_tokens_that_work(app: App) -> None:
    user = await account()
    session = (await app.data(LOGIN, u="ada", p=PASSWORD))["login"]
    answer = await app.ask(VIEWER, session["accessToken"])

    assert session["user"] == {"id": user.id}
    assert answer.data == {
        "viewer": {"id": user.id, "username": "ada", "role": "USER", "isAnonymous": False, "isDisabled": False}
    }


@pytest.mark.parametrize(
    ("username", "password"), [("ada", "wrong"), ("bob", PASSWORD), ("", ""), ("ada", "x" * 100_000)]
)
async def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(app: App, username: str, password: str) -> None:
    await account()
    answer = await app.ask(LOGIN, u=username, p=password)

    assert (answer.code, answer.data) == ("INVALID_CREDENTIALS", None)
    assert answer.errors[0]["message"] == "The user name or the password is wrong."
    assert await Session.all().count() == 0


async def test_who_is_disabled_cannot_sign_in(app: App) -> None:
    await account(is_disabled=True)

    assert (await app.ask(LOGIN, u="ada", p=PASSWORD)).code == "INVALID_CREDENTIALS"


async def test_a_refresh_token_is_exchanged_and_twice_at_once_gives_the_same(app: App) -> None:
    await account()
    first = (await app.data(LOGIN, u="ada", p=PASSWORD))["login"]
    second = (await app.data(REFRESH, t=first["refreshToken"]))["refreshSession"]
    again = (await app.data(REFRESH, t=first["refreshToken"]))["refreshSession"]

    assert second["refreshToken"] == again["refreshToken"] != first["refreshToken"]
    assert (await app.ask(JOBS, second["accessToken"])).data == {"jobs": {"totalCount": 0}}


async def test_a_refresh_token_that_was_used_long_ago_ends_the_session(app: App) -> None:
    await account()
    first = (await app.data(LOGIN, u="ada", p=PASSWORD))["login"]
    second = (await app.data(REFRESH, t=first["refreshToken"]))["refreshSession"]
    await Session.all().update(rotated_at=now() - timedelta(seconds=31))

    assert (await app.ask(REFRESH, t=first["refreshToken"])).code == "INVALID_TOKEN"
    assert (await app.ask(REFRESH, t=second["refreshToken"])).code == "INVALID_TOKEN"
    assert (await app.ask(JOBS, second["accessToken"])).code == "INVALID_TOKEN"


@pytest.mark.parametrize("token", ["", "x", "session-1754556928-12a41dbec0f3.x", "é\n", "." * 5000])
async def test_a_refresh_token_that_never_was_is_refused(app: App, token: str) -> None:
    assert (await app.ask(REFRESH, t=token)).code == "INVALID_TOKEN"


async def test_an_access_token_is_no_refresh_token_and_the_other_way_round(app: App) -> None:
    await account()
    session = (await app.data(LOGIN, u="ada", p=PASSWORD))["login"]

    assert (await app.ask(REFRESH, t=session["accessToken"])).code == "INVALID_TOKEN"
    assert (await app.ask(JOBS, session["refreshToken"])).code == "INVALID_TOKEN"


async def test_logout_ends_the_access_token_at_once_and_no_other_session(app: App) -> None:
    person = await app.person()
    elsewhere = await app.sign_in(person.user)
    assert await app.data("mutation { logout }", person) == {"logout": True}

    assert (await app.ask(JOBS, person)).code == "INVALID_TOKEN"
    assert (await app.ask("mutation { logout }", person)).code == "INVALID_TOKEN"
    assert (await app.ask(JOBS, elsewhere)).data == {"jobs": {"totalCount": 0}}


async def test_without_a_token_nobody_is_there(app: App) -> None:
    assert await app.data(VIEWER) == {"viewer": None}
    assert (await app.ask(JOBS)).code == "UNAUTHENTICATED"
    assert (await app.ask("mutation { logout }")).code == "UNAUTHENTICATED"


async def test_an_expired_token_says_that_it_has_expired(app: App) -> None:
    person = await app.person()
    late = await app.sign_in(person.user, age=timedelta(minutes=31))
    answer = await app.ask(VIEWER, late)

    assert (answer.code, answer.data) == ("TOKEN_EXPIRED", {"viewer": None})
    assert (await app.ask(JOBS, late)).code == "TOKEN_EXPIRED"


async def test_every_forged_token_is_refused(app: App) -> None:
    person = await app.person()
    admin = await app.person(Role.ADMIN)
    tokens = [
        without_signature(person, "none"),
        without_signature(person, "None"),
        without_signature(person, "HS256"),
        forged(person, key="another secret that is just as long as ours"),
        forged(person, key=SECRET + "longer so that HS512 takes it, too: 64 bytes", algorithm="HS512"),
        forged(person, iss="somebody else"),
        forged(person, iss=None),
        forged(person, use="refresh"),
        forged(person, use=None),
        forged(person, exp=None),
        forged(person, iat=None),
        forged(person, sid=None),
        forged(person, sub=admin.id),
        forged(person, sid=admin.session_id),
        forged(person, sid="session-1754556928-12a41dbec0f3"),
        forged(person, aud="somebody"),
        forged(person, iat=now() + timedelta(hours=1), exp=now() + timedelta(hours=2)),
        forged(person, nbf=now() + timedelta(hours=1)),
        person.token[:-2],
        person.token + "x",
        f"{person.token}.{person.token}",
    ]
    for token in tokens:
        answer = await app.ask(JOBS, token)
        assert (answer.code, answer.data) == ("INVALID_TOKEN", None), jwt.get_unverified_header(token)


@pytest.mark.parametrize("value", ["Basic YTpi", "Bearer", "Bearer ", "bearer\t", "Token x", "x", "Bearer a b"])
async def test_any_other_authorization_is_an_invalid_token(app: App, value: str) -> None:
    answer = await app.ask(JOBS, headers={"Authorization": value})

    assert answer.code == "INVALID_TOKEN"


async def test_the_scheme_may_be_written_in_any_case(app: App) -> None:
    person = await app.person()
    answer = await app.ask(VIEWER, headers={"Authorization": f"bEARER   {person.token} "})

    assert answer.data is not None
    assert answer.data["viewer"]["id"] == person.id


async def test_who_is_disabled_is_out_at_once(app: App) -> None:
    person = await app.person()
    await User.filter(id=person.id).update(is_disabled=True)

    assert (await app.ask(JOBS, person)).code == "INVALID_TOKEN"


async def test_what_needs_nobody_works_with_a_bad_token(app: App) -> None:
    answer = await app.ask("{ serverInfo { service } __typename }", "nonsense")

    assert (answer.errors, answer.data) == ([], {"serverInfo": {"service": "waybill"}, "__typename": "Query"})


async def test_no_answer_to_a_login_may_be_kept_by_a_cache(app: App) -> None:
    await account()
    answer = await app.ask(LOGIN, u="ada", p=PASSWORD)

    assert answer.response.headers["Cache-Control"] == "no-store"
