"""Groups: who shares, in which order states come, and what becomes of slow readers."""

import asyncio
from collections.abc import Hashable

import pytest

from execution.groups.group import Groups
from execution.groups.subscriber import SlowReaderError, Subscriber
from tests.execution.watching_for_tests import Executions, Reader, Told, settle, state

pytestmark = pytest.mark.usefixtures("virtual_time")


class Hall:
    """Groups, and those who are served in them."""

    def __init__(self) -> None:
        self.groups = Groups()
        self.shared = Executions()
        self.own = Executions()

    def serve(
        self, watch: Told, key: Hashable = "document", stalled_seconds: float = 30
    ) -> tuple[Reader, Subscriber, asyncio.Task[None]]:
        reader = Reader()
        subscriber = Subscriber(reader, stalled_seconds)
        serving = self.groups.serve(key, watch, subscriber, self.own.render, lambda: self.shared.render)
        return reader, subscriber, asyncio.create_task(serving)


async def ended(task: asyncio.Task[None]) -> None:
    async with asyncio.timeout(5):
        await task


async def test_one_execution_and_the_same_bytes_for_all_of_a_group() -> None:
    hall, watch = Hall(), Told(state(1))
    served = [hall.serve(watch) for _ in range(1_200)]
    await settle()
    watch.tell(state(2), state(3), None)
    for reader, _, task in served:
        await ended(task)
        assert reader.received == [b"job1", b"job2", b"job3"]
    first, last = served[0][0], served[-1][0]
    assert first.received[1] is last.received[1]

    assert (hall.shared.count, hall.own.count) == (2, 1_200)
    assert not watch.is_listening


async def test_other_keys_and_other_scopes_make_groups_of_their_own() -> None:
    hall = Hall()
    watches = [Told(state(1)), Told(state(1)), Told(state(1), scope="other"), Told(state(1), scope=None)]
    served = [hall.serve(watch, key) for watch, key in zip(watches, ["a", "b", "a", "a"], strict=True)]
    await settle()
    assert [watch.subscribers for watch in watches] == [1, 1, 1, 1]
    for _, _, task in served:
        task.cancel()
    await asyncio.gather(*(task for _, _, task in served), return_exceptions=True)
    assert not any(watch.is_listening for watch in watches)


async def test_what_is_shared_with_nobody_is_not_shared_under_one_key_either() -> None:
    hall, first, second = Hall(), Told(scope=None), Told(scope=None)
    one, two = hall.serve(first), hall.serve(second)
    await settle()
    first.tell(state(1), None)
    second.tell(state(2), None)
    await ended(one[2])
    await ended(two[2])
    assert (one[0].received, two[0].received) == ([b"job1"], [b"job2"])


async def test_who_joins_late_is_sent_nothing_older_than_its_snapshot() -> None:
    hall, watch = Hall(), Told(state(1))
    early = hall.serve(watch)
    await settle()
    late = hall.serve(Told(state(5)))
    watch.tell(state(2), state(3))
    await settle()
    watch.tell(state(5), state(6))
    await settle()
    assert early[0].received == [b"job1", b"job2", b"job3", b"job5", b"job6"]
    assert late[0].received == [b"job5", b"job6"]
    early[2].cancel()
    late[2].cancel()


async def test_what_is_told_while_the_snapshot_is_read_comes_after_it() -> None:
    hall, watch = Hall(), Told(state(1))
    watch.tell(state(1), state(2))
    reader, _, task = hall.serve(watch)
    await settle()
    assert reader.received == [b"job1", b"job2"]
    task.cancel()


async def test_a_change_that_nobody_needs_is_not_executed() -> None:
    hall, watch = Hall(), Told(state(7))
    task = hall.serve(watch)[2]
    await settle()
    watch.tell(state(6), state(7))
    await settle()
    assert hall.shared.count == 0
    task.cancel()


async def test_who_is_refused_leaves_and_the_others_stay() -> None:
    hall, watch = Hall(), Told(state(1))
    reader = hall.serve(watch)[0]
    await settle()
    foreign = Told()
    foreign.refusal = PermissionError("no")
    refused = hall.serve(foreign)
    with pytest.raises(PermissionError):
        await ended(refused[2])
    watch.tell(state(2))
    await settle()
    assert (reader.received, refused[0].received, watch.subscribers) == ([b"job1", b"job2"], [], 1)


