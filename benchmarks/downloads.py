"""Fetching files: the engine beside curl and aria2c, and the product.

One file of 2 GiB over one connection, and 2,000 files of 100 KB over two, from an nginx of this machine; the small ones also from
one whose every answer waits for 20 ms. The targets: the large file at least as fast as aria2c and 0.45 times as fast as curl, the small
ones at least 300 a second and, with 20 ms, at least as fast as aria2c; at most 80 MB above idle. The engine computes the SHA-256 of all that
it fetches, and sees to it that it is on the disk; curl and aria2c do neither.

Then the same files through the API of a server with one worker, the small ones as two listings of 1,000: first watched by
nobody, then by 10 subscribers of `downloadUpdated` for each download. The time is that from the mutation to the end of the last job.

    python -m benchmarks.downloads [--quick]     --quick: small sizes, to try it out
"""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fetching.origin import running_nginx, write_files
from benchmarks.fetching.product import Run, running_product
from benchmarks.machine import describe_machine, stolen_seconds

ROOT = Path(__file__).resolve().parents[1]
GIB = 2**30
PER_HOST = 2
ROUNDS, QUICK_ROUNDS = 3, 1
FREE_BYTES = 6 * GIB
SMALL_BYTES = 100_000
LISTINGS = 2
"""Over which the small files are spread for the product: a download takes 1,000 files of one."""
SUBSCRIBERS = (0, 10)
ENGINE = "Waybill"


@dataclass(frozen=True)
class Load:
    """What is fetched: so many files of `path`, of so many bytes."""

    title: str
    paths: tuple[str, ...]
    size_bytes: int

    @property
    def total_bytes(self) -> int:
        return len(self.paths) * self.size_bytes


@dataclass(frozen=True)
class Figures:
    """What one program needed for one load; the peak of memory is known of ours alone, which reads it by itself."""

    seconds: float
    cpu_seconds: float
    peak_mb: float

    def speed(self, load: Load) -> float:
        """Megabytes a second of one file, files a second of many."""
        return (load.total_bytes / 1e6 if len(load.paths) == 1 else len(load.paths)) / self.seconds


@dataclass(frozen=True)
class ProductLoad:
    """What the product is given: URLs that lead to so many files, and the load of the engine that has the same bytes."""

    load: Load
    paths: tuple[str, ...]


Command = Callable[[Path, Path, int], list[str]]


