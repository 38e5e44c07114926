"""The queue: how many slices go through it, how soon the slice of a dead worker runs again, what a second worker brings.

Slices a second with a processor that does nothing, embedded, and on PostgreSQL and Redis with 1, 2 and 4 workers of one
child process each. Seconds from `kill -9` of a worker to its slice running at another; the target is 30, of which the
lease takes up to 20. One batch of leads on 1 and on 2 workers; the target on two cores is 1.8 times as fast.

PostgreSQL and Redis are those of TEST_DATABASE_URL and TEST_REDIS_URL; a database is made there and dropped afterwards.

    python -m benchmarks.jobs [--quick]     --quick: few slices and rows, to try it out
"""

import asyncio
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.leads import CREATE_BATCH, CREATE_UPLOAD, WATCH
from benchmarks.machine import describe_machine
from benchmarks.queue.fleet import Fleet, Services, running_fleet
from benchmarks.workbooks.writing import write_workbook
from client.upload import send_file

TARGET_RATIO, TARGET_SECONDS = 1.8, 30
SLOW_SECONDS = 5.0
"""So long the slice takes whose worker is killed."""
FREE_SERVICES = "Without workers of their own: set TEST_DATABASE_URL and TEST_REDIS_URL to measure them, too."


@dataclass(frozen=True)
class Size:
    """How much is done; `rows` of the batch in slices of `batch_size`."""

    slices: int = 3_000
    kills: int = 3
    rows: int = 60_000
    batch_size: int = 200


QUICK = Size(slices=60, kills=1, rows=2_000, batch_size=50)


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    note = ", too few to say much" if is_quick else ""
    size = QUICK if is_quick else Size()
    print(f"jobs: {size.slices:,} empty slices{note}\n{describe_machine()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), size, _services()))
    print(f"load of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")


def _services() -> Services | None:
    urls = [os.environ.get(name, "") for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL")]
    return Services(*urls) if all(urls) else None


async def _run(folder: Path, size: Size, services: Services | None) -> None:
    cores = os.cpu_count() or 1
    await _measure_slices(
        folder / "embedded", f"embedded, SQLite, {_several(cores, 'child process')}", None, cores, size
    )
    if services is None:
        print(FREE_SERVICES)
        return
    for workers in (1, 2, 4):
        name = f"PostgreSQL and Redis, {_several(workers, 'worker')}"
        await _measure_slices(folder / f"slices-{workers}", name, services, workers, size)
    await _measure_kills(folder / "kills", services, size.kills)
    await _measure_leads(folder, services, size)


async def _measure_slices(folder: Path, name: str, services: Services | None, workers: int, size: Size) -> None:
    async with running_fleet(folder, services, workers) as fleet:
        await _seconds_of_slices(fleet, 10 * workers)  # every child is there
        _say(name)
        print(f"{size.slices / await _seconds_of_slices(fleet, size.slices):8,.0f} slices/s", flush=True)


async def _seconds_of_slices(fleet: Fleet, slices: int) -> float:
    """From the first slice that may be taken to the last that is recorded."""
    began: dict[str, float] = {}
    async for state, moment in fleet.watch(slices):
        began.setdefault(state["stage"] or state["status"], moment)
    return began["finish"] - began["process"]


async def _measure_kills(folder: Path, services: Services, kills: int) -> None:
    """One worker has the slice and is killed, another is started while the lease runs out and has nothing to do."""
    async with running_fleet(folder, services, 0) as fleet:
        for number in range(1, kills + 1):
            _say(f"kill -9 of a worker, {number} of {kills}")
            print(
                f"{await _seconds_to_run_again(fleet):8.1f} s to its slice running again (target {TARGET_SECONDS})",
                flush=True,
            )


async def _seconds_to_run_again(fleet: Fleet) -> float:
    doomed = await fleet.add_worker()
    killed_at: datetime | None = None
    async for state, _ in fleet.watch(1, seconds=SLOW_SECONDS):
        if state["stage"] == "process" and not killed_at:
            await doomed.kill()
            killed_at, task_id = datetime.now(UTC), state["id"]
            spare = await fleet.add_worker()
    again_at = await fleet.first_running(task_id, since=killed_at) if killed_at else None
    if not killed_at or not again_at:
        sys.exit("The slice ended before its worker was killed, or is not said to run again.")
    await spare.stop()
    return (again_at - killed_at).total_seconds()


async def _measure_leads(folder: Path, services: Services, size: Size) -> None:
    workbook = folder / "leads.xlsx"
    await asyncio.to_thread(write_workbook, workbook, size.rows)
    size_bytes = (await asyncio.to_thread(workbook.stat)).st_size
    print(f"one batch of {size.rows:,} leads in slices of {size.batch_size}, and of it the part that is shared")
    took = {}
    for workers in (1, 2):
        async with running_fleet(folder / f"leads-{workers}", services, workers) as fleet:
            _say(_several(workers, "worker"))
            took[workers] = await _seconds_of_leads(fleet, workbook, size_bytes, size.batch_size)
            print("{:8.1f} s, {:.1f} s".format(*took[workers]), flush=True)
    whole, shared = (one / two for one, two in zip(took[1], took[2], strict=True))
    _say("2 workers are faster")
    print(f"{whole:8.2f} times, {shared:.2f} times (target {TARGET_RATIO})")


async def _seconds_of_leads(fleet: Fleet, workbook: Path, size_bytes: int, batch_size: int) -> tuple[float, float]:
    """From the last byte to the end, and from the first slice that may be taken to the last that is recorded."""
    waybill = fleet.waybill
    upload = await waybill.execute(CREATE_UPLOAD, {"name": workbook.name, "size": size_bytes})
    batch = await waybill.execute(CREATE_BATCH, {"upload": upload["createUpload"]["id"], "size": batch_size})
    began: dict[str, float] = {}
    sending = asyncio.create_task(send_file(upload["createUpload"]["url"], workbook, 2**23))
    async for message in waybill.subscribe(WATCH, {"id": batch["createBatch"]["id"]}):
        state = message["batchUpdated"]
        began.setdefault(state["stage"] or state["status"], time.perf_counter())
        if state["status"] == "FAILED":
            sys.exit(f"The batch failed: {state['statusMessage']}")
    await sending
    return began["COMPLETED"] - began["read"], began["write"] - began["check"]


def _several(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 'es' if what.endswith('s') else 's'}"


def _say(what: str) -> None:
    print(f"  {what:40}", end="", flush=True)


if __name__ == "__main__":
    main()