async def test_the_first_of_a_group_may_leave_and_it_goes_on() -> None:
    hall, watch = Hall(), Told(state(1))
    first, second = hall.serve(watch), hall.serve(Told(state(1)))
    await settle()
    first[2].cancel()
    await settle()
    watch.tell(state(2), None)
    await ended(second[2])
    assert second[0].received == [b"job1", b"job2"]


async def test_a_snapshot_that_is_the_last_state_ends_its_subscriber_alone() -> None:
    hall, watch = Hall(), Told(state(1))
    stays = hall.serve(watch)
    await settle()
    late = hall.serve(Told(state(9, is_last=True)))
    await ended(late[2])
    assert late[0].received == [b"job9"]
    assert not stays[2].done()
    stays[2].cancel()


async def test_an_error_ends_all_of_a_group_and_the_next_one_begins_anew() -> None:
    hall, watch = Hall(), Told(state(1))
    served = [hall.serve(watch) for _ in range(3)]
    await settle()
    watch.tell(RuntimeError("away"))
    for _, _, task in served:
        with pytest.raises(RuntimeError, match="away"):
            await ended(task)
    fresh = Told(state(2))
    reader, _, task = hall.serve(fresh)
    await settle()
    assert (reader.received, fresh.is_listening) == ([b"job2"], True)
    task.cancel()


async def test_a_slow_reader_hears_the_latest_progress_and_every_status_and_holds_up_nobody() -> None:
    hall, watch = Hall(), Told(state(1))
    slow, fast = hall.serve(watch), hall.serve(watch)
    await settle()
    slow[0].reads = False
    watch.tell(*(state(version, is_urgent=version == 50) for version in range(2, 100)))
    async with asyncio.timeout(5):
        while len(fast[0].received) < 99:
            await settle()
    slow[0].reads = True
    slow[1].resume()
    assert slow[0].received == [b"job1", b"job50", b"job99"]
    watch.tell(None)
    await ended(slow[2])


async def test_who_overflows_is_sent_the_present_state_once_it_reads() -> None:
    hall, watch = Hall(), Told(state(1))
    reader, subscriber, task = hall.serve(watch)
    await settle()
    reader.reads = False
    watch.tell(*(state(version) for version in range(2, 1_100)))
    watch.state = state(1_099)
    async with asyncio.timeout(5):
        while watch.snapshots < 2:
            await settle()
    await settle()
    reader.reads = True
    subscriber.resume()
    await settle()
    watch.tell(state(1_100), None)
    await ended(task)
    assert reader.received[0] == b"job1"
    assert reader.received[-1] == b"job1100"
    assert len(reader.received) < 110
    versions = [int(payload[3:]) for payload in reader.received]
    assert versions == sorted(set(versions))


async def test_who_reads_nothing_for_so_long_is_given_up_and_the_others_are_not() -> None:
    hall, watch = Hall(), Told(state(1))
    stuck, fine = hall.serve(watch, stalled_seconds=0.05), hall.serve(watch, stalled_seconds=0.05)
    await settle()
    stuck[0].reads = False
    watch.tell(state(2))
    with pytest.raises(SlowReaderError):
        await ended(stuck[2])
    watch.tell(state(3), None)
    await ended(fine[2])
    assert fine[0].received == [b"job1", b"job2", b"job3"]


async def test_who_reads_now_and_then_is_not_given_up() -> None:
    hall, watch = Hall(), Told(state(1))
    reader, subscriber, task = hall.serve(watch, stalled_seconds=1)
    await settle()
    for version in range(2, 8):
        reader.reads = False
        watch.tell(state(version))
        await asyncio.sleep(0.2)
        reader.reads = True
        subscriber.resume()
    watch.tell(None)
    await ended(task)
    assert len(reader.received) == 7


async def test_what_is_not_shared_is_read_no_faster_than_its_reader_reads() -> None:
    hall, watch = Hall(), Told(scope=None)
    reader, subscriber, task = hall.serve(watch)
    await settle()
    reader.reads = False
    watch.tell(*(state(version) for version in range(1, 50)), None)
    await settle()
    assert hall.shared.count == 1
    reader.reads = True
    subscriber.resume()
    await ended(task)
    assert len(reader.received) == 49
