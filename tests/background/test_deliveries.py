"""Dispatchers: wake-ups flow, messages to real receivers, and nobody waits for somebody else's receiver."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docket import Docket
from redis.asyncio import Redis
from structlog.testing import capture_logs

from background import deliveries
from background.deliveries import WebhookDispatcher, running_dispatcher
from background.docket_queue import DocketQueue
from background.queue import LocalQueue, Queue
from background.sweepers import sweep_deliveries
from base.words import JobStatus
from egress.session import guarded_session
from models import User, WebhookDelivery
from tests.background.worker_harness import wait_until
from tests.conftest import service_or_skip
from tests.databases import Template, opened
from tests.job_harness import JobHarness
from tests.webhooks.receiver_for_tests import Receiver, receiving
from tests.webhooks.webhook_harness import WebhookHarness
from webhooks.leases import SENDING_PER_WEBHOOK
from webhooks.planning import plan_deliveries
from webhooks.sending import Outcome, Sender

NO_SWEEP_SECONDS = 3_600.0
"""After the sweep at the start only wake-ups have anything sent."""


@pytest.fixture
async def webhook_harness(template: Template, tmp_path: Path) -> AsyncIterator[WebhookHarness]:
    async with opened(template, tmp_path), guarded_session(is_private_allowed=True) as session:
        harness = JobHarness(tmp_path)
        await User.create(id=harness.viewer.user_id, username="ada")
        yield WebhookHarness(harness, Sender(session))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def queues(template: Template) -> AsyncIterator[list[Queue]]:
    """Two ends of one queue: in process beside SQLite, over Redis beside PostgreSQL."""
    if not template.url:
        queue = LocalQueue()
        yield [queue, queue]
        return
    url = service_or_skip("redis", "TEST_REDIS_URL")
    name = f"waybill-test-{uuid.uuid4().hex[:12]}"
    async with AsyncExitStack() as stack:
        yield [DocketQueue(await stack.enter_async_context(Docket(name=name, url=url))) for _ in range(2)]
    async with Redis.from_url(url) as redis:
        async for key in redis.scan_iter(f"*{name}*"):
            await redis.delete(key)


def give_wake_ups(webhook_harness: WebhookHarness, queue: Queue) -> None:
    """What the webhook_harness's jobs tell reaches the queue."""
    webhook_harness.jobs.wake_dispatcher = queue.send_wake_up  # type: ignore[method-assign]


async def end_jobs(webhook_harness: WebhookHarness, count: int) -> list[str]:
    return [(await webhook_harness.jobs.put_into(JobStatus.CANCELLED)).id for _ in range(count)]


async def are_recorded() -> bool:
    return not await WebhookDelivery.filter(is_sending=True).exists()


async def test_an_end_is_delivered_by_its_wake_up_alone(
    webhook_harness: WebhookHarness, receiver: Receiver, queues: list[Queue]
) -> None:
    webhook = await webhook_harness.webhook(receiver.url)
    async with running_dispatcher(webhook_harness.sender, queues[0], NO_SWEEP_SECONDS):
        give_wake_ups(webhook_harness, queues[0])
        (job_id,) = await end_jobs(webhook_harness, 1)
        await receiver.until(1)
        assert receiver.received[0].json["data"]["id"] == job_id
        assert receiver.received[0].is_signed_with(webhook.secret)
        await wait_until(are_recorded)


async def test_a_dispatcher_that_starts_delivers_what_another_left(
    webhook_harness: WebhookHarness, receiver: Receiver, queues: list[Queue]
) -> None:
    await webhook_harness.webhook(receiver.url)
    ended = await end_jobs(webhook_harness, 2)
    async with running_dispatcher(webhook_harness.sender, queues[0], NO_SWEEP_SECONDS):
        await receiver.until(2)
        await wait_until(are_recorded)
    assert {one.json["data"]["id"] for one in receiver.received} == set(ended)


async def test_two_processes_make_each_delivery_once(
    webhook_harness: WebhookHarness, receiver: Receiver, queues: list[Queue]
) -> None:
    webhooks = [await webhook_harness.webhook(receiver.url) for _ in range(3)]
    await end_jobs(webhook_harness, 20)
    async with (
        running_dispatcher(webhook_harness.sender, queues[0]),
        running_dispatcher(webhook_harness.sender, queues[1]),
    ):
        await receiver.until(60)
        await wait_until(are_recorded)
        await asyncio.sleep(0.2)
    assert len(receiver.ids) == len(set(receiver.ids)) == 20 * len(webhooks)
    rows = await WebhookDelivery.all()
    assert {(row.attempt, row.status_code) for row in rows} == {(1, 200)}


