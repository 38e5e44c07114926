"""The main job at size: a workbook of 200,000 rows x 12 columns, from its last byte to COMPLETED.

Prints rows per second, the peak memory of all processes, and the p99 of `{ serverInfo { version } }` meanwhile; and, as
no peer does the same work, what openpyxl and calamine take merely to read the same workbook, just before. The targets on
two cores: no more than openpyxl takes to read, 600 MB, 50 ms. On a machine that others use, compare CPU seconds.

    python -m benchmarks.leads [rows] [batchSize]
"""

import asyncio
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.machine import Usage, describe_machine, watched
from benchmarks.workbooks.reading import READER_NAMES, Reading, time_reader
from benchmarks.workbooks.writing import HEADINGS, write_workbook
from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file

ROWS, BATCH_SIZE = 200_000, 100
CREATE_UPLOAD = """mutation ($name: String!, $size: BigInt!) {
  createUpload(input: {filename: $name, size: $size}) { id url }
}"""
CREATE_BATCH = """mutation ($upload: ID!, $size: Int!) {
  createBatch(input: {work: {leads: {batchSize: $size}}, uploadIds: [$upload]}) { id }
}"""
WATCH = """subscription ($id: ID!) {
  batchUpdated(id: $id) { status stage statusMessage progress { percentage totalItems failedItems skippedItems } }
}"""


def main() -> None:
    """Run it and print the figures."""
    rows, batch_size = (
        int(sys.argv[place]) if len(sys.argv) > place else default for place, default in ((1, ROWS), (2, BATCH_SIZE))
    )
    print(f"leads: {rows:,} rows x {len(HEADINGS)} columns, slices of {batch_size}\n{describe_machine()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(Path(folder), rows, batch_size))


async def _run(folder: Path, rows: int, batch_size: int) -> None:
    path = folder / "leads.xlsx"
    await asyncio.to_thread(write_workbook, path, rows)
    print(f"workbook: {path.stat().st_size / 1e6:.1f} MB", flush=True)
    readings = {name: await time_reader(name, path) for name in READER_NAMES}
    async with ServerProcess(folder / "data") as server, Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        data = await waybill.execute(CREATE_UPLOAD, {"name": path.name, "size": path.stat().st_size})
        batch = await waybill.execute(CREATE_BATCH, {"upload": data["createUpload"]["id"], "size": batch_size})
        async with watched(server.pid) as usage:
            pinging = asyncio.create_task(_ping(waybill))
            watching = asyncio.create_task(_watch(waybill, batch["createBatch"]["id"]))
            await send_file(data["createUpload"]["url"], path, 2**23)
            stages = await watching
            pinging.cancel()
        total = _report(rows, stages, usage, (await asyncio.gather(pinging))[0])
    for name, reading in readings.items():
        _compare(name, reading, total, usage.cpu_seconds)


async def _ping(waybill: Waybill) -> list[float]:
    """Milliseconds of one small query after the other, 50 a second, until cancelled."""
    times: list[float] = []
    try:
        while True:
            began = time.perf_counter()
            await waybill.execute("{ serverInfo { version } }")
            times.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return sorted(times)


async def _watch(waybill: Waybill, batch_id: str) -> list[tuple[str, float]]:
    """When each stage was first seen, and the end."""
    seen: dict[str, float] = {}
    async for message in waybill.subscribe(WATCH, {"id": batch_id}):
        state: dict[str, Any] = message["batchUpdated"]
        seen.setdefault(state["stage"] or state["status"], time.perf_counter())
        if state["status"] == "FAILED":
            sys.exit(f"The batch failed: {state['statusMessage']}")
    return list(seen.items())


def _report(rows: int, stages: list[tuple[str, float]], usage: Usage, times: list[float]) -> float:
    """Print what was measured; the seconds from the last byte to COMPLETED."""
    began = dict(stages)["UPLOADED"]
    total = stages[-1][1] - began
    for (name, at), (_, until) in pairwise(stages):
        if at >= began and name in {"read", "check", "write"}:
            print(f"  {name:6} {until - at:6.1f} s")
    print(f"last byte to COMPLETED: {total:.1f} s = {rows / total:,.0f} rows/s")
    print(
        f"peak memory, all processes: {usage.peak_bytes / 1e6:.0f} MB   (target: 600 MB); CPU {usage.cpu_seconds:.1f} s"
    )
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{{ serverInfo {{ version }} }} meanwhile: p50 {p50:.1f} ms, p99 {p99:.1f} ms, n={len(times)}   (target: 50 ms)"
    )
    return total


def _compare(name: str, reading: Reading, seconds: float, cpu_seconds: float) -> None:
    """Print how much longer all of it took than reading alone."""
    target = "   (target: 1.0 times)" if name == READER_NAMES[0] else ""
    print(
        f"{name} merely reads it in {reading.seconds:.1f} s, CPU {reading.cpu_seconds:.1f} s: all of ours takes "
        f"{seconds / reading.seconds:.2f} times that{target}, CPU {cpu_seconds / reading.cpu_seconds:.2f} times"
    )


if __name__ == "__main__":
    main()
