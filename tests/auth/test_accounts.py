"""Users: made, changed and disabled by admins; passwords; what ends with them."""

import asyncio
from typing import Any

import pytest

from auth import accounts
from auth.accounts import change_password, create_user, ensure_admin, reset_admin_password, update_user
from auth.api_tokens import create_api_token, find_token_viewer
from auth.audit import Action
from auth.callers import find_viewer
from auth.lifecycle import OpenSession, open_anonymous_session, open_session, refresh_session
from auth.passwords import ITSELF, hash_password
from auth.viewer import Viewer
from auth.wiring import AuthServices
from base.errors import ErrorCode, Refusal
from base.words import Role
from models import AuditEntry, Session, User
from models.fields import now
from models.ids import new_id
from tests.auth.people_for_tests import KEYS, refresh_is_refused, refusal_of

pytestmark = pytest.mark.usefixtures("database")

SOMEBODY = "user-1754556928-00000000000c"


@pytest.fixture
async def root() -> Viewer:
    user = await User.create(id=new_id("user"), username="root", role=Role.ADMIN)
    return Viewer(user.id, Role.ADMIN, "session-1754556928-00000000000b", now())


class Told:
    """Services of signing in that note whose access is said to have changed."""

    def __init__(self, **values: Any) -> None:
        self.user_ids: list[str] = []
        self.auth = AuthServices(KEYS, self.note, **values)

    async def note(self, user_id: str) -> None:
        self.user_ids.append(user_id)


@pytest.fixture
def told() -> Told:
    return Told()


async def viewer_of(opened: OpenSession) -> Viewer:
    viewer = await find_viewer(AuthServices(KEYS), f"Bearer {opened.access_token}")
    assert viewer is not None
    return viewer


async def is_refused(opened: OpenSession) -> bool:
    try:
        await viewer_of(opened)
    except Refusal as refusal:
        assert refusal.code is ErrorCode.INVALID_TOKEN  # noqa: PT017  either answer is one
        return True
    return False


async def actions(object_id: str) -> list[tuple[str, str | None]]:
    return [(entry.action, entry.actor_id) for entry in await AuditEntry.filter(object_id=object_id).order_by("id")]


# -------------------------------------------------------------------------------------------------- creating


async def test_a_new_user_signs_in_with_the_role_that_was_given(root: Viewer) -> None:
    user = await create_user(root, "grace", "a good password", Role.WORKER)
    opened = await open_session(AuthServices(KEYS), "grace", "a good password")
    assert (opened.user.id, (await viewer_of(opened)).role) == (user.id, Role.WORKER)
    assert (await actions(user.id))[0] == (Action.USER_CREATED, root.user_id)
    assert "good password" not in str(await AuditEntry.all().values())


@pytest.mark.parametrize("username", ["", " ", "a ", " a", "x" * 101, "a\0b", "a\nb", "a\u202eb"])
async def test_a_name_that_cannot_be_told_by_looking_at_it_is_refused(root: Viewer, username: str) -> None:
    with pytest.raises(Refusal) as caught:
        await create_user(root, username, "a good password", Role.USER)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "username")
    assert await User.all().count() == 1


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1001])
async def test_a_password_has_8_to_1000_characters(root: Viewer, password: str) -> None:
    with pytest.raises(Refusal) as caught:
        await create_user(root, "grace", password, Role.USER)
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "password")
    assert (await create_user(root, "x" * 100, "x" * 8, Role.USER)).username == "x" * 100
    assert (await create_user(root, "grace", "x" * 1000, Role.USER)).username == "grace"


async def test_of_two_who_want_one_name_one_gets_it(root: Viewer) -> None:
    wanted = [create_user(root, "grace", "a good password", Role.USER) for _ in range(5)]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refusals] == [ErrorCode.DUPLICATE] * 4
    assert await User.filter(username="grace").count() == 1
    assert await AuditEntry.filter(action=Action.USER_CREATED).count() == 1


# -------------------------------------------------------------------------------------------------- changing