async def test_a_receiver_that_hangs_holds_up_nobody_else_and_gets_few_at_a_time(
    webhook_harness: WebhookHarness, receiver: Receiver, queues: list[Queue]
) -> None:
    receiver.may_answer.clear()
    async with receiving() as other:
        await webhook_harness.webhook(receiver.url)
        await end_jobs(webhook_harness, 30)
        async with running_dispatcher(webhook_harness.sender, queues[0], NO_SWEEP_SECONDS):
            await receiver.until(SENDING_PER_WEBHOOK)
            await webhook_harness.webhook(other.url)
            give_wake_ups(webhook_harness, queues[0])
            await end_jobs(webhook_harness, 1)
            await other.until(1)
            assert receiver.most_on_their_way == SENDING_PER_WEBHOOK
            receiver.may_answer.set()
            await receiver.until(31)
            await wait_until(are_recorded)
    assert receiver.most_on_their_way <= SENDING_PER_WEBHOOK
    assert len(set(receiver.ids)) == len(receiver.ids) == 31


async def test_one_wake_up_sends_all_there_is_and_lets_a_colleague_look(
    webhook_harness: WebhookHarness, receiver: Receiver
) -> None:
    await webhook_harness.webhook(receiver.url)
    await end_jobs(webhook_harness, 3)
    await webhook_harness.deliver()
    assert (len(receiver.received), webhook_harness.wake_ups) == (3, 1)
    await webhook_harness.deliver()
    assert (len(receiver.received), webhook_harness.wake_ups) == (3, 1)


async def test_who_stops_lets_arrive_what_arrives_soon(webhook_harness: WebhookHarness, receiver: Receiver) -> None:
    await webhook_harness.webhook(receiver.url)
    await end_jobs(webhook_harness, 2)
    receiver.may_answer.clear()
    dispatcher = webhook_harness.dispatcher()
    work = asyncio.create_task(dispatcher.work())
    await receiver.until(1)
    stopping = asyncio.create_task(dispatcher.stop())
    await asyncio.sleep(0.05)
    receiver.may_answer.set()
    await asyncio.gather(stopping, work)
    statuses = sorted(str(row.status_code) for row in await WebhookDelivery.all())
    assert (statuses, len(receiver.received)) == (["200", "None"], 1)


async def test_who_stops_gives_back_what_does_not_and_another_sends_it_again(
    webhook_harness: WebhookHarness, receiver: Receiver
) -> None:
    await webhook_harness.webhook(receiver.url)
    await end_jobs(webhook_harness, 1)
    receiver.may_answer.clear()
    dispatcher = webhook_harness.dispatcher(stop_seconds=0.1)
    work = asyncio.create_task(dispatcher.work())
    await receiver.until(1)
    began = time.monotonic()
    await dispatcher.stop()
    await work
    assert time.monotonic() - began < 5
    receiver.may_answer.set()
    await webhook_harness.deliver()
    first, second = receiver.ids
    assert first == second
    assert [row.attempt for row in await WebhookDelivery.all()] == [2]


async def test_what_cannot_be_recorded_is_sent_again_with_the_same_id(
    webhook_harness: WebhookHarness, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await webhook_harness.webhook(receiver.url)
    await end_jobs(webhook_harness, 1)

    async def fail(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(deliveries, "record_outcome", fail)
        await webhook_harness.deliver()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "a delivery could not be recorded; it is made again"
    ]
    await webhook_harness.deliver()
    assert len(receiver.received) == 1  # its lease lasts
    await webhook_harness.age(timedelta(seconds=31))
    await webhook_harness.deliver()
    assert len(set(receiver.ids)) == 1
    assert [(row.attempt, row.status_code) for row in await WebhookDelivery.all()] == [(2, 200)]


async def test_the_sweep_gives_a_wake_up_where_something_is_owed_or_due(webhook_harness: WebhookHarness) -> None:
    await sweep_deliveries(webhook_harness.wake_up)
    assert webhook_harness.wake_ups == 0
    await webhook_harness.webhook("https://receiver.example/")
    await end_jobs(webhook_harness, 1)
    await sweep_deliveries(webhook_harness.wake_up)
    await plan_deliveries()
    await sweep_deliveries(webhook_harness.wake_up)
    assert webhook_harness.wake_ups == 2
    await WebhookDelivery.all().update(next_attempt_at=None)
    await sweep_deliveries(webhook_harness.wake_up)
    assert webhook_harness.wake_ups == 2


async def test_a_receiver_that_comes_back_gets_what_it_missed(webhook_harness: WebhookHarness) -> None:
    class Away:
        """A sender whose receiver is not there."""

        async def send(self, *_: Any) -> Outcome:
            return Outcome(None, "The receiver could not be connected to.")

    async with receiving() as receiver:
        await webhook_harness.webhook(receiver.url)
        jobs = await end_jobs(webhook_harness, 2)
        await WebhookDispatcher(Away(), webhook_harness.wake_up).work()  # type: ignore[arg-type]
        assert receiver.received == []
        await webhook_harness.age(timedelta(seconds=7))
        await webhook_harness.deliver()
        assert sorted(request.json["data"]["id"] for request in receiver.received) == sorted(jobs)
