"""Limits of one user, one process and one disk."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest
from tortoise.connection import get_connection
from tortoise.transactions import in_transaction

from base.errors import ErrorCode, Refusal
from models.fields import now
from models.upload import Upload
from models.user import User
from tests.uploads.app_for_tests import OWNER, STRANGER, announced, append, concatenated, limited, reread, stored_upload
from uploads.lifecycle import delete_upload
from uploads.limits import ConcurrencyLimiter, Limits, check_share
from uploads.wiring import UploadServices


async def test_bytes_that_are_announced_count_and_those_of_others_do_not(services: UploadServices) -> None:
    small = limited(services, bytes_per_user=10)
    await announced(small, 6)
    await announced(small, 10, owner_id=STRANGER)
    with pytest.raises(Refusal) as refused:
        await announced(small, 5)
    assert (refused.value.code, refused.value.http_status) == (ErrorCode.QUOTA_EXCEEDED, 403)
    assert "4 are free" in refused.value.message
    assert await Upload.filter(owner_id=OWNER).count() == 1
    await announced(small, 4)


async def test_what_is_deleted_or_expired_makes_room(services: UploadServices) -> None:
    small = limited(services, bytes_per_user=5)
    upload = await stored_upload(small, b"abcde")
    with pytest.raises(Refusal):
        await announced(small, 1)
    await delete_upload(small, upload.id)
    await announced(small, 5)


async def test_an_upload_of_unknown_length_counts_byte_by_byte_and_stops_at_the_limit(services: UploadServices) -> None:
    small = limited(services, bytes_per_user=5)
    upload = await announced(small, None)
    await append(small, upload.id, 0, b"abc")
    with pytest.raises(Refusal):
        await announced(small, 3)
    with pytest.raises(Refusal) as refused:
        await append(small, upload.id, 3, b"def")
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    with pytest.raises(Refusal):
        await append(small, upload.id, 3, length=6)
    assert ((await reread(upload)).offset_bytes, (await reread(upload)).size_bytes) == (3, None)
    await append(small, upload.id, 3, b"de", length=5)


async def test_the_bytes_of_a_concatenation_count_once_and_as_long_as_they_lie_there(services: UploadServices) -> None:
    small = limited(services, bytes_per_user=6)
    final = await concatenated(small, b"abc", b"de")
    await announced(small, 1)
    for part in await Upload.filter(is_partial=True):
        await delete_upload(small, part.id)
    with pytest.raises(Refusal):
        await announced(small, 1)
    await delete_upload(small, final.id)
    await announced(small, 5)


async def test_unfinished_uploads_are_counted_until_they_are_finished_or_overdue(services: UploadServices) -> None:
    small = limited(services, open_per_user=2)
    first, second = await announced(small, 1), await announced(small, 1)
    await announced(small, 1, owner_id=STRANGER)
    with pytest.raises(Refusal) as refused:
        await announced(small, 1)
    assert refused.value.code is ErrorCode.QUOTA_EXCEEDED
    await append(small, first.id, 0, b"x")
    third = await announced(small, 1)
    await Upload.filter(id=second.id).update(expires_at=now())
    await announced(small, 1)
    assert third.id != first.id


async def test_two_requests_of_one_user_at_the_same_time_cannot_both_have_the_last_byte(
    services: UploadServices,
) -> None:
    await User.create(id=OWNER, username="owner", password_hash="x")
    small = limited(services, bytes_per_user=10)
    answers = await asyncio.gather(*(announced(small, 6) for _ in range(8)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    assert await Upload.all().count() == 1
    await User.all().delete()


async def test_no_limit_asks_the_database_nothing(services: UploadServices, monkeypatch: pytest.MonkeyPatch) -> None:
    async with in_transaction() as db:
        monkeypatch.setattr(type(db), "execute_query_dict", None)
        await check_share(db, Limits(), OWNER, 10**15, is_new=True)
    assert get_connection("default") is not None


async def test_places_are_given_back_however_the_block_ends() -> None:
    limiter, limits = ConcurrencyLimiter(), replace(Limits(), running=1)
    with pytest.raises(ZeroDivisionError), limiter.slot(limits, OWNER):
        raise ZeroDivisionError
    with limiter.slot(limits, OWNER):
        with pytest.raises(Refusal) as refused, limiter.slot(limits, STRANGER):
            pass
        assert (refused.value.http_status, refused.value.retry_after) == (503, 2)
    with limiter.slot(limits, OWNER):
        pass


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
async def test_a_share_of_the_places_is_given_back_however_the_block_ends(error: type[Exception] | None) -> None:
    limiter, limits = ConcurrencyLimiter(), replace(Limits(), running=3, running_per_user=1)
    for _ in range(2):
        with suppress(ZeroDivisionError), limiter.slot(limits, OWNER):
            with limiter.slot(limits, STRANGER), pytest.raises(Refusal) as refused, limiter.slot(limits, OWNER):
                pass
            assert (refused.value.http_status, refused.value.retry_after) == (503, 2)
            if error is not None:
                raise error


async def test_without_a_share_one_user_may_have_all_places() -> None:
    limiter, limits = ConcurrencyLimiter(), replace(Limits(), running=2, running_per_user=0)
    with limiter.slot(limits, OWNER), limiter.slot(limits, OWNER):
        pass


async def test_two_guests_of_one_address_at_the_same_moment_do_not_both_get_the_last_upload(
    services: UploadServices,
) -> None:
    small = limited(services, open_per_user=3)
    guests = [f"user-1754556928-0000000000a{number}" for number in range(4)]
    for guest in guests:
        await User.create(id=guest, is_anonymous=True, quota_key="address:192.0.2.1")
    results = await asyncio.gather(
        *(announced(small, 1, owner_id=guest) for guest in (*guests, *guests)), return_exceptions=True
    )
    assert len([result for result in results if not isinstance(result, BaseException)]) == 3
    refused = [result for result in results if isinstance(result, Refusal)]
    assert [refusal.code for refusal in refused] == [ErrorCode.QUOTA_EXCEEDED] * 5
