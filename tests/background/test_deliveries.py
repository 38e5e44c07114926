"""Couriers: permissions flow through docket, messages to real receivers, and nobody waits for somebody else's receiver."""

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
from background.deliveries import Courier, running_deliveries
from background.queue import DocketQueue
from background.sweepers import sweep_deliveries
from base.words import JobStatus
from models import User, WebhookDelivery
from outgoing.session import outgoing_session
from tests.background.floor_for_tests import wait_until
from tests.conftest import service_or_skip
from tests.databases import Template, opened
from tests.webhooks.desk_for_tests import Desk
from tests.webhooks.receiver_for_tests import Receiver, receiving
from tests.workshop import Workshop
from webhooks.planning import plan_deliveries
from webhooks.sending import Outcome, Sender
from webhooks.turns import SENDING_PER_WEBHOOK


@pytest.fixture
async def desk(template: Template, tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(template, tmp_path), outgoing_session(is_private_allowed=True) as session:
        shop = Workshop(tmp_path)
        await User.create(id=shop.viewer.user_id, username="ada")
        yield Desk(shop, Sender(session))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def queues(template: Template) -> AsyncIterator[list[DocketQueue]]:
    """Two ends of one queue: in memory beside SQLite, over Redis beside PostgreSQL."""
    url = service_or_skip("redis", "TEST_REDIS_URL") if template.url else f"memory://{uuid.uuid4().hex}"
    name = f"waybill-test-{uuid.uuid4().hex[:12]}"
    async with AsyncExitStack() as stack:
        yield [DocketQueue(await stack.enter_async_context(Docket(name=name, url=url))) for _ in range(2)]
    if template.url:
        async with Redis.from_url(url) as redis:
            async for key in redis.scan_iter(f"*{name}*"):
                await redis.delete(key)


def give_permissions(desk: Desk, queue: DocketQueue) -> None:
    """What the desk's jobs tell reaches the queue."""
    desk.shop.permit_delivery = queue.permit_work  # type: ignore[method-assign]


async def end_jobs(desk: Desk, count: int) -> list[str]:
    return [(await desk.shop.put_into(JobStatus.CANCELLED)).id for _ in range(count)]


async def are_recorded() -> bool:
    return not await WebhookDelivery.filter(is_sending=True).exists()


async def test_an_end_is_delivered_by_its_permission_alone(
    desk: Desk, receiver: Receiver, queues: list[DocketQueue]
) -> None:
    webhook = await desk.webhook(receiver.url)
    async with running_deliveries(desk.sender, queues[0]):
        await asyncio.sleep(0.3)  # the first sweep is over
        give_permissions(desk, queues[0])
        (job_id,) = await end_jobs(desk, 1)
        await receiver.until(1, seconds=4)  # before the next one
        assert receiver.received[0].json["data"]["id"] == job_id
        assert receiver.received[0].is_signed_with(webhook.secret)
        await wait_until(are_recorded)


async def test_a_courier_that_starts_delivers_what_another_left(
    desk: Desk, receiver: Receiver, queues: list[DocketQueue]
) -> None:
    await desk.webhook(receiver.url)
    await end_jobs(desk, 2)
    async with running_deliveries(desk.sender, queues[0]):
        await receiver.until(2, seconds=4)
        await wait_until(are_recorded)


async def test_two_processes_make_each_delivery_once(desk: Desk, receiver: Receiver, queues: list[DocketQueue]) -> None:
    webhooks = [await desk.webhook(receiver.url) for _ in range(3)]
    await end_jobs(desk, 20)
    async with running_deliveries(desk.sender, queues[0]), running_deliveries(desk.sender, queues[1]):
        await receiver.until(60)
        await wait_until(are_recorded)
        await asyncio.sleep(0.2)
    assert len(receiver.ids) == len(set(receiver.ids)) == 20 * len(webhooks)
    rows = await WebhookDelivery.all()
    assert {(row.attempt, row.status_code) for row in rows} == {(1, 200)}


async def test_a_receiver_that_hangs_holds_up_nobody_else_and_gets_few_at_a_time(
    desk: Desk, receiver: Receiver, queues: list[DocketQueue]
) -> None:
    receiver.may_answer.clear()
    async with receiving() as other:
        await desk.webhook(receiver.url)
        await end_jobs(desk, 30)
        async with running_deliveries(desk.sender, queues[0]):
            await receiver.until(SENDING_PER_WEBHOOK)
            await desk.webhook(other.url)
            give_permissions(desk, queues[0])
            await end_jobs(desk, 1)
            await other.until(1, seconds=4)  # before the sweep
            assert receiver.most_on_their_way == SENDING_PER_WEBHOOK
            receiver.may_answer.set()
            await receiver.until(31, seconds=20)
            await wait_until(are_recorded)
    assert receiver.most_on_their_way <= SENDING_PER_WEBHOOK
    assert len(set(receiver.ids)) == len(receiver.ids) == 31


async def test_one_permission_sends_all_there_is_and_lets_a_colleague_look(desk: Desk, receiver: Receiver) -> None:
    await desk.webhook(receiver.url)
    await end_jobs(desk, 3)
    await desk.deliver()
    assert (len(receiver.received), desk.permits) == (3, 1)
    await desk.deliver()
    assert (len(receiver.received), desk.permits) == (3, 1)


async def test_who_stops_lets_arrive_what_arrives_soon(desk: Desk, receiver: Receiver) -> None:
    await desk.webhook(receiver.url)
    await end_jobs(desk, 2)
    receiver.may_answer.clear()
    courier = desk.courier()
    work = asyncio.create_task(courier.work())
    await receiver.until(1)
    stopping = asyncio.create_task(courier.stop())
    await asyncio.sleep(0.05)
    receiver.may_answer.set()
    await asyncio.gather(stopping, work)
    statuses = sorted(str(row.status_code) for row in await WebhookDelivery.all())
    assert (statuses, len(receiver.received)) == (["200", "None"], 1)


async def test_who_stops_gives_back_what_does_not_and_another_sends_it_again(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "STOP_SECONDS", 0.1)
    await desk.webhook(receiver.url)
    await end_jobs(desk, 1)
    receiver.may_answer.clear()
    courier = desk.courier()
    work = asyncio.create_task(courier.work())
    await receiver.until(1)
    began = time.monotonic()
    await courier.stop()
    await work
    assert time.monotonic() - began < 2
    receiver.may_answer.set()
    await desk.deliver()
    first, second = receiver.ids
    assert first == second
    assert [row.attempt for row in await WebhookDelivery.all()] == [2]


async def test_what_cannot_be_recorded_is_sent_again_with_the_same_id(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.webhook(receiver.url)
    await end_jobs(desk, 1)

    async def fail(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(deliveries, "record_outcome", fail)
        await desk.deliver()
    assert [line["event"] for line in logs if line["log_level"] == "error"] == [
        "a delivery could not be recorded; it is made again"
    ]
    await desk.deliver()
    assert len(receiver.received) == 1  # its turn lasts
    await desk.age(timedelta(seconds=31))
    await desk.deliver()
    assert len(set(receiver.ids)) == 1
    assert [(row.attempt, row.status_code) for row in await WebhookDelivery.all()] == [(2, 200)]


async def test_the_sweep_gives_a_permission_where_something_is_owed_or_due(desk: Desk) -> None:
    await sweep_deliveries(desk.permit)
    assert desk.permits == 0
    await desk.webhook("https://receiver.example/")
    await end_jobs(desk, 1)
    await sweep_deliveries(desk.permit)
    await plan_deliveries()
    await sweep_deliveries(desk.permit)
    assert desk.permits == 2
    await WebhookDelivery.all().update(next_attempt_at=None)
    await sweep_deliveries(desk.permit)
    assert desk.permits == 2


async def test_a_receiver_that_comes_back_gets_what_it_missed(desk: Desk) -> None:
    class Away:
        """A sender whose receiver is not there."""

        async def send(self, *_: Any) -> Outcome:
            return Outcome(None, "The receiver could not be connected to.")

    async with receiving() as receiver:
        await desk.webhook(receiver.url)
        jobs = await end_jobs(desk, 2)
        await Courier(Away(), desk.permit).work()  # type: ignore[arg-type]
        assert receiver.received == []
        await desk.age(timedelta(seconds=7))
        await desk.deliver()
        assert sorted(request.json["data"]["id"] for request in receiver.received) == sorted(jobs)
