import asyncio
import errno
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from base.resilience import OPEN_SECONDS, CircuitBreaker
from events.feed import open_events
from events.hub import Hub, LocalPublisher
from events.messages import Event, job_topic, logs_topic
from events.redis_feed import SILENCE_SECONDS, RedisFeed
from tests.events.events_for_tests import JOB, event_now, is_told_of_loss, job_event, line_event, next_of

NOWHERE = "redis://127.0.0.1:1/0"


@dataclass
class Process:
    """One process of several: its hub, and what feeds it."""

    hub: Hub
    feed: RedisFeed


@pytest.fixture
def url(redis_url: str) -> str:
    return redis_url


@pytest.fixture
def prefix(redis_prefix: str) -> str:
    return redis_prefix


@asynccontextmanager
async def running(url: str, prefix: str, silence_seconds: float = SILENCE_SECONDS) -> AsyncIterator[Process]:
    hub = Hub()
    feed = RedisFeed(url, hub, prefix, silence_seconds=silence_seconds)
    task = asyncio.create_task(feed.listen())
    try:
        await asyncio.wait_for(feed.wait_until_listening(), 30)
        yield Process(hub, feed)
    finally:
        task.cancel()
        await asyncio.wait([task])
        await feed.close()


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(url) as client:
        yield client


def named(url: str, name: str) -> str:
    """The address with a name for the connections, by which `cut_off` finds them."""
    return f"{url}{'&' if '?' in url else '?'}client_name={name}"


async def cut_off(url: str, name: str) -> int:
    """End every connection of this name, as a restart of Redis does; returns how many."""
    async with client_of(url) as client:
        ids = [entry["id"] for entry in await client.client_list() if entry["name"] == name]
        return sum([int(await client.client_kill_filter(_id=id_)) for id_ in ids])


async def test_an_event_reaches_every_process_its_own_included(url: str, prefix: str) -> None:
    async with running(url, prefix) as here, running(url, prefix) as there:
        with here.hub.listen(job_topic(JOB)) as near, there.hub.listen(job_topic(JOB)) as far:
            event = job_event(1, title="Größe")
            await here.feed.publish(event)
            assert await next_of(near) == event
            assert await next_of(far) == event
            assert await event_now(near) is None


async def test_events_arrive_in_order(url: str, prefix: str) -> None:
    async with running(url, prefix) as here, running(url, prefix) as there:
        with there.hub.listen(logs_topic()) as mailbox:
            await here.feed.publish(*(line_event(number) for number in range(1, 201)))
            assert [(await next_of(mailbox)).row["id"] for _ in range(200)] == list(range(1, 201))


async def test_installations_with_another_prefix_hear_nothing(url: str, prefix: str) -> None:
    async with running(url, prefix) as here, running(url, f"{prefix}-other") as other:
        with here.hub.listen(job_topic(JOB)) as near, other.hub.listen(job_topic(JOB)) as far:
            await here.feed.publish(job_event(1))
            assert (await next_of(near)).version == 1
            assert await event_now(far) is None


async def test_after_a_cut_connection_subscribers_read_anew_and_events_arrive_again(url: str, prefix: str) -> None:
    async with running(named(url, prefix), prefix) as process:
        with process.hub.listen(job_topic(JOB)) as mailbox:
            assert await cut_off(url, prefix) >= 1
            await is_told_of_loss(mailbox)
            assert await process.feed.is_alive()
            await process.feed.publish(job_event(2))
            assert (await next_of(mailbox)).version == 2


async def test_a_loss_is_told_only_once_events_arrive_again(url: str, prefix: str) -> None:
    """Who reads the state when told must miss nothing that happens after."""
    async with running(named(url, prefix), prefix) as process, client_of(url) as client:
        with process.hub.listen(job_topic(JOB)) as mailbox:
            await cut_off(url, prefix)
            await is_told_of_loss(mailbox)
            assert await client.pubsub_numsub(f"{prefix}:events") == [(f"{prefix}:events".encode(), 1)]