async def test_who_is_disabled_has_no_session_and_no_token_left_even_when_enabled_again(
    ada: User, root: Viewer, told: Told
) -> None:
    opened = await open_session(told.auth, "ada", "right")
    _, text = await create_api_token(await viewer_of(opened), "a program", None)
    assert (await update_user(told.auth, root, ada.id, is_disabled=True)).is_disabled
    assert told.user_ids == [ada.id]
    assert await is_refused(opened)
    await refresh_is_refused(opened.refresh_token)
    assert (await refusal_of("ada", "right")).code is ErrorCode.INVALID_CREDENTIALS
    assert not (await update_user(told.auth, root, ada.id, is_disabled=False)).is_disabled
    assert await is_refused(opened)
    with pytest.raises(Refusal):
        await find_token_viewer(text)
    await refresh_is_refused(opened.refresh_token)
    assert (await open_session(told.auth, "ada", "right")).user.id == ada.id
    done = [action for action, actor in await actions(ada.id) if actor == root.user_id]
    assert done == [Action.USER_DISABLED, Action.USER_ENABLED]


async def test_who_is_disabled_while_signing_in_gets_nothing_that_outlasts_it(
    ada: User, root: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def right_and_then_disabled(*_: object) -> bool:
        await update_user(AuthServices(KEYS), root, ada.id, is_disabled=True)
        return True

    monkeypatch.setattr("auth.lifecycle.is_password", right_and_then_disabled)
    assert (await refusal_of("ada", "right")).code is ErrorCode.INVALID_CREDENTIALS
    assert await Session.all().count() == 0


async def test_a_new_role_counts_at_once_and_is_told(ada: User, root: Viewer, told: Told) -> None:
    opened = await open_session(told.auth, "ada", "right")
    assert (await update_user(told.auth, root, ada.id, role=Role.ADMIN)).role is Role.ADMIN
    assert (await viewer_of(opened)).role is Role.ADMIN
    assert told.user_ids == [ada.id]
    entry = await AuditEntry.get(action=Action.ROLE_CHANGED)
    assert (entry.actor_id, entry.object_id, entry.detail) == (root.user_id, ada.id, "USER to ADMIN")


async def test_a_password_that_an_admin_sets_ends_the_sessions(ada: User, root: Viewer, told: Told) -> None:
    opened = await open_session(told.auth, "ada", "right")
    await update_user(told.auth, root, ada.id, password="another password")
    assert await is_refused(opened)
    assert told.user_ids == [ada.id]
    assert (await refusal_of("ada", "right")).code is ErrorCode.INVALID_CREDENTIALS
    assert (await open_session(told.auth, "ada", "another password")).user.id == ada.id


async def test_what_is_so_already_changes_nothing_and_is_told_to_nobody(ada: User, root: Viewer, told: Told) -> None:
    opened = await open_session(told.auth, "ada", "right")
    before = await AuditEntry.all().count()
    for same in ({}, {"role": Role.USER}, {"is_disabled": False}):
        await update_user(told.auth, root, ada.id, **same)
    assert (told.user_ids, await AuditEntry.all().count()) == ([], before)
    assert not await is_refused(opened)


async def test_a_change_of_nobody_is_not_found(root: Viewer, told: Told) -> None:
    with pytest.raises(Refusal) as caught:
        await update_user(told.auth, root, SOMEBODY, is_disabled=True)
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize("user_id", ["\0", "user-1754556928-00000000000c\0", "user-" + "x" * 100, ""])
async def test_what_is_no_id_is_refused_before_the_database_sees_it(root: Viewer, told: Told, user_id: str) -> None:
    with pytest.raises(Refusal) as caught:
        await update_user(told.auth, root, user_id, is_disabled=True)
    assert (caught.value.code, caught.value.field) == (ErrorCode.INVALID_ID, "id")


async def test_the_last_admin_stays_one(root: Viewer, told: Told) -> None:
    for change in ({"role": Role.USER}, {"is_disabled": True}):
        with pytest.raises(Refusal) as caught:
            await update_user(told.auth, root, root.user_id, **change)
        assert caught.value.code is ErrorCode.INVALID_STATE
    user = await User.get(id=root.user_id)
    assert (user.role, user.is_disabled, told.user_ids) == (Role.ADMIN, False, [])


async def test_two_admins_who_disable_each_other_at_once_do_not_both_succeed(root: Viewer) -> None:
    other = await User.create(id=new_id("user"), username="other", role=Role.ADMIN)
    viewer = Viewer(other.id, Role.ADMIN, "", None)
    answers = await asyncio.gather(
        update_user(AuthServices(KEYS), root, other.id, is_disabled=True),
        update_user(AuthServices(KEYS), viewer, root.user_id, is_disabled=True),
        return_exceptions=True,
    )
    refusals = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [refusal.code for refusal in refusals] == [ErrorCode.INVALID_STATE]
    assert await User.filter(role=Role.ADMIN, is_disabled=False).count() == 1


async def test_an_anonymous_user_gets_neither_role_nor_password(root: Viewer) -> None:
    told = Told(is_anonymous_allowed=True)
    opened = await open_anonymous_session(told.auth)
    for change in ({"role": Role.ADMIN}, {"password": "a good password"}):
        with pytest.raises(Refusal) as caught:
            await update_user(told.auth, root, opened.user.id, **change)
        assert caught.value.code is ErrorCode.INVALID_STATE
    assert not await is_refused(opened)
    await update_user(told.auth, root, opened.user.id, is_disabled=True)
    assert await is_refused(opened)


# -------------------------------------------------------------------------------------- one's own password


async def test_another_password_ends_the_other_sessions_and_keeps_this_one(ada: User, told: Told) -> None:
    here, elsewhere = await open_session(told.auth, "ada", "right"), await open_session(told.auth, "ada", "right")
    viewer = await viewer_of(here)
    assert (await change_password(told.auth, viewer, "right", "another password")).id == ada.id
    assert (await is_refused(here), await is_refused(elsewhere)) == (False, True)
    await refresh_is_refused(elsewhere.refresh_token)
    assert (await refresh_session(told.auth, here.refresh_token)).user.id == ada.id
    assert told.user_ids == [ada.id]
    assert (await refusal_of("ada", "right")).code is ErrorCode.INVALID_CREDENTIALS
    assert (await open_session(told.auth, "ada", "another password")).user.id == ada.id
    assert (Action.PASSWORD_CHANGED, ada.id) in await actions(ada.id)


async def test_a_wrong_current_password_changes_nothing_and_is_slowed_like_a_sign_in(ada: User, told: Told) -> None:
    viewer = await viewer_of(await open_session(told.auth, "ada", "right"))
    codes = []
    for _ in range(6):
        with pytest.raises(Refusal) as caught:
            await change_password(told.auth, viewer, "wrong", "another password")
        codes.append(caught.value.code)
    assert codes == [ErrorCode.INVALID_CREDENTIALS] * 5 + [ErrorCode.RATE_LIMITED]
    assert told.user_ids == []
    assert (await open_session(AuthServices(KEYS), "ada", "right")).user.id == ada.id


async def test_of_two_changes_of_one_password_at_once_one_wins(ada: User, told: Told) -> None:
    viewer = await viewer_of(await open_session(told.auth, "ada", "right"))
    changes = [change_password(told.auth, viewer, "right", f"password number {number}") for number in range(3)]
    answers = await asyncio.gather(*changes, return_exceptions=True)
    assert [isinstance(answer, User) for answer in answers].count(True) == 1
    winner = next(number for number, answer in enumerate(answers) if isinstance(answer, User))
    assert (await open_session(AuthServices(KEYS), "ada", f"password number {winner}")).user.id == ada.id


async def test_a_new_password_that_is_too_short_is_refused_at_its_argument(ada: User, told: Told) -> None:
    viewer = await viewer_of(await open_session(told.auth, "ada", "right"))
    with pytest.raises(Refusal) as caught:
        await change_password(told.auth, viewer, "right", "short")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "new")


