"""The machine of a benchmark, and the resources of its processes."""

import asyncio
import os
import platform
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


def describe_machine() -> str:
    """One line: cores, processor, memory, Python."""
    memory = os.sysconf("SC_PHYS_PAGES") * _PAGE_BYTES / 2**30
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def stolen_seconds() -> float:
    """CPU seconds, of all cores since the machine started, that its host gave to others while we could have used them."""
    with suppress(OSError, LookupError):
        return int(Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[8]) / _TICKS
    return 0.0


def pin_to_first_core(pid: int) -> None:
    """Keep a process, with all of its threads, on the first core; its load then has the others. Linux only."""
    if _has_cores():
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {0})


def keep_off_first_core() -> None:
    """Leave the first core to the server that is measured. Linux only."""
    if _has_cores():
        os.sched_setaffinity(0, range(1, os.cpu_count() or 1))


@asynccontextmanager
async def pinned_program(
    name: str, command: Sequence[str], environment: Mapping[str, str]
) -> AsyncIterator[tuple[int, str]]:
    """A server on the first core that prints its port: its process id, and where it answers. Settings of Waybill are its own."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("WAYBILL_")}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=PIPE, env={**inherited, **environment}, limit=2**20
    )
    try:
        assert process.stdout is not None  # noqa: S101  it was started with a pipe
        while not (line := (await process.stdout.readline()).decode()).strip().isdecimal():
            if not line:
                sys.exit(f"{name} did not start.")
        pin_to_first_core(process.pid)
        yield process.pid, f"http://127.0.0.1:{line.strip()}"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _has_cores() -> bool:
    return hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1


@dataclass
class Usage:
    """What a process tree took while it was watched."""

    peak_bytes: int = 0
    cpu_seconds: float = 0.0


@asynccontextmanager
async def watched(pid: int, interval_seconds: float = 0.05) -> AsyncIterator[Usage]:
    """Sample the resident memory (all processes together) and the CPU time of `pid` and its children. Linux only."""
    usage = Usage()
    began = _cpu_seconds(pid)
    task = asyncio.create_task(_sample(pid, usage, interval_seconds))
    try:
        yield usage
    finally:
        task.cancel()
        usage.cpu_seconds = _cpu_seconds(pid) - began


async def _sample(pid: int, usage: Usage, interval_seconds: float) -> None:
    while True:
        resident = sum(resident_bytes(member) for member in family(pid))
        usage.peak_bytes = max(usage.peak_bytes, resident)
        await asyncio.sleep(interval_seconds)


def family(pid: int) -> list[int]:
    """`pid` and all of its descendants."""
    members = [pid]
    for member in members:
        with suppress(OSError):
            for task in Path(f"/proc/{member}/task").iterdir():
                members.extend(int(child) for child in (task / "children").read_text(encoding="ascii").split())
    return members


def resident_bytes(pid: int) -> int:
    """Resident memory of one process; 0 where it is not known."""
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE_BYTES
    return 0


def peak_bytes() -> int:
    """Peak of this process's own resident memory. Linux only.

    getrusage will not do: a program starts with the peak of the process that started it (setmax_mm_hiwater_rss in exec).
    """
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def _cpu_seconds(pid: int) -> float:
    """Of the whole family: of the living, and of the children that have ended and were waited for."""
    total = 0.0
    for member in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / _TICKS
    return total