@pytest.mark.parametrize(
    "garbage",
    [b"", b"nonsense", b"[]", b"{}", b'{"kind":"job","row":{}}', b'{"kind":"newer","row":{"id":"x"}}', b"\xff"],
)
async def test_a_message_that_is_no_event_of_ours_does_not_end_the_feed(url: str, prefix: str, garbage: bytes) -> None:
    async with running(url, prefix) as process, client_of(url) as client:
        with process.hub.listen(job_topic(JOB)) as mailbox:
            await client.publish(f"{prefix}:events", garbage)
            await process.feed.publish(job_event(1))
            assert (await next_of(mailbox)).version == 1


async def test_a_silent_connection_is_asked_and_stays(url: str, prefix: str) -> None:
    async with running(url, prefix, silence_seconds=0.05) as process:
        with process.hub.listen(job_topic(JOB)) as mailbox:
            await asyncio.sleep(0.3)
            assert await event_now(mailbox) is None
            assert await process.feed.is_alive()


async def test_it_ends_at_whichever_moment_it_is_cancelled(url: str, prefix: str) -> None:
    """The end of a silence, too: the client library takes a cancellation in that moment for the silence."""
    feeds = [RedisFeed(url, Hub(), prefix, silence_seconds=0.003) for _ in range(60)]
    for _ in range(5):
        tasks = [asyncio.create_task(feed.listen()) for feed in feeds]
        await asyncio.gather(*(feed.wait_until_listening() for feed in feeds))
        for task in tasks:
            task.cancel()
            await asyncio.sleep(0.0005)
        _, running_on = await asyncio.wait(tasks, timeout=30)
        assert running_on == set()
    await asyncio.gather(*(feed.close() for feed in feeds))


async def test_a_feed_that_is_busy_ends_at_whichever_moment_it_is_cancelled() -> None:
    async with busy_redis() as url:
        feeds = [RedisFeed(url, Hub(), "waybill", silence_seconds=0.1, ping_timeout_seconds=0.1) for _ in range(45)]
        tasks = []
        for turns, feed in enumerate(feeds):
            tasks.append(asyncio.create_task(feed.listen()))
            for _ in range(turns):
                await asyncio.sleep(0)
            tasks[-1].cancel()
        _, running_on = await asyncio.wait(tasks, timeout=30)
        assert running_on == set()
        await asyncio.gather(*(feed.close() for feed in feeds))


@asynccontextmanager
async def busy_redis() -> AsyncIterator[str]:
    """Confirms subscriptions, and says something every few milliseconds from then on."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        said = Event("stop", {"id": "x"}).encode()
        while True:
            writer.write(b"*3\r\n$7\r\nmessage\r\n$14\r\nwaybill:events\r\n$%d\r\n%b\r\n" % (len(said), said))
            await asyncio.sleep(0.005)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking: asyncio.Task[None] | None = None
        try:
            while data := await reader.read(65_536):
                for word in data.split(b"\r\n"):
                    if word.upper() == b"SUBSCRIBE":
                        writer.write(b"*3\r\n$9\r\nsubscribe\r\n$14\r\nwaybill:events\r\n:1\r\n")
                        talking = asyncio.create_task(talk(writer))
                    elif word.upper() in {b"CLIENT", b"SELECT", b"HELLO"}:
                        writer.write(b"+OK\r\n")
        finally:
            if talking is not None:
                talking.cancel()
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0?protocol=2"
    finally:
        server.close()


async def test_a_connection_that_the_system_gives_up_is_opened_anew(
    url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client library answers None to each read from then on, without a turn of the loop in between."""
    listening: list[PubSub] = []
    get_message = PubSub.get_message

    def bounded(pubsub: PubSub, **named: Any) -> Any:
        listening.append(pubsub)
        assert len(listening) < 1_000
        return get_message(pubsub, **named)

    monkeypatch.setattr(PubSub, "get_message", bounded)
    async with running(url, prefix) as process:
        with process.hub.listen(job_topic(JOB)) as mailbox:
            reader: Any = listening[-1].connection
            reader._reader.set_exception(TimeoutError(errno.ETIMEDOUT, "Connection timed out"))
            await is_told_of_loss(mailbox)
            await process.feed.publish(job_event(2))
            assert (await next_of(mailbox)).version == 2


