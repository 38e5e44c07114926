"""Batches of loaders whose keys are cancelled."""

import asyncio

import pytest

from schema.loaders import BatchLoader


async def _twice(keys: list[int]) -> list[int]:
    return [2 * key for key in keys]


async def test_keys_are_loaded_after_a_batch_was_cancelled_before_it_was_dispatched() -> None:
    loader = BatchLoader(_twice)
    first = asyncio.ensure_future(loader.load(1))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        assert [await loader.load(2), await loader.load(3)] == [4, 6]


async def test_a_batch_of_which_only_some_are_cancelled_is_loaded() -> None:
    loader = BatchLoader(_twice)
    first, second = (asyncio.ensure_future(loader.load(key)) for key in (1, 2))
    await asyncio.sleep(0)
    first.cancel()

    async with asyncio.timeout(5):
        assert await second == 4


async def test_who_waits_is_cancelled_where_the_loading_is() -> None:
    async def be_cancelled(_keys: list[int]) -> list[int]:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(BatchLoader(be_cancelled).load(1), 5)
