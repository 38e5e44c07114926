"""Signing in and out, and refusals of bad tokens."""

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest

from auth.passwords import ITSELF, hash_password
from base.words import Role
from models import Session, User
from models.fields import now
from models.ids import new_id
from tests.auth.issuer_for_tests import AUDIENCE, running_issuer
from tests.web_app import SECRET, App, Person, opened_app, served

LOGIN = (
    "mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { accessToken refreshToken user { id } } }"
)
REFRESH = "mutation ($t: String!) { refreshSession(refreshToken: $t) { accessToken refreshToken user { id } } }"
VIEWER = "{ viewer { id username role isAnonymous isDisabled } }"
CREATE_UPLOAD = 'mutation { createUpload(input: {filename: "a.txt", size: 5}) { id } }'
JOBS = "{ jobs { totalCount } }"
PASSWORD = "correct horse battery"


async def account(**columns: Any) -> User:
    password_hash = await hash_password(PASSWORD, ITSELF)
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


# ------------------------------------------------------------------------------- without an account, from outside


ANONYMOUS = "mutation { startAnonymousSession { accessToken user { id username isAnonymous role } } }"
INFO = "{ serverInfo { isAnonymousAllowed oidcIssuer } }"


async def test_nobody_comes_in_without_an_account_unless_that_is_set(app: App) -> None:
    assert (await app.ask(ANONYMOUS)).code == "FORBIDDEN"
    assert await app.data(INFO) == {"serverInfo": {"isAnonymousAllowed": False, "oidcIssuer": None}}


async def test_who_came_without_an_account_has_their_own_things(tmp_path: Path, empty_database: Path) -> None:
    async with opened_app(tmp_path, empty_database, allow_anonymous=True) as app:
        assert await app.data(INFO) == {"serverInfo": {"isAnonymousAllowed": True, "oidcIssuer": None}}
        one, other = [(await app.data(ANONYMOUS))["startAnonymousSession"] for _ in range(2)]
        assert one["user"] == {"id": one["user"]["id"], "username": None, "isAnonymous": True, "role": "USER"}
        created = await app.ask(CREATE_UPLOAD, one["accessToken"])
        assert created.data is not None
        upload_id = created.data["createUpload"]["id"]
        query = "query ($id: ID!) { upload(id: $id) { owner { id } } }"
        assert (await app.ask(query, one["accessToken"], id=upload_id)).data == {
            "upload": {"owner": {"id": one["user"]["id"]}}
        }
        assert (await app.ask(query, other["accessToken"], id=upload_id)).code == "UPLOAD_NOT_FOUND"
        token = 'mutation { createApiToken(name: "a program") { id } }'
        assert (await app.ask(token, one["accessToken"])).code == "FORBIDDEN"


async def test_a_token_as_cognito_makes_it_signs_in_and_an_id_token_does_not(
    tmp_path: Path, empty_database: Path
) -> None:
    async with running_issuer() as issuer:
        values = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_role_claim": "cognito:groups"}
        cognito: dict[str, Any] = {"aud": None, "client_id": AUDIENCE, "cognito:groups": ["admin"]}
        async with opened_app(tmp_path, empty_database, **values) as app:
            access, identity = (issuer.token("r1", **cognito, token_use=use) for use in ("access", "id"))
            assert (await app.ask("{ viewer { role } }", access)).data == {"viewer": {"role": "ADMIN"}}
            assert (await app.ask("{ viewer { role } }", identity)).code == "INVALID_TOKEN"
            tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "1"}
            for token, status in ((access, 201), (identity, 401)):
                created = await app.http.post("/files/", headers=tus | {"Authorization": f"Bearer {token}"})
                assert created.status_code == status


async def test_a_token_of_the_outside_issuer_works_wherever_ours_do(tmp_path: Path, empty_database: Path) -> None:
    async with running_issuer() as issuer:
        values = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "oidc_role_claim": "role"}
        async with opened_app(tmp_path, empty_database, **values) as app, served(app) as live:
            token, admin = issuer.token("e1", sub="grace"), issuer.token("r1", sub="root", role="admin")
            assert await app.data(INFO) == {"serverInfo": {"isAnonymousAllowed": False, "oidcIssuer": issuer.url}}
            viewer = (await app.ask(VIEWER, token)).data
            assert viewer is not None
            assert (await app.ask("{ users { id } }", token)).code == "FORBIDDEN"
            users = (await app.ask("{ users { id } }", admin)).data
            assert users is not None
            assert viewer["viewer"]["id"] in [user["id"] for user in users["users"]]
            headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
            assert (await app.http.post("/files/", headers=headers)).status_code == 201
            assert (await app.ask("mutation { logout }", token)).code == "INVALID_STATE"
            made = (await app.ask('mutation { createApiToken(name: "a program") { token } }', token)).data
            assert made is not None
            program = made["createApiToken"]["token"]
            assert (await app.ask(VIEWER, program)).data == viewer
            wire = await live.wire()
            await wire.init(token)
            disable = "mutation ($id: ID!) { updateUser(id: $id, isDisabled: true) { id } }"
            assert (await app.ask(disable, admin, id=viewer["viewer"]["id"])).errors == []
            assert await wire.close_code(1) == 4403
            for bearer in (token, program):
                assert (await app.ask(JOBS, bearer)).code == "INVALID_TOKEN"


async def test_an_outside_issuer_that_is_away_is_said_to_be(tmp_path: Path, empty_database: Path) -> None:
    async with running_issuer() as issuer:
        issuer.is_down = True
        values = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}
        async with opened_app(tmp_path, empty_database, **values) as app, served(app) as live:
            token = issuer.token("e1")
            headers = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
            response = await app.http.post("/files/", headers=headers)
            assert (response.status_code, response.headers["Retry-After"]) == (503, "10")
            assert (await app.ask(JOBS, token)).code == "SERVICE_UNAVAILABLE"
            assert (await app.ask(JOBS, await app.person())).errors == []
            wire = await live.wire()
            await wire.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}})
            assert await wire.close_code() == 4403