async def test_an_account_without_a_password_has_none_to_change() -> None:
    told = Told(is_anonymous_allowed=True)
    viewer = await viewer_of(await open_anonymous_session(told.auth))
    with pytest.raises(Refusal) as caught:
        await change_password(told.auth, viewer, "", "a good password")
    assert caught.value.code is ErrorCode.INVALID_STATE


async def test_a_change_that_cannot_be_noted_is_not_made(
    ada: User, root: Viewer, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError

    opened = await open_session(told.auth, "ada", "right")
    monkeypatch.setattr(accounts, "note", fail)
    for change in ({"role": Role.ADMIN}, {"is_disabled": True}):
        with pytest.raises(OSError):  # noqa: PT011  it is our own
            await update_user(told.auth, root, ada.id, **change)
    assert (await viewer_of(opened)).role is Role.USER
    assert told.user_ids == []


# ------------------------------------------------------------------------------------------------ the admin


async def test_the_first_admin_is_made_once_with_the_password_that_was_set() -> None:
    assert await ensure_admin("root", "chosen by people") is None
    assert await ensure_admin("root", "another") is None
    assert await ensure_admin("second", "") is None
    opened = await open_session(AuthServices(KEYS), "root", "chosen by people")
    assert (opened.user.role, await User.all().count()) == (Role.ADMIN, 1)


async def test_a_password_that_was_not_set_is_made_up_and_told_once() -> None:
    password = await ensure_admin("root", "")
    assert password is not None
    assert len(password) == 20
    assert await ensure_admin("root", "") is None
    assert (await open_session(AuthServices(KEYS), "root", password)).user.role is Role.ADMIN


async def test_of_several_who_start_at_once_one_makes_the_admin() -> None:
    told = await asyncio.gather(*(ensure_admin("root", "") for _ in range(4)))
    (password,) = [one for one in told if one is not None]
    assert [user.username for user in await User.all()] == ["root"]
    assert (await open_session(AuthServices(KEYS), "root", password)).user.role is Role.ADMIN


async def test_no_admin_is_made_where_somebody_exists(ada: User) -> None:
    assert await ensure_admin("root", "") is None
    assert await User.filter(role=Role.ADMIN).count() == 0


async def test_a_new_admin_password_ends_the_admins_sessions_and_nobody_elses(ada: User) -> None:
    password_hash = await hash_password("old password", ITSELF)
    await User.create(id=new_id("user"), username="root", role=Role.ADMIN, password_hash=password_hash)
    root, other = (
        await open_session(AuthServices(KEYS), "root", "old password"),
        await open_session(AuthServices(KEYS), "ada", "right"),
    )
    assert await reset_admin_password(AuthServices(KEYS), "root", "new password") == "new password"
    await refresh_is_refused(root.refresh_token)
    assert (await refusal_of("root", "old password")).code == ErrorCode.INVALID_CREDENTIALS
    assert (await open_session(AuthServices(KEYS), "root", "new password")).user.role is Role.ADMIN
    assert (await refresh_session(AuthServices(KEYS), other.refresh_token)).user.id == ada.id


async def test_a_new_admin_password_is_made_up_where_none_is_given_and_lets_a_disabled_admin_in() -> None:
    await ensure_admin("root", "old password")
    await User.filter(username="root").update(is_disabled=True)
    password = await reset_admin_password(AuthServices(KEYS), "root", "")
    assert len(password) == 20
    assert (await open_session(AuthServices(KEYS), "root", password)).user.is_disabled is False


async def test_only_an_admin_gets_a_new_password_this_way(ada: User) -> None:
    for name in ("ada", "nobody"):
        with pytest.raises(Refusal) as caught:
            await reset_admin_password(AuthServices(KEYS), name, "new password")
        assert caught.value.code == ErrorCode.NOT_FOUND
    assert (await open_session(AuthServices(KEYS), "ada", "right")).user.id == ada.id