def waybill(urls: Path, folder: Path, _files: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.fetching.engine", str(urls), str(folder)]


def curl(urls: Path, folder: Path, files: int) -> list[str]:
    config = urls.with_suffix(".curl")
    config.write_text("".join(f'url = "{url}"\nremote-name\n' for url in urls.read_text("utf-8").split()))
    parallel = ["-Z", "--parallel-max", str(PER_HOST)] if files > 1 else []
    return ["curl", "-s", "--stderr", "/dev/null", "--fail", *parallel, "--output-dir", str(folder), "-K", str(config)]


def aria2c(urls: Path, folder: Path, files: int) -> list[str]:
    at_once = PER_HOST if files > 1 else 1
    options = f"-q --no-conf -x1 -s1 -j{at_once} --file-allocation=none --allow-overwrite=true --deferred-input=false"
    return ["aria2c", *options.split(), "-d", str(folder), "-i", str(urls)]


PROGRAMS: dict[str, Command] = {ENGINE: waybill, "curl": curl, "aria2c": aria2c}


def main() -> None:
    """Run it and print the figures."""
    is_quick = "--quick" in sys.argv[1:]
    if sys.platform != "linux":
        sys.exit("downloads: what a process takes is read from Linux alone.")
    if missing := [name for name in ("curl", "aria2c") if shutil.which(name) is None]:
        sys.exit(f"downloads: install {' and '.join(missing)} to run this benchmark.")
    large_bytes, small = (64 * 2**20, 200) if is_quick else (2 * GIB, 2_000)
    rounds = QUICK_ROUNDS if is_quick else ROUNDS
    note = ", too small to say much" if is_quick else ""
    print(f"downloads: the engine beside curl and aria2c, {rounds} rounds{note}\n{describe_machine()}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if shutil.disk_usage(folder).free < FREE_BYTES:
            sys.exit(
                f"downloads: {folder} needs {FREE_BYTES / GIB:.0f} GiB of room; set TMPDIR to a folder that has it."
            )
        write_files(folder / "site", large_bytes, small, SMALL_BYTES, LISTINGS)
        names = [f"small-{number}" for number in range(small)]
        loads = (
            Load(f"one file of {large_bytes / GIB:g} GiB", ("/large",), large_bytes),
            Load(f"{small:,} files of 100 KB", tuple(f"/{each}" for each in names), SMALL_BYTES),
            Load(f"{small:,} files of 100 KB, 20 ms", tuple(f"/slow/{each}" for each in names), SMALL_BYTES),
        )
        listings = tuple(f"/listing-{number}/" for number in range(LISTINGS))
        products = (
            ProductLoad(loads[0], loads[0].paths),
            ProductLoad(loads[1], listings),
            ProductLoad(loads[2], tuple(f"/slow{path}" for path in listings)),
        )
        asyncio.run(_run(folder, loads, products, rounds))


async def _run(folder: Path, loads: tuple[Load, ...], products: tuple[ProductLoad, ...], rounds: int) -> None:
    stolen_before = stolen_seconds()
    idle = await _measure(PROGRAMS[ENGINE], folder, Load("nothing", (), 0), "")
    found: dict[str, dict[str, list[Figures]]] = {load.title: {name: [] for name in PROGRAMS} for load in loads}
    async with running_nginx(folder) as address:
        for number in range(rounds):
            for load in loads:
                names = list(PROGRAMS)
                for name in names[number % len(names) :] + names[: number % len(names)]:
                    figures = await _measure(PROGRAMS[name], folder, load, address)
                    print(f"round {number + 1}, {load.title}: {name} {figures.speed(load):,.0f}", flush=True)
                    found[load.title][name].append(figures)
        runs = await _run_product(folder, address, products, rounds)
    print(f"load of the machine over the last minutes: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    print(f"CPU time that its host kept from it meanwhile: {stolen_seconds() - stolen_before:.1f} s\n")
    _print_table(loads, found, idle)
    _print_products(products, runs, found)


async def _run_product(
    folder: Path, address: str, products: tuple[ProductLoad, ...], rounds: int
) -> dict[tuple[str, int], list[Run]]:
    """For each load and number of subscribers what the product needed, each time."""
    runs: dict[tuple[str, int], list[Run]] = {}
    for number in range(rounds):
        for given in products:
            for subscribers in SUBSCRIBERS if number % 2 == 0 else SUBSCRIBERS[::-1]:
                async with running_product(folder) as product:
                    run = await product.fetch([f"{address}{path}" for path in given.paths], subscribers)
                if (run.files, run.size_bytes) != (len(given.load.paths), given.load.total_bytes):
                    sys.exit(f"downloads: the product fetched {run.files} files, {run.size_bytes:,} bytes: {run.ended}")
                print(
                    f"round {number + 1}, {given.load.title}: the API, {subscribers} watch: {run.seconds:.1f} s",
                    flush=True,
                )
                runs.setdefault((given.load.title, subscribers), []).append(run)
    return runs


async def _measure(command: Command, folder: Path, load: Load, address: str) -> Figures:
    """Run a program, see that everything came, and throw it away."""
    urls, target = folder / "urls.txt", folder / "fetched"
    urls.write_text("".join(f"{address}{path}\n" for path in load.paths))
    target.mkdir()
    os.sync()
    try:
        return await asyncio.to_thread(_run_program, command(urls, target, len(load.paths)), target, load)
    finally:
        shutil.rmtree(target)


def _run_program(command: list[str], target: Path, load: Load) -> Figures:
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    said = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak = time.monotonic() - began, 0
    if said:  # its start is not what is measured: a worker runs already
        told = json.loads(said)
        seconds, peak = told["seconds"], told["peak_bytes"]
    came = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    if process.returncode or came < load.total_bytes:
        sys.exit(f"downloads: {command[0]} ended with {process.returncode} and {came:,} bytes.")
    return Figures(seconds, usage.ru_utime + usage.ru_stime, peak / 1e6)


def _print_table(loads: tuple[Load, ...], found: dict[str, dict[str, list[Figures]]], idle: Figures) -> None:
    print("| | unit | " + " | ".join(PROGRAMS) + " | of curl | of aria2c | CPU s | MB above idle |")
    print("|---|---|" + "---|" * (len(PROGRAMS) + 4))
    for load in loads:
        speeds = {
            name: statistics.median(each.speed(load) for each in rows) for name, rows in found[load.title].items()
        }
        ours = found[load.title][ENGINE]
        cpu = statistics.median(each.cpu_seconds for each in ours) - idle.cpu_seconds
        peak = max(each.peak_mb for each in ours) - idle.peak_mb
        ratios = " | ".join(f"{speeds[ENGINE] / speeds[name]:.2f}" for name in ("curl", "aria2c"))
        unit = "MB/s" if len(load.paths) == 1 else "files/s"
        row = " | ".join(f"{speed:,.0f}" for speed in speeds.values())
        print(f"| {load.title} | {unit} | {row} | {ratios} | {cpu:.1f} | {peak:.0f} |")


def _print_products(
    products: tuple[ProductLoad, ...],
    runs: dict[tuple[str, int], list[Run]],
    found: dict[str, dict[str, list[Figures]]],
) -> None:
    print("\n| through the API | subscribers | unit | speed | of the engine | CPU s | MB above idle | messages |")
    print("|---|---|---|---|---|---|---|---|")
    for load in (each.load for each in products):
        engine = statistics.median(each.speed(load) for each in found[load.title][ENGINE])
        for subscribers in SUBSCRIBERS:
            some = runs[load.title, subscribers]
            seconds, cpu = (
                statistics.median(getattr(run, name) for run in some) for name in ("seconds", "cpu_seconds")
            )
            speed = Figures(seconds, cpu, 0.0).speed(load)
            unit = "MB/s" if len(load.paths) == 1 else "files/s"
            peak, messages = max(run.peak_mb for run in some), statistics.median(run.messages for run in some)
            print(
                f"| {load.title} | {subscribers} | {unit} | {speed:,.0f} | {speed / engine:.2f} | {cpu:.1f} | {peak:.0f} "
                f"| {messages:,.0f} |"
            )


if __name__ == "__main__":
    main()
