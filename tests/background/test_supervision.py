import asyncio

import pytest
from structlog.testing import capture_logs

from background.supervision import supervise


async def test_supervised_tasks_run_while_the_block_lasts_whatever_ends_it() -> None:
    ended = []

    async def stand(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    async def break_off() -> None:
        async with supervise(stand("first"), stand("second")):
            await asyncio.sleep(0)
            assert ended == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    assert ended == ["first", "second"]


async def test_a_supervised_task_that_ends_is_told_and_ends_nothing_else() -> None:
    async def break_off() -> None:
        raise ZeroDivisionError

    with capture_logs() as logs:
        async with supervise(break_off()):
            await asyncio.sleep(0.01)
    assert [line["log_level"] for line in logs] == ["critical"]
