from datetime import timedelta

import pytest

from auth.callers import find_viewer
from auth.keys import Keys
from auth.lifecycle import OpenSession, open_session, refresh_session
from auth.queries import find_user, require_viewer, users_by_ids
from auth.tokens import issue_access_token, read_access_token
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import Session, User
from models.fields import now
from models.ids import new_id

pytestmark = pytest.mark.usefixtures("database")

KEYS = Keys("a secret of the tests, long enough")


@pytest.fixture
async def opened(ada: User) -> OpenSession:
    return await open_session(AuthServices(KEYS), "ada", "right")


async def code_of(authorization: str) -> ErrorCode:
    with pytest.raises(Refusal) as caught:
        await find_viewer(AuthServices(KEYS), authorization)
    return caught.value.code


@pytest.mark.parametrize("authorization", [None, ""])
async def test_without_a_header_there_is_no_viewer(authorization: str | None) -> None:
    assert await find_viewer(AuthServices(KEYS), authorization) is None


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER   {}", "  Bearer {}  "])
async def test_the_viewer_is_who_the_token_names(ada: User, opened: OpenSession, form: str) -> None:
    viewer = await find_viewer(AuthServices(KEYS), form.format(opened.access_token))
    assert viewer is not None
    session_id = read_access_token(KEYS, opened.access_token).session_id
    assert (viewer.user_id, viewer.role, viewer.session_id) == (ada.id, Role.USER, session_id)
    assert viewer.expires_at == opened.expires_at


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Basic YTpi", "token", "Bearer nonsense", "  ", "Bearer a b"]
)
async def test_a_header_without_a_good_bearer_token_is_invalid(authorization: str) -> None:
    assert await code_of(authorization) == ErrorCode.INVALID_TOKEN


async def test_a_token_that_is_over_says_so(ada: User, opened: OpenSession) -> None:
    session_id = read_access_token(KEYS, opened.access_token).session_id
    token, _ = issue_access_token(KEYS, ada.id, session_id, now() - timedelta(hours=1))
    assert await code_of(f"Bearer {token}") == ErrorCode.TOKEN_EXPIRED


async def test_a_token_of_a_closed_or_removed_session_is_invalid(opened: OpenSession) -> None:
    session_id = read_access_token(KEYS, opened.access_token).session_id
    await Session.filter(id=session_id).update(revoked_at=now())
    assert await code_of(f"Bearer {opened.access_token}") == ErrorCode.INVALID_TOKEN
    await Session.all().delete()
    assert await code_of(f"Bearer {opened.access_token}") == ErrorCode.INVALID_TOKEN


async def test_a_token_of_a_disabled_or_removed_user_is_invalid(ada: User, opened: OpenSession) -> None:
    await User.filter(id=ada.id).update(is_disabled=True)
    assert await code_of(f"Bearer {opened.access_token}") == ErrorCode.INVALID_TOKEN
    await User.filter(id=ada.id).delete()
    assert await code_of(f"Bearer {opened.access_token}") == ErrorCode.INVALID_TOKEN


async def test_a_token_of_a_session_that_is_somebody_elses_is_invalid(opened: OpenSession) -> None:
    eve = await User.create(id=new_id("user"), username="eve")
    token, _ = issue_access_token(KEYS, eve.id, read_access_token(KEYS, opened.access_token).session_id, now())
    assert await code_of(f"Bearer {token}") == ErrorCode.INVALID_TOKEN


async def test_a_refresh_token_is_no_access_token(opened: OpenSession) -> None:
    assert await code_of(f"Bearer {opened.refresh_token}") == ErrorCode.INVALID_TOKEN


async def test_an_access_token_stays_good_when_its_session_is_refreshed(ada: User, opened: OpenSession) -> None:
    await refresh_session(AuthServices(KEYS), opened.refresh_token)
    viewer = await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}")
    assert viewer is not None
    assert viewer.user_id == ada.id


async def test_a_change_of_role_counts_from_the_next_request(ada: User, opened: OpenSession) -> None:
    await User.filter(id=ada.id).update(role=Role.ADMIN)
    viewer = await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}")
    assert viewer is not None
    assert viewer.is_admin


async def test_a_user_sees_their_own_and_an_admin_sees_all(ada: User, opened: OpenSession) -> None:
    viewer = require_viewer(await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}"))
    assert (viewer.may_see(ada.id), viewer.may_see("user-1754556928-00000000000c")) == (True, False)
    await User.filter(id=ada.id).update(role=Role.ADMIN)
    admin = require_viewer(await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}"))
    assert admin.may_see("user-1754556928-00000000000c")


async def test_a_worker_sees_its_own_only(ada: User, opened: OpenSession) -> None:
    await User.filter(id=ada.id).update(role=Role.WORKER)
    viewer = require_viewer(await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}"))
    assert not viewer.may_see("user-1754556928-00000000000c")


def test_who_must_be_signed_in_and_is_not_is_told_how() -> None:
    with pytest.raises(Refusal, match="call login") as caught:
        require_viewer(None)
    assert caught.value.code == ErrorCode.UNAUTHENTICATED


async def test_a_user_is_found_by_id(ada: User) -> None:
    assert (await find_user(ada.id)).username == "ada"
    with pytest.raises(Refusal) as caught:
        await find_user("user-1754556928-00000000000c")
    assert caught.value.code == ErrorCode.NOT_FOUND


async def test_users_come_in_the_order_in_which_they_were_asked_for(ada: User) -> None:
    bob = await User.create(id=new_id("user"), username="bob")
    found = await users_by_ids([bob.id, "user-1754556928-00000000000c", ada.id, bob.id])
    assert [user and user.username for user in found] == ["bob", None, "ada", "bob"]
    assert await users_by_ids([]) == []
