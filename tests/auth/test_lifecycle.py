import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from auth.audit import Action
from auth.keys import Keys
from auth.lifecycle import (
    REFRESH_LIFETIME,
    OpenSession,
    close_session,
    open_anonymous_session,
    open_session,
    refresh_session,
)
from auth.passwords import ITSELF, hash_password, is_password
from auth.tokens import read_access_token
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import AuditEntry, Session, User
from models.fields import now
from models.ids import new_id
from tests.auth.people_for_tests import KEYS, refresh_is_refused, refusal_of

NEW_KEY = "a newer secret of the tests, as long"

pytestmark = pytest.mark.usefixtures("database")

SetClock = Callable[[timedelta], datetime]
Check = Callable[[], Awaitable[None]]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Puts the room's clock so much after the moment at which the test began."""
    began = now()

    def set_clock(distance: timedelta) -> datetime:
        moment = began + distance
        monkeypatch.setattr("auth.lifecycle.now", lambda: moment)
        return moment

    set_clock(timedelta(0))
    return set_clock


async def viewer_of(opened: OpenSession) -> Viewer:
    return Viewer(opened.user.id, opened.user.role, (await row_of(opened)).id, opened.expires_at)


async def row_of(opened: OpenSession) -> Session:
    return await Session.get(id=opened.refresh_token.partition(".")[0])


# ----------------------------------------------------------------------------------------------- signing in


async def test_signing_in_gives_both_tokens_and_their_ends(ada: User, later: SetClock) -> None:
    moment = later(timedelta(0))
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    assert opened.user.id == ada.id
    assert opened.expires_at == (moment + timedelta(minutes=30)).replace(microsecond=0)
    assert opened.refresh_expires_at == moment + timedelta(days=30)
    access = read_access_token(KEYS, opened.access_token)
    assert (access.user_id, access.session_id) == (ada.id, (await row_of(opened)).id)


async def test_no_token_is_stored_as_it_is(ada: User) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    (row,) = await Session.all().values()
    secret = opened.refresh_token.partition(".")[2]
    assert not [value for value in row.values() if secret in str(value) or opened.access_token in str(value)]


async def test_each_sign_in_is_its_own_session(ada: User) -> None:
    first, second = (
        await open_session(AuthServices(KEYS), "ada", "right"),
        await open_session(AuthServices(KEYS), "ada", "right"),
    )
    await close_session(AuthServices(KEYS), await viewer_of(first))
    await refresh_is_refused(first.refresh_token)
    assert (await refresh_session(AuthServices(KEYS), second.refresh_token)).user.id == ada.id


async def test_a_wrong_name_a_wrong_password_and_a_disabled_user_are_one_answer(ada: User) -> None:
    password_hash = await hash_password("right", ITSELF)
    await User.create(id=new_id("user"), username="bob", password_hash=password_hash, is_disabled=True)
    await User.create(id=new_id("user"), username="no password")
    refusals = [
        await refusal_of(*pair)
        for pair in [
            ("ada", "wrong"), ("ada", ""), ("Ada", "right"), ("nobody", "right"), ("", ""), ("bob", "right"),
            ("no password", ""), ("a\0da", "right"), ("x" * 100_000, "x" * 100_000),
        ]
    ]  # fmt: skip
    answers = {(refusal.code, refusal.message, refusal.field, refusal.retry_after) for refusal in refusals}
    assert answers == {(ErrorCode.INVALID_CREDENTIALS, "The user name or the password is wrong.", None, None)}
    assert await Session.all().count() == 0


async def test_a_wrong_name_costs_as_many_hashes_as_a_wrong_password(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str | None] = []

    async def noted(password_hash: str | None, password: str, quota: str, check: Check) -> bool:
        checked.append(password_hash)
        return await is_password(password_hash, password, quota, check)

    monkeypatch.setattr("auth.lifecycle.is_password", noted)
    for name in ("ada", "nobody", "no\0body"):
        await refusal_of(name, "wrong")
    assert checked == [ada.password_hash, None, None]


async def test_a_refused_sign_in_is_logged_without_name_and_password(ada: User) -> None:
    with capture_logs() as lines:
        await refusal_of("my password by mistake", "wrong")
    assert [(line["event"], line["security"]) for line in lines] == [("sign-in refused", True)]
    assert "mistake" not in str(lines)


# ----------------------------------------------------------------------------------------------- refreshing


async def test_refreshing_gives_new_tokens_of_the_same_session(ada: User, later: SetClock) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    moment = later(timedelta(minutes=20))
    renewed = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    assert renewed.refresh_token != opened.refresh_token
    assert (await row_of(renewed)).id == (await row_of(opened)).id
    assert renewed.expires_at == (moment + timedelta(minutes=30)).replace(microsecond=0)
    assert renewed.refresh_expires_at == opened.refresh_expires_at
    assert (await refresh_session(AuthServices(KEYS), renewed.refresh_token)).user.id == ada.id


@pytest.mark.parametrize("seconds", [0, 29, 30])
async def test_a_refresh_token_that_comes_again_within_30_s_gets_the_same_successor(
    ada: User, later: SetClock, seconds: int
) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    first = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    later(timedelta(seconds=seconds))
    second = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    assert second.refresh_token == first.refresh_token
    assert (await row_of(opened)).revoked_at is None


