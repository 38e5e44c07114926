"""Webhooks of ended jobs, whatever is killed in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from tests.journeys.test_tasks import working
from tests.redis_server import free_port
from tests.webhooks.receiver_for_tests import Receiver, receiving

PASSWORD = "a password of the tests"
INTRANET = {"WAYBILL_WORKERS": "0", "WAYBILL_WEBHOOK_ALLOW_PRIVATE": "true", "WAYBILL_ADMIN_PASSWORD": PASSWORD}
CREATE = """mutation ($url: String!) { createWebhook(url: $url, events: ["task.completed", "job.cancelled"]) { id secret } }"""
PLAY = "mutation { createTask(input: {work: {demo: {items: 2, seconds: 0}}}) { id } }"
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { status } }"
DELIVERIES = "{ webhooks { isEnabled deliveries { id jobId attempt statusCode error deliveredAt nextAttemptAt } } }"


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def signed_in(stack: AsyncExitStack, server: ServerProcess) -> Waybill:
    waybill = await stack.enter_async_context(Waybill(server.base_url))
    await waybill.login("admin", PASSWORD)
    return waybill


async def webhook_to(waybill: Waybill, url: str) -> dict[str, Any]:
    webhook: dict[str, Any] = (await waybill.execute(CREATE, {"url": url}))["createWebhook"]
    return webhook


async def cancelled_job(waybill: Waybill) -> str:
    job_id: str = (await waybill.execute(PLAY))["createTask"]["id"]
    assert (await waybill.execute(CANCEL, {"id": job_id}))["cancelJob"]["status"] == "CANCELLED"
    return job_id


async def deliveries(waybill: Waybill) -> list[dict[str, Any]]:
    """Of the only webhook."""
    (webhook,) = (await waybill.execute(DELIVERIES))["webhooks"]
    found: list[dict[str, Any]] = webhook["deliveries"]
    return found


async def until_delivered(waybill: Waybill, count: int, seconds: float) -> list[dict[str, Any]]:
    async with asyncio.timeout(seconds):
        while True:
            found = await deliveries(waybill)
            if len(found) == count and all(delivery["deliveredAt"] for delivery in found):
                return found
            await asyncio.sleep(0.05)


async def until_failed(waybill: Waybill) -> dict[str, Any]:
    """The only delivery, once an attempt has failed."""
    async with asyncio.timeout(20):
        while not (found := await deliveries(waybill)) or not found[0]["error"]:  # noqa: ASYNC110  nothing tells it
            await asyncio.sleep(0.05)
    return found[0]


def told_jobs(receiver: Receiver) -> dict[str, set[str]]:
    """For each job that the receiver was told of, the ids of the messages."""
    told: dict[str, set[str]] = {}
    for request in receiver.received:
        told.setdefault(request.json["data"]["id"], set()).add(request.id)
    return told


async def test_what_was_committed_is_told_although_the_server_was_killed(
    receiver: Receiver, server_folder: Path
) -> None:
    """At each kill something is owed, planned or on its way: nobody knows which, and nothing is lost or told as two."""
    async with ServerProcess(server_folder, INTRANET) as server, AsyncExitStack() as stack:
        waybill = await signed_in(stack, server)
        webhook = await webhook_to(waybill, receiver.url)
        jobs = []
        for is_certainly_on_its_way in (False, True):
            if is_certainly_on_its_way:
                receiver.may_answer.clear()
            jobs += [await cancelled_job(waybill) for _ in range(6)]
            if is_certainly_on_its_way:
                await receiver.until_on_their_way()
            await server.kill()
            await server.start()
        receiver.may_answer.set()
        found = await until_delivered(waybill, len(jobs), 60)
    assert sorted(delivery["jobId"] for delivery in found) == sorted(jobs)
    told = told_jobs(receiver)
    assert sorted(told) == sorted(jobs)
    assert {len(ids) for ids in told.values()} == {1}
    assert all(request.is_signed_with(webhook["secret"]) for request in receiver.received)


async def test_nothing_goes_to_a_name_that_leads_to_this_machine(receiver: Receiver, server_folder: Path) -> None:
    settings = {**INTRANET, "WAYBILL_WEBHOOK_ALLOW_PRIVATE": "false"}
    async with ServerProcess(server_folder, settings) as server, AsyncExitStack() as stack:
        waybill = await signed_in(stack, server)
        await webhook_to(waybill, f"http://localhost:{receiver.port}/")
        await cancelled_job(waybill)
        failed = await until_failed(waybill)
    assert failed["error"] == "This name is unknown, or leads to no address that webhooks may be sent to."
    assert failed["nextAttemptAt"] is not None
    assert receiver.received == []


@pytest.mark.long
async def test_a_receiver_that_was_away_gets_what_it_missed(server_folder: Path) -> None:
    port = free_port()
    async with ServerProcess(server_folder, INTRANET) as server, AsyncExitStack() as stack:
        waybill = await signed_in(stack, server)
        await webhook_to(waybill, Receiver(port).url)
        job_id = await cancelled_job(waybill)
        failed = await until_failed(waybill)
        assert (failed["statusCode"], failed["error"]) == (None, "The receiver could not be connected to.")
        receiver = await stack.enter_async_context(receiving(port))
        (delivery,) = await until_delivered(waybill, 1, 60)
        assert (delivery["attempt"], delivery["statusCode"], delivery["nextAttemptAt"]) == (2, 200, None)
        assert set(told_jobs(receiver)) == {job_id}


@pytest.mark.long
async def test_servers_and_workers_of_one_installation_tell_each_end_once(
    shared: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    settings = {**shared, **INTRANET}
    data = tmp_path / "data"
    first, second = (ServerProcess(data, settings, tmp_path / f"{name}.log") for name in ("first", "second"))
    async with first, second, working(data, settings), working(data, settings), AsyncExitStack() as stack:
        waybill, other = await signed_in(stack, first), await signed_in(stack, second)
        webhook = await webhook_to(waybill, receiver.url)
        jobs = [(await one.execute(PLAY))["createTask"]["id"] for one in (waybill, other) * 10]
        jobs.append(await cancelled_job(other))
        found = await until_delivered(waybill, len(jobs), 60)
        assert {(delivery["attempt"], delivery["statusCode"]) for delivery in found} == {(1, 200)}
    assert sorted(told_jobs(receiver)) == sorted(jobs)
    assert len(receiver.received) == len(jobs)
    assert {request.json["type"] for request in receiver.received} == {"task.completed", "job.cancelled"}
    assert all(request.is_signed_with(webhook["secret"]) for request in receiver.received)


@pytest.mark.long
async def test_what_a_killed_server_had_on_its_way_is_sent_by_another(
    shared: dict[str, str], receiver: Receiver, tmp_path: Path
) -> None:
    settings = {**shared, **INTRANET}
    first, second = (
        ServerProcess(tmp_path / "data", settings, tmp_path / f"{name}.log") for name in ("first", "second")
    )
    async with first, AsyncExitStack() as stack:
        waybill = await signed_in(stack, first)
        await webhook_to(waybill, receiver.url)
        receiver.may_answer.clear()
        job_id = await cancelled_job(waybill)
        await receiver.until_on_their_way()
        await first.kill()
        receiver.may_answer.set()
        await stack.enter_async_context(second)
        (delivery,) = await until_delivered(await signed_in(stack, second), 1, 45)  # its turn lasts 30 s
    assert (delivery["jobId"], delivery["attempt"]) == (job_id, 2)
    assert receiver.ids == [delivery["id"]] * 2
