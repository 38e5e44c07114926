"""Receiving files: Waybill beside @tus/server with its file store, on the same machine in the same run.

One upload of 1 GiB in one PATCH; 8 at once of 128 MiB in chunks of 8 MiB; POST + PATCH + DELETE of 1 MB. The targets:
ahead of @tus/server in every row, at least 1.8 times as fast in the one PATCH, and `GET /health` answered in less than
20 ms (p99) meanwhile. @tus/server never syncs what it stores, so Waybill is compared with WAYBILL_UPLOAD_FSYNC=never;
`always`, the default, stands beside it. Then, of Waybill alone, 2,000 files of 100 KB that one job waits for: the p99 of a
PATCH at the end is to be that at the start, within 20 %. Waybill computes the SHA-256 of all that it receives; @tus/server does not.

    python -m benchmarks.uploads [--quick] [--batch]     --quick: small sizes, to try it out; --batch: the files of one job alone
"""

import asyncio
import os
import random
import shutil
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.machine import describe_machine, stolen_seconds
from benchmarks.tus.batch import Order, Result
from benchmarks.tus.load import Phase
from benchmarks.tus.measuring import Figures, measure, measure_batch
from benchmarks.tus.servers import PEER_NAME, Measured, PeerMissing, install_peer, running_peer, running_waybill
from benchmarks.tus.table import print_batch, print_table

MIB, GIB = 2**20, 2**30
ROUNDS = 5
FREE_BYTES = 4 * GIB
PHASES = (
    Phase("1 GiB in one PATCH", 1, GIB, GIB),
    Phase("8 at once, 128 MiB in chunks of 8 MiB", 8, 128 * MIB, 8 * MIB),
    Phase("1 MB, one after the other", 1, 10**6, 10**6, rounds=200, warm_up=20),
)
BATCH_FILES, BATCH_FILE_BYTES = 2_000, 100_000
QUICK_ROUNDS = 2
QUICK_BATCH_FILES = 200
QUICK_PHASES = (
    Phase("64 MiB in one PATCH", 1, 64 * MIB, 64 * MIB),
    Phase("8 at once, 8 MiB in chunks of 2 MiB", 8, 8 * MIB, 2 * MIB),
    Phase("1 MB, one after the other", 1, 10**6, 10**6, rounds=20, warm_up=5),
)


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    if sys.platform != "linux":
        sys.exit("uploads: what a process takes is read from /proc, so this runs on Linux only.")
    batch_files = QUICK_BATCH_FILES if is_quick else BATCH_FILES
    phases, rounds = (QUICK_PHASES, QUICK_ROUNDS) if is_quick else (PHASES, ROUNDS)
    note = ", too small to say much" if is_quick else ""
    print(f"uploads: Waybill beside {PEER_NAME}, {rounds} rounds{note}\n{describe_machine()}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < FREE_BYTES:
            sys.exit(f"uploads: {folder} needs {FREE_BYTES / GIB:.0f} GiB of room; set TMPDIR to a folder that has it.")
        if "--batch" not in sys.argv[1:]:
            asyncio.run(_run(Path(folder), phases, rounds))
        asyncio.run(_run_batch(Path(folder), batch_files, rounds))


async def _run(folder: Path, phases: tuple[Phase, ...], rounds: int) -> None:
    source, stolen_before = folder / "source", stolen_seconds()
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(running_waybill(folder, fsync)) for fsync in ("never", "always")]
        try:
            await install_peer()
            servers.append(await stack.enter_async_context(running_peer(folder)))
        except PeerMissing as missing:
            print(missing, flush=True)
        print("writing the file that is sent", flush=True)
        await asyncio.to_thread(_write_source, source, max(phase.uploads * phase.upload_bytes for phase in phases))
        await _warm_up(servers, phases, source)
        columns = await _measure_rounds(servers, phases, source, rounds)
    print(f"load of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"CPU time that its host kept from it meanwhile: {stolen_seconds() - stolen_before:.1f} s\n")
    print_table(phases, columns, "Waybill, never", PEER_NAME, "Waybill, always")


async def _run_batch(folder: Path, files: int, rounds: int) -> None:
    """Files of one job: the servers take turns, with new data folders."""
    source = folder / "small files"
    await asyncio.to_thread(_write_source, source, files * BATCH_FILE_BYTES)
    results: dict[str, list[Result]] = {}
    async with AsyncExitStack() as stack:
        for fsync in ("never", "always"):
            server = await stack.enter_async_context(running_waybill(folder / "batch", fsync))
            results[server.name] = []
            for _ in range(rounds + 1):
                order = Order(server.base_url, await server.authorize(), str(source), files, BATCH_FILE_BYTES)
                results[server.name].append(await measure_batch(server, order))
    print_batch(f"{files:,} files of {BATCH_FILE_BYTES / 1000:.0f} KB into one job", results)


async def _warm_up(servers: list[Measured], phases: tuple[Phase, ...], source: Path) -> None:
    """The first writes of a server are slow; here it is also seen whether it stores what was sent."""
    for phase in phases:
        for server in servers:
            _say(f"warming up, {phase.title}: {server.name}")
            print(await measure(server, phase, source, is_verified=True), flush=True)


async def _measure_rounds(
    servers: list[Measured], phases: tuple[Phase, ...], source: Path, rounds: int
) -> dict[str, dict[str, list[Figures]]]:
    """By server and by phase, the figures of each round; the servers take turns, and each is first in its turn."""
    columns: dict[str, dict[str, list[Figures]]] = {
        server.name: {phase.title: [] for phase in phases} for server in servers
    }
    for number in range(rounds):
        first = number % len(servers)
        for phase in phases:
            for server in servers[first:] + servers[:first]:
                _say(f"round {number + 1} of {rounds}, {phase.title}: {server.name}")
                figures = await measure(server, phase, source)
                print(figures, flush=True)
                columns[server.name][phase.title].append(figures)
    return columns


def _say(what: str) -> None:
    print(f"{what} ... ", end="", flush=True)


def _write_source(path: Path, size: int) -> None:
    """Bytes that look random, the same at every run; on the disk, so that nobody waits for them later."""
    dice = random.Random(1)
    with path.open("wb") as file:
        for _ in range(0, size, MIB):
            file.write(dice.randbytes(MIB))
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main()
