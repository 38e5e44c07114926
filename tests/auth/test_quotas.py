"""Whose limits count what a user does."""

import pytest

from auth.quotas import Quotas
from models import User
from tests.statements import counted_statements

GUESTS = [f"user-1754556928-0000000000a{number}" for number in range(3)]
ADDRESS = "address:192.0.2.1"
pytestmark = pytest.mark.usefixtures("database")


async def test_the_quota_of_a_guest_is_the_address_and_that_of_anybody_else_the_user() -> None:
    await User.create(id=GUESTS[0], is_anonymous=True, quota_key=ADDRESS)
    await User.create(id=GUESTS[1], username="anna")
    quotas = Quotas()
    assert [await quotas.of(user_id) for user_id in GUESTS] == [ADDRESS, *GUESTS[1:]]


async def test_a_quota_is_read_once_and_only_so_many_are_remembered() -> None:
    quotas = Quotas(max_known=2)
    asked = []
    for user_id in (GUESTS[0], GUESTS[0], GUESTS[1], GUESTS[2], GUESTS[1], GUESTS[0]):
        with counted_statements() as statements:
            assert await quotas.of(user_id) == user_id
        asked.append(len(statements))
    assert asked == [1, 0, 1, 1, 0, 1]