async def test_a_connection_that_takes_everything_and_says_nothing_is_given_up() -> None:
    async with half_dead_redis() as (url, connections):
        hub = Hub()
        feed = RedisFeed(url, hub, "waybill", silence_seconds=0.05, ping_timeout_seconds=0.05)
        task = asyncio.create_task(feed.listen())
        async with asyncio.timeout(30):
            await feed.wait_until_listening()
            while len(connections) < 2:  # noqa: ASYNC110  another process's doing is waited for
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])
        await feed.close()


@asynccontextmanager
async def half_dead_redis() -> AsyncIterator[tuple[str, list[bool]]]:
    """Confirms everything but PING; counts the connections that subscribed."""
    subscribed: list[bool] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                for word in data.split(b"\r\n"):
                    if word.upper() == b"SUBSCRIBE":
                        subscribed.append(True)
                        writer.write(b"*3\r\n$9\r\nsubscribe\r\n$14\r\nwaybill:events\r\n:1\r\n")
                    elif word.upper() in {b"CLIENT", b"SELECT", b"HELLO"}:
                        writer.write(b"+OK\r\n")
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}/0?protocol=2", subscribed
    finally:
        server.close()


async def test_without_redis_at_least_this_process_is_told() -> None:
    hub = Hub()
    feed = RedisFeed(NOWHERE, hub, "waybill")
    with hub.listen(job_topic(JOB)) as mailbox:
        await feed.publish(job_event(1))
        assert (await next_of(mailbox)).version == 1
    await feed.close()


@asynccontextmanager
async def hung_redis() -> AsyncIterator[tuple[str, list[bool]]]:
    """Takes connections and what is sent, and never answers; counts what was sent to it."""
    sent: list[bool] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            sent.append(True)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", sent
    finally:
        server.close()


async def test_a_redis_that_hangs_holds_nobody_up_and_is_left_alone_for_a_while() -> None:
    hub, seconds = Hub(), [0.0]
    breaker = CircuitBreaker("hangs", opens_on=TimeoutError, timeout_seconds=0.1, clock=lambda: seconds[0])
    async with hung_redis() as (url, sent):
        feed = RedisFeed(url, hub, "waybill", breaker=breaker)
        with hub.listen(job_topic(JOB)) as mailbox:
            async with asyncio.timeout(5):
                await feed.publish(job_event(1))
            assert (await next_of(mailbox)).version == 1
            asked = len(sent)
            await feed.publish(job_event(2))
            assert (await next_of(mailbox)).version == 2
            assert len(sent) == asked > 0
            seconds[0] += OPEN_SECONDS
            await feed.publish(job_event(3))
            assert (await next_of(mailbox)).version == 3
            assert len(sent) > asked
        await feed.close()


async def test_without_redis_listening_goes_on_trying_and_is_not_alive() -> None:
    feed = RedisFeed(NOWHERE, Hub(), "waybill")
    task = asyncio.create_task(feed.listen())
    await asyncio.sleep(0.5)
    assert not task.done()
    assert not feed._is_listening.is_set()
    task.cancel()
    await asyncio.wait([task])
    await feed.close()


async def test_without_an_address_events_stay_in_the_process() -> None:
    hub = Hub()
    events = open_events("", hub, "waybill")
    assert isinstance(events.publisher, LocalPublisher)
    async with events.running():
        assert await events.is_alive()


async def test_with_an_address_events_run_over_redis_while_they_are_wanted(url: str, prefix: str) -> None:
    hub = Hub()
    events = open_events(url, hub, prefix)
    async with events.running():
        assert await events.is_alive()
        with hub.listen("stop") as mailbox:
            job_id = f"task-1754556928-{secrets.token_hex(6)}"
            await events.publisher.publish(Event("stop", {"id": job_id}))
            while (await next_of(mailbox)).row["id"] != job_id:
                pass
