import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, re, sys, time
sys.path.insert(0, {root!r})
from background import shutdown
from base.logging import set_up_logging

shutdown.DEADLINE_SECONDS, shutdown._KERNEL_SECONDS, shutdown._LOG_SECONDS = 0.5, 60.0, 10.0

async def run(signals):
    stop = asyncio.Event()
    signals.on_signal(stop.set)
    print("ready", flush=True)
    {work}

set_up_logging("text", "info")
signals = shutdown.Shutdown()
{start}
asyncio.run(run(signals))
"""
HAS_TIME = "shutdown.DEADLINE_SECONDS = 60.0"
LISTENS = "await stop.wait()"
HANGS = "await stop.wait(); await asyncio.sleep(60)"
IS_STUCK = "time.sleep(60)"
KEEPS_THE_INTERPRETER = "re.match('(a|a)*b', 'a' * 60)"
IGNORES_A_THREAD = "asyncio.get_running_loop().run_in_executor(None, time.sleep, 60); await stop.wait()"


def started(work: str, start: str = "") -> subprocess.Popen[str]:
    program = PROGRAM.format(root=str(ROOT), work=work, start=start)
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


STOPPING = ["stopping", "[background.shutdown]", "signal=SIGTERM"]
"""The words of the line that a program logs when it is told to end."""


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and what it logged."""
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_program_that_ends_by_itself_is_left_alone(number: signal.Signals) -> None:
    process = started(LISTENS, HAS_TIME)
    process.send_signal(number)

    code, errors = ended(process)

    assert code == 0
    assert [line.split()[3:] for line in errors.splitlines()] == [[*STOPPING[:-1], f"signal={number.name}"]]


@pytest.mark.parametrize("work", [HANGS, IS_STUCK, IGNORES_A_THREAD])
def test_whatever_hangs_is_ended_with_a_line_in_the_log(work: str) -> None:
    process = started(work)
    process.send_signal(signal.SIGTERM)
    code, errors = ended(process)

    assert code == 1
    assert errors.count("not all could be ended in time") == 1
    assert len(errors.splitlines()) == 2


def test_where_no_thread_gets_its_turn_any_more_the_kernel_ends_it() -> None:
    stuck_later = f"await stop.wait(); {KEEPS_THE_INTERPRETER}"
    process = started(stuck_later, "shutdown.DEADLINE_SECONDS, shutdown._KERNEL_SECONDS = 1.5, 2.0")
    process.send_signal(signal.SIGTERM)

    code, errors = ended(process)

    assert code == -signal.SIGALRM
    assert [line.split()[3:] for line in errors.splitlines()] == [STOPPING]


def test_a_second_signal_ends_it_at_once() -> None:
    process = started(HANGS, HAS_TIME)
    process.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    code, errors = ended(process)

    assert code == 1
    assert "told to end a second time" in errors


def test_while_it_starts_a_signal_ends_it_at_once() -> None:
    process = started(LISTENS, start="print('ready', flush=True); time.sleep(60)")
    process.send_signal(signal.SIGTERM)
    code, errors = ended(process)

    assert code == 1
    assert "stopped while it was starting" in errors


def test_a_log_that_nobody_reads_does_not_keep_it() -> None:
    process = started(f"sys.stderr.write('x' * 65_500); sys.stderr.flush(); {HANGS}", "shutdown._LOG_SECONDS = 0.2")
    process.send_signal(signal.SIGTERM)

    assert process.wait(30) == 1
    process.communicate()
