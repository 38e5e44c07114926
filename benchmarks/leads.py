"""The main job at size: a workbook of 200,000 rows x 12 columns, from its last byte to COMPLETED.

Prints rows per second, the peak memory of all processes, and the p99 of `{ serverInfo { version } }` meanwhile. The
targets on two cores: at most 25 s in all (8,000 rows/s), 600 MB, 50 ms. No peer does the same work.

    python -m benchmarks.leads [rows] [batchSize]
"""

import asyncio
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import xlsxwriter

from benchmarks.machine import Usage, describe_machine, watched
from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file

ROWS, BATCH_SIZE = 200_000, 100
HEADINGS = (
    "Full name",
    "E-mail",
    "Phone",
    "Company",
    "Website",
    "Country",
    "Notes",
    "Source",
    "Owner",
    "City",
    "Budget",
    "Created",
)
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
        _report(rows, stages, usage, (await asyncio.gather(pinging))[0])


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


def _report(rows: int, stages: list[tuple[str, float]], usage: Usage, times: list[float]) -> None:
    began = dict(stages)["UPLOADED"]
    total = stages[-1][1] - began
    for (name, at), (_, until) in pairwise(stages):
        if at >= began and name in {"read", "check", "write"}:
            print(f"  {name:6} {until - at:6.1f} s")
    print(f"last byte to COMPLETED: {total:.1f} s = {rows / total:,.0f} rows/s   (target: 25 s, 8,000 rows/s)")
    print(
        f"peak memory, all processes: {usage.peak_bytes / 1e6:.0f} MB   (target: 600 MB); CPU {usage.cpu_seconds:.1f} s"
    )
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(
        f"{{ serverInfo {{ version }} }} meanwhile: p50 {p50:.1f} ms, p99 {p99:.1f} ms, n={len(times)}   (target: 50 ms)"
    )


def write_workbook(path: Path, rows: int) -> None:
    """People of many countries, some twice, some without an address; the same at every run."""
    firsts, lasts = (
        ("anna", "JOHN", "Marie-Luise", "piotr", "Zoë", "Nguyen"),
        ("smith", "O'BRIEN", "van der berg", "García", "lee"),
    )
    countries = (
        ("DE", "0151 2{:07d}"),
        ("US", "(415) 2{:02d}-{:04d}"),
        ("GB", "07911 {:06d}"),
        ("FR", "06 1{:07d}"),
        ("", "+49 152 2{:07d}"),
    )
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        sheet.write_row(0, 0, HEADINGS)
        for number in range(1, rows + 1):
            country, form = countries[number % 5]
            of = number - 7 if number % 50 == 0 else number
            email = (
                ""
                if number % 40 == 1
                else f"{firsts[of % 6].lower().replace('ë', 'e')}.{of}@company{of % 5000}.example.com"
            )
            digits = (number // 10_000 % 100, number % 10_000) if country == "US" else (number,)
            phone = "" if number % 3 else form.format(*digits)
            sheet.write_row(
                number,
                0,
                (
                    f"{firsts[number % 6]} {lasts[number % 5]}",
                    email,
                    phone,
                    f"Company {number} Ltd",
                    f"https://www.company{number % 5000}.example.com/contact",
                    country,
                    "met at the fair" if number % 4 == 0 else "",
                    "fair",
                    f"owner {number % 12}",
                    "Berlin",
                    number % 1000 * 10,
                    "2026-10-01",
                ),
            )


if __name__ == "__main__":
    main()
