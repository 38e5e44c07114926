"""Three minutes of faults, one every five seconds, without a loss."""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.fault_injection import FaultInjector
from tests.journeys.installation import PASSWORD, Installation, installed
from tests.journeys.live_clients import (
    JOB_STATE,
    LIST_JOBS,
    UPLOAD_STATE,
    WATCH_BATCH,
    WATCH_JOB,
    WATCH_JOBS,
    WATCH_LINES,
    WATCH_TASK,
    WATCH_UPLOAD,
    LiveSocket,
    Subscriber,
)
from tests.journeys.loads import CREATE_BATCH, Load, all_pages, carry_out, make_loads
from tests.journeys.outcomes import outcome_of
from tests.journeys.retrying_client import RetryingClient

CHAOS_SECONDS = float(os.environ.get("WAYBILL_TEST_CHAOS_SECONDS", "180"))
SETTLING_SECONDS = 60.0
SOCKETS = 20
STATES = f"query ($id: ID!, $upload: ID!) {{ job(id: $id) {{ {JOB_STATE} files {{ name sha256 }} }} upload(id: $upload) {{ {UPLOAD_STATE} }} }}"


@pytest.mark.trial
async def test_whatever_dies_every_job_ends_as_it_must_and_everybody_is_told(tmp_path: Path) -> None:
    seed = int(os.environ.get("WAYBILL_TEST_SEED", "0")) or secrets.randbelow(2**32)
    print(f"To do the same again: WAYBILL_TEST_SEED={seed}")
    rng = random.Random(seed)
    is_redis_durable = rng.random() < 0.5
    async with (
        installed(tmp_path, servers=2, workers=3, is_redis_durable=is_redis_durable) as installation,
        RetryingClient(installation.urls) as caller,
    ):
        await caller.login("admin", PASSWORD)
        calm = await run_calmly(make_loads(tmp_path), caller, rng)
        loads, injector = make_loads(tmp_path), FaultInjector(installation, rng)
        sockets = [LiveSocket(caller, random.Random(rng.random())) for _ in range(SOCKETS)]
        listening = [asyncio.create_task(socket.run()) for socket in sockets]
        try:
            await run_in_chaos(loads, caller, rng, injector, sockets)
            await settle(loads, caller, sockets)
            assert {load.name: await outcome_of(load, caller) for load in loads} == calm
            await assert_everybody_knows(loads, caller, sockets)
        finally:
            for task in listening:
                task.cancel()
            ends = await asyncio.gather(*listening, return_exceptions=True)
            print(*injector.injected, sep="\n")
            print("told:", dict(caller.told), "refused:", sum((s.refused for s in sockets), Counter()),
                  "closed:", sum((s.closed for s in sockets), Counter()))  # fmt: skip
        assert [end for end in ends if not isinstance(end, asyncio.CancelledError)] == []
        assert_logs_are_sober(installation)


async def run_calmly(loads: Sequence[Load], caller: RetryingClient, rng: random.Random) -> dict[str, Any]:
    """What comes of the loads where nothing happens, by their names."""
    async with asyncio.timeout(90), asyncio.TaskGroup() as work:
        for load in loads:
            work.create_task(carry_out(load, caller, rng, f"calm-{load.name}", send_seconds=0))
    await settle(loads, caller, [])
    outcomes = {load.name: await outcome_of(load, caller) for load in loads}
    assert {outcome["status"] for outcome in outcomes.values()} == {"COMPLETED"}
    return outcomes


async def run_in_chaos(
    loads: Sequence[Load],
    caller: RetryingClient,
    rng: random.Random,
    injector: FaultInjector,
    sockets: Sequence[LiveSocket],
) -> None:
    """One load after the other, watched by ten each, while faults are injected."""
    pause = (CHAOS_SECONDS - 20) / len(loads)
    async with asyncio.timeout(CHAOS_SECONDS + SETTLING_SECONDS), asyncio.TaskGroup() as work:
        work.create_task(injector.inject_for(CHAOS_SECONDS))
        for load in loads:
            work.create_task(carry_out(load, caller, rng, f"chaos-{load.name}", send_seconds=rng.uniform(2, 10)))
            work.create_task(watch(load, rng, sockets))
            await asyncio.sleep(pause)


async def watch(load: Load, rng: random.Random, sockets: Sequence[LiveSocket]) -> None:
    await load.has_begun.wait()
    by_type = WATCH_BATCH if load.create == CREATE_BATCH else WATCH_TASK
    job, upload = {"id": load.job_id}, {"id": load.upload_id}
    subscribers = [Subscriber(query, dict(job)) for query in (by_type, by_type, WATCH_JOB)]
    subscribers += [Subscriber(WATCH_UPLOAD, dict(upload)) for _ in range(2)]
    subscribers += [Subscriber(WATCH_LINES, {**job, "after": "0"}) for _ in range(2)]
    subscribers += [Subscriber(WATCH_JOBS, {"since": datetime.now(UTC).isoformat()}) for _ in range(3)]
    for subscriber in subscribers:
        await rng.choice(sockets).add(subscriber)


async def settle(loads: Sequence[Load], caller: RetryingClient, sockets: Sequence[LiveSocket]) -> None:
    """Wait until every job has ended and everybody who watches has been told so."""
    running, untold = list[dict[str, Any]](), list[Subscriber]()
    try:
        async with asyncio.timeout(SETTLING_SECONDS):
            while True:
                running = await running_of(loads, caller)
                untold = [each for socket in sockets for each in socket.subscribers if not each.is_told_ends]
                if not running and not untold:
                    return
                await asyncio.sleep(0.5)
    except TimeoutError:
        pytest.fail(f"still running: {running}; not told of an end: {untold}")


async def running_of(loads: Sequence[Load], caller: RetryingClient) -> list[dict[str, Any]]:
    jobs = (await caller.ask(LIST_JOBS))["jobs"]["nodes"]
    return [job for job in jobs if job["isActive"] and job["id"] in {load.job_id for load in loads}]


async def assert_everybody_knows(loads: Sequence[Load], caller: RetryingClient, sockets: Sequence[LiveSocket]) -> None:
    states: dict[str, dict[str, Any]] = {}
    lines: dict[str, list[dict[str, Any]]] = {}
    for load in loads:
        read = await caller.ask(STATES, id=load.job_id, upload=load.upload_id)
        assert read["upload"]["sha256"] == load.sha256
        states |= {load.job_id: read["job"], load.upload_id: read["upload"]}
        lines[load.job_id] = await all_pages(caller, load.job_id, "logs", "id message")
    subscribers = [subscriber for socket in sockets for subscriber in socket.subscribers]
    assert len(subscribers) == 10 * len(loads)
    assert [subscriber.faults for subscriber in subscribers if subscriber.faults] == []
    for subscriber in subscribers:
        if subscriber.query == WATCH_LINES:
            assert subscriber.lines == lines[subscriber.variables["id"]]
        else:
            known = {id_: state for id_, state in subscriber.last.items() if id_ in states}
            assert known == {id_: {name: states[id_][name] for name in state} for id_, state in known.items()}


def assert_logs_are_sober(installation: Installation) -> None:
    """What can be foreseen is told in a line, and never with a trace of the program."""
    lines = [f"{path.name}: {line}" for path in installation.logs for line in path.read_text().splitlines()]
    assert [line for line in lines if "Traceback" in line] == []
