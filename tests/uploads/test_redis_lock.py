"""The lock of uploads over several processes, on a real Redis."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from base.errors import ErrorCode, Refusal
from base.words import UploadStatus
from events.hub import Hub
from events.redis_feed import RedisFeed
from tests.background.worker_harness import wait_until
from tests.uploads.app_for_tests import (
    Client,
    Recorder,
    announced,
    append,
    append_under,
    error_of,
    make_services,
    path_of,
    reread,
    sha256,
    until_stored,
)
from uploads.body import ClientLeft, StopReason
from uploads.finishing import wait_until_finished
from uploads.intake import GRACE_SECONDS
from uploads.lifecycle import claim_for_writing, delete_upload
from uploads.locks import LockHandle, UploadLocks
from uploads.redis_lock import RELEASE_TIMEOUT_SECONDS, RELEASES, RedisLock
from uploads.wiring import UploadServices

UPLOAD = "upload-1754556928-12a41dbec0f3"


@dataclass
class Process:
    """What one server has."""

    locks: UploadLocks
    redis: "Redis"
    hub: Hub
    prefix: str

    @property
    def key(self) -> str:
        return f"{self.prefix}:upload:{UPLOAD}"


@dataclass
class Processes:
    url: str
    prefix: str
    stack: AsyncExitStack

    async def start(self, *, ttl_seconds: float = 10, wait_seconds: float = 5) -> Process:
        return await self.stack.enter_async_context(self._process(ttl_seconds, wait_seconds))

    @asynccontextmanager
    async def _process(self, ttl_seconds: float, wait_seconds: float) -> AsyncIterator[Process]:
        hub = Hub()
        feed = RedisFeed(self.url, hub, self.prefix, RELEASES)
        redis = Redis.from_url(self.url)
        locks = UploadLocks(RedisLock(redis, self.prefix, ttl_seconds), wait_seconds)
        tasks = [asyncio.create_task(feed.listen()), asyncio.create_task(locks.serve_release_requests(hub))]
        await asyncio.wait_for(feed.wait_until_listening(), 30)
        try:
            yield Process(locks, redis, hub, self.prefix)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await feed.close()
            await redis.aclose()


@pytest.fixture
async def processes(redis_url: str, redis_prefix: str) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        yield Processes(redis_url, redis_prefix, stack)


async def hold_until_asked(process: Process, asked: list[StopReason]) -> None:
    """LockHandle the lock as a hung request does: until somebody asks for it."""
    done = asyncio.Event()

    def let_go(why: StopReason) -> None:
        asked.append(why)
        done.set()

    async with process.locks.acquire(UPLOAD) as handle:
        handle.on_release_requested(let_go)
        await done.wait()


async def test_a_request_at_another_process_makes_the_holder_let_go(processes: Processes) -> None:
    one, two = await processes.start(), await processes.start()
    asked = list[StopReason]()
    holding = asyncio.create_task(hold_until_asked(one, asked))
    while not await one.redis.exists(one.key):  # noqa: ASYNC110  Redis offers nothing else to wait for
        await asyncio.sleep(0.005)
    started = time.monotonic()
    async with two.locks.acquire(UPLOAD):
        assert time.monotonic() - started < 5
        assert asked == [StopReason.WANTED]
    await holding
    assert not await one.redis.exists(one.key)


async def test_a_holder_that_keeps_it_is_423_after_the_wait(processes: Processes) -> None:
    one, two = await processes.start(), await processes.start(wait_seconds=0.2)
    async with one.locks.acquire(UPLOAD):
        started = time.monotonic()
        with pytest.raises(Refusal) as refused:
            async with two.locks.acquire(UPLOAD):
                pytest.fail("two at once")
        assert 0.15 < time.monotonic() - started < 5
        assert (refused.value.http_status, refused.value.retry_after) == (423, 1)
        with pytest.raises(Refusal):
            async with two.locks.acquire(UPLOAD, waits=False):
                pytest.fail("two at once")


async def test_a_long_hold_is_renewed_and_one_of_a_dead_process_ends_by_itself(processes: Processes) -> None:
    one, two = await processes.start(ttl_seconds=1.5), await processes.start(wait_seconds=10)
    async with one.locks.acquire(UPLOAD) as handle:
        await asyncio.sleep(2.0)
        assert not handle.has_ended
        assert await one.redis.exists(one.key)
    await one.redis.set(one.key, "a process that was killed", px=300)
    async with two.locks.acquire(UPLOAD):
        pass


async def test_who_lost_the_lock_is_told_and_takes_it_from_nobody(processes: Processes) -> None:
    one = await processes.start(ttl_seconds=0.6)
    asked = list[StopReason]()
    async with one.locks.acquire(UPLOAD) as handle:
        handle.on_release_requested(asked.append)
        await one.redis.set(one.key, "somebody else")
        await wait_until(lambda: asked)
        assert asked == [StopReason.LOST]
        assert handle.has_ended
    assert await one.redis.get(one.key) == b"somebody else"
    await one.redis.delete(one.key)


async def test_a_holder_that_cannot_renew_stops_before_the_lock_is_free(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await processes.start(ttl_seconds=0.8)

    async def fail(*_: object) -> int:
        raise RedisConnectionError

    asked = list[StopReason]()
    async with one.locks.acquire(UPLOAD) as handle:
        monkeypatch.setattr(one.redis, "eval", fail)
        handle.on_release_requested(asked.append)
        seconds_left = await one.redis.pttl(one.key) / 1_000
        assert handle.valid_until < time.monotonic() + seconds_left
        await wait_until(lambda: asked)
        assert asked == [StopReason.LOST]
        assert time.monotonic() >= handle.valid_until


async def test_without_redis_it_is_503_and_not_a_wrong_yes(processes: Processes) -> None:
    one = await processes.start()
    await one.redis.aclose()
    one.redis.connection_pool.connection_kwargs["port"] = 1
    await one.redis.connection_pool.disconnect()
    with pytest.raises(Refusal) as refused:
        async with one.locks.acquire(UPLOAD):
            pytest.fail("nobody could know")
    assert (refused.value.code, refused.value.retry_after) == (ErrorCode.SERVICE_UNAVAILABLE, 1)


# ------------------------------------------------------------------------------------------- uploads at two servers


@pytest.fixture
async def servers(processes: Processes, data_dir: Path, recorder: Recorder) -> tuple[UploadServices, UploadServices]:
    one, two = await processes.start(), await processes.start()
    first = make_services(data_dir, recorder, locks=one.locks)
    return first, make_services(data_dir, recorder, locks=two.locks)


async def test_a_hung_patch_at_one_server_lets_go_when_another_is_asked(
    servers: tuple[UploadServices, UploadServices], client_of: Callable[[UploadServices], Client]
) -> None:
    first, second = servers
    upload = await announced(first, 6)
    sending = asyncio.create_task(append(first, upload.id, 0, b"abc", 60))
    await until_stored(first, upload.id, 3)
    started = time.monotonic()
    assert await client_of(second).offset(client_of(second).url_of(upload.id)) == 3
    assert time.monotonic() - started < 5
    with pytest.raises(Refusal) as refused:
        await sending
    assert refused.value.headers["Upload-Offset"] == "3"
    await append(second, upload.id, 3, b"def")
    assert path_of(first, upload).read_bytes() == b"abcdef"


async def test_a_patch_that_waited_for_another_server_is_not_stopped_by_its_own_order_to_let_go(
    servers: tuple[UploadServices, UploadServices],
) -> None:
    first, second = servers
    upload = await announced(first, 6)
    sending = asyncio.create_task(append(first, upload.id, 0, b"abc", 60))
    await until_stored(first, upload.id, 3)
    await append(second, upload.id, 3, b"d", 3 * GRACE_SECONDS, b"ef")
    assert path_of(first, upload).read_bytes() == b"abcdef"
    with pytest.raises(Refusal):
        await sending


async def test_a_release_request_that_is_heard_late_disturbs_nobody_but_the_holder_it_met(processes: Processes) -> None:
    one, two = await processes.start(), await processes.start()
    async with two.redis.pubsub() as requests:
        await requests.subscribe(f"{two.prefix}:{RELEASES}")
        await requests.get_message(ignore_subscribe_messages=True, timeout=1)
        met = list[StopReason]()
        holding = asyncio.create_task(hold_until_asked(one, met))
        while not await one.redis.exists(one.key):  # noqa: ASYNC110  Redis offers nothing else to wait for
            await asyncio.sleep(0.005)
        async with two.locks.acquire(UPLOAD):
            pass
        await holding
        late = await requests.get_message(ignore_subscribe_messages=True, timeout=1)
    assert met == [StopReason.WANTED]
    assert late is not None
    asked = list[StopReason]()
    async with one.locks.acquire(UPLOAD) as handle:
        handle.on_release_requested(asked.append)
        assert await two.redis.publish(f"{two.prefix}:{RELEASES}", late["data"]) == 2
        await asyncio.sleep(0.2)
        assert asked == []


async def test_a_request_for_the_end_of_all_that_is_heard_late_disturbs_nobody(processes: Processes) -> None:
    one, two = await processes.start(), await processes.start()
    async with two.redis.pubsub() as requests:
        await requests.subscribe(f"{two.prefix}:{RELEASES}")
        await requests.get_message(ignore_subscribe_messages=True, timeout=1)
        await two.locks.await_release(UPLOAD)
        late = await requests.get_message(ignore_subscribe_messages=True, timeout=1)
    assert late is not None
    asked = list[StopReason]()
    async with one.locks.acquire(UPLOAD) as handle:
        handle.on_release_requested(asked.append)
        assert await two.redis.publish(f"{two.prefix}:{RELEASES}", late["data"]) == 2
        await asyncio.sleep(0.2)
        assert asked == []


async def test_who_left_while_it_waited_asks_the_holder_no_more(processes: Processes) -> None:
    one, two = await processes.start(), await processes.start()
    was_asked, has_left = asyncio.Event(), asyncio.Event()

    async def wait_in_vain() -> None:
        with two.locks.register(UPLOAD, lambda: not has_left.is_set()) as waiting:
            async with two.locks.acquire(UPLOAD, waiting):
                pytest.fail("it had left")

    async with one.locks.acquire(UPLOAD) as handle:
        handle.on_release_requested(lambda _: was_asked.set())
        waiting = asyncio.create_task(wait_in_vain())
        await was_asked.wait()
        has_left.set()
        with pytest.raises(ClientLeft):
            await waiting


async def test_what_a_process_has_written_under_a_lock_that_it_lost_does_not_count_after_a_head(
    servers: tuple[UploadServices, UploadServices], client_of: Callable[[UploadServices], Client]
) -> None:
    first, second = servers
    upload = await announced(first, 6)
    stale = await claim_for_writing(first, upload.id)
    client = client_of(second)
    assert await client.offset(client.url_of(upload.id)) == 0
    with pytest.raises(Refusal) as refused:
        await append_under(first, LockHandle(), stale, 0, b"abc")
    assert refused.value.code is ErrorCode.LOCKED
    assert await client.offset(client.url_of(upload.id)) == 0


async def test_a_head_is_423_where_nobody_can_say_who_has_the_upload(
    processes: Processes, data_dir: Path, recorder: Recorder, client_of: Callable[[UploadServices], Client]
) -> None:
    """After a 503 tus-js-client would make a new upload, and send all again."""
    one = await processes.start()
    services = make_services(data_dir, recorder, locks=one.locks)
    upload = await announced(services, 6)
    await one.redis.aclose()
    one.redis.connection_pool.connection_kwargs["port"] = 1
    await one.redis.connection_pool.disconnect()
    client = client_of(services)
    answer = await client.send("HEAD", client.url_of(upload.id))
    assert (answer.status_code, answer.headers["Retry-After"]) == (423, "1")


async def test_a_process_that_hangs_holds_up_a_head_for_a_moment_only(processes: Processes) -> None:
    one = await processes.start()
    async with Redis.from_url(processes.url) as redis, redis.pubsub() as hanging:
        await hanging.subscribe(f"{processes.prefix}:{RELEASES}")
        started = time.monotonic()
        await one.locks.await_release(UPLOAD)
        assert RELEASE_TIMEOUT_SECONDS <= time.monotonic() - started < 3 * RELEASE_TIMEOUT_SECONDS


async def test_the_two_take_turns_and_the_file_is_equal(servers: tuple[UploadServices, UploadServices]) -> None:
    first, second = servers
    upload = await announced(first, 8)
    for offset in range(0, 8, 2):
        services = servers[offset // 2 % 2]
        await append(services, upload.id, offset, b"abcdefgh"[offset : offset + 2])
    upload = await wait_until_finished(second, await reread(upload), 5)
    assert (upload.status, upload.sha256, upload.fence >= 4) == (UploadStatus.COMPLETED, sha256(b"abcdefgh"), True)


async def test_a_process_that_slept_through_its_lock_commits_nothing(
    servers: tuple[UploadServices, UploadServices],
) -> None:
    """It wakes up with the right in its hands and bytes on the disk, after somebody else has gone on."""
    first, second = servers
    upload = await announced(first, 6)
    stale = await claim_for_writing(first, upload.id)
    await append(second, upload.id, 0, b"xyz")
    with pytest.raises(Refusal) as refused:
        await append_under(first, LockHandle(), stale, 0, b"abc")
    assert refused.value.code is ErrorCode.LOCKED
    assert (await reread(upload)).offset_bytes == 3


async def test_delete_at_one_server_stops_the_other(
    servers: tuple[UploadServices, UploadServices], client_of: Callable[[UploadServices], Client]
) -> None:
    first, second = servers
    upload = await announced(first, 6)
    sending = asyncio.create_task(append(first, upload.id, 0, b"abc", 60))
    await until_stored(first, upload.id, 3)
    started = time.monotonic()
    await delete_upload(second, upload.id)
    assert time.monotonic() - started < 5
    with pytest.raises(Refusal) as refused:
        await sending
    assert refused.value.code is ErrorCode.UPLOAD_NOT_FOUND
    assert not path_of(first, upload).exists()
    answer = await client_of(second).send("GET", client_of(second).url_of(upload.id))
    assert error_of(answer) == (404, "UPLOAD_NOT_FOUND")