async def test_a_refresh_token_that_comes_again_later_ends_the_session(ada: User, later: SetClock) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    renewed = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    moment = later(timedelta(seconds=30, microseconds=1))
    await refresh_is_refused(opened.refresh_token)
    assert (await row_of(opened)).revoked_at == moment
    await refresh_is_refused(renewed.refresh_token)


async def test_the_end_of_a_session_by_reuse_is_logged(ada: User, later: SetClock) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    await refresh_session(AuthServices(KEYS), opened.refresh_token)
    later(timedelta(minutes=1))
    with capture_logs() as lines:
        await refresh_is_refused(opened.refresh_token)
    assert [(line["user"], line["security"]) for line in lines] == [(ada.id, True)]


async def test_a_token_two_steps_old_ends_the_session_even_within_30_s(ada: User, later: SetClock) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    renewed = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    newest = await refresh_session(AuthServices(KEYS), renewed.refresh_token)
    await refresh_is_refused(opened.refresh_token)
    await refresh_is_refused(newest.refresh_token)


async def test_two_tabs_at_the_same_moment_get_the_same_successor(ada: User) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    tabs = await asyncio.gather(*(refresh_session(AuthServices(KEYS), opened.refresh_token) for _ in range(4)))
    assert len({tab.refresh_token for tab in tabs}) == 1
    assert (await refresh_session(AuthServices(KEYS), tabs[0].refresh_token)).user.id == ada.id


async def test_two_tabs_at_servers_that_sign_with_two_keys_get_the_same_successor(ada: User) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    before = AuthServices(Keys(KEYS.signing, (NEW_KEY,)))
    after = AuthServices(Keys(NEW_KEY, (KEYS.signing,)))
    for first, second in ((before, after), (after, before)):
        tabs = [await refresh_session(auth, opened.refresh_token) for auth in (first, second)]
        assert tabs[0].refresh_token == tabs[1].refresh_token
        opened = tabs[0]
    assert (await row_of(opened)).revoked_at is None


async def test_a_session_ends_30_days_after_the_sign_in_however_often_it_is_refreshed(
    ada: User, later: SetClock
) -> None:
    token = (await open_session(AuthServices(KEYS), "ada", "right")).refresh_token
    for days in (10, 20, 29):
        later(timedelta(days=days))
        token = (await refresh_session(AuthServices(KEYS), token)).refresh_token
    later(REFRESH_LIFETIME)
    await refresh_is_refused(token)


async def test_a_disabled_and_a_removed_user_refresh_nothing(ada: User) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    await User.filter(id=ada.id).update(is_disabled=True)
    await refresh_is_refused(opened.refresh_token)
    assert (await row_of(opened)).revoked_at is None
    await User.filter(id=ada.id).delete()
    await refresh_is_refused(opened.refresh_token)


@pytest.mark.parametrize(
    "token", ["", ".", "session-1754556928-00000000000b.x", "a\0.b", "x." * 50_000, "x" * 100_000, "é.é"]
)
async def test_nonsense_refreshes_nothing(ada: User, token: str) -> None:
    await refresh_is_refused(token)


async def test_the_successor_cannot_be_computed_without_the_secret(ada: User) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    mine = await refresh_session(AuthServices(KEYS), opened.refresh_token)
    with pytest.raises(Refusal):
        await refresh_session(AuthServices(Keys("another secret of the tests, as long")), mine.refresh_token + "x")
    assert mine.refresh_token.partition(".")[2] != opened.refresh_token.partition(".")[2]


# ----------------------------------------------------------------------------------------------- signing out


async def test_signing_out_ends_the_session_and_twice_changes_nothing(ada: User, later: SetClock) -> None:
    opened = await open_session(AuthServices(KEYS), "ada", "right")
    moment = later(timedelta(seconds=1))
    await close_session(AuthServices(KEYS), await viewer_of(opened))
    later(timedelta(seconds=2))
    await close_session(AuthServices(KEYS), await viewer_of(opened))
    await close_session(
        AuthServices(KEYS), replace(await viewer_of(opened), session_id="session-1754556928-00000000000b")
    )
    assert (await row_of(opened)).revoked_at == moment
    await refresh_is_refused(opened.refresh_token)


# ----------------------------------------------------------------------------------------------- without an account


async def test_without_an_account_one_comes_in_where_that_is_allowed() -> None:
    auth = AuthServices(KEYS, is_anonymous_allowed=True)
    opened, another = await open_anonymous_session(auth), await open_anonymous_session(auth)
    user = await User.get(id=opened.user.id)
    assert (user.username, user.is_anonymous, user.role, user.password_hash) == (None, True, Role.USER, None)
    assert another.user.id != user.id
    assert (await refresh_session(auth, opened.refresh_token)).user.id == user.id
    entry = await AuditEntry.get(object_id=user.id)
    assert (entry.action, entry.actor_id) == (Action.SIGNED_IN, user.id)


async def test_without_an_account_nobody_comes_in_where_that_is_not_allowed() -> None:
    with pytest.raises(Refusal) as caught:
        await open_anonymous_session(AuthServices(KEYS))
    assert caught.value.code is ErrorCode.FORBIDDEN
    assert await User.all().count() == 0
