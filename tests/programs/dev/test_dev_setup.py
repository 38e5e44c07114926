"""dev.py: when it makes .venv anew, what it says when something fails, and what it passes on; nothing is installed here."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import NoReturn

import pytest

import dev
from tests.programs.dev.project import BOTH_STEPS, site_packages

REPOSITORY = Path(__file__).parents[3]


def test_second_set_up_does_nothing(steps: list[str]) -> None:
    dev.set_up()
    dev.set_up()

    assert steps == BOTH_STEPS


def change_lock(project: Path) -> None:
    (project / "requirements.lock").write_text("aiohttp==1.1\n")


def lose_package(project: Path) -> None:
    (site_packages(project) / "aiohttp").rmdir()


def lose_python(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python")


def lose_stamp(project: Path) -> None:
    (project / ".venv" / "complete.json").unlink()


def halve_stamp(project: Path) -> None:
    stamp = project / ".venv" / "complete.json"
    stamp.write_text(stamp.read_text()[:40])


def replace_stamp(project: Path) -> None:
    (project / ".venv" / "complete.json").write_text("[]")


@pytest.mark.parametrize("damage", [change_lock, lose_package, lose_python, lose_stamp, halve_stamp, replace_stamp])
def test_changed_or_damaged_environment_is_made_anew(
    project: Path, steps: list[str], damage: Callable[[Path], None]
) -> None:
    dev.set_up()
    damage(project)
    dev.set_up()

    assert steps == BOTH_STEPS * 2
    assert dev.is_complete()


@pytest.mark.usefixtures("project")
def test_other_python_makes_the_environment_anew(steps: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    dev.set_up()
    monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
    dev.set_up()

    assert steps == BOTH_STEPS * 2


def test_failed_step_leaves_nothing_that_is_taken_as_complete(
    project: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.set_up()
    change_lock(project)

    def fail(_lock: int, _title: str, *_command: str) -> NoReturn:
        raise dev.Stop("No network.")

    monkeypatch.setattr(dev, "install_step", fail)
    with pytest.raises(dev.Stop):
        dev.set_up()

    assert not dev.is_complete()
    assert not (project / ".venv" / "complete.json").exists()
    assert steps == BOTH_STEPS


def test_second_set_up_waits_for_the_first_and_says_so(
    project: Path, steps: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with (project / "dev.py").open("rb") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        second = Thread(target=dev.set_up)
        second.start()
        time.sleep(0.2)
        assert steps == []
    second.join(30)

    assert steps == BOTH_STEPS
    assert capsys.readouterr().out.startswith("Another set-up is running, waiting...\n")


def test_killed_set_up_keeps_its_lock_until_the_program_it_started_has_ended(project: Path) -> None:
    script = "import sys, dev; dev.__file__ = sys.argv[1]\nwith dev.one_set_up() as lock: dev.install_step(lock, '', 'sleep', '60')"
    with subprocess.Popen([sys.executable, "-c", script, str(project / "dev.py")], cwd=REPOSITORY) as process:
        sleeping = pid_of_sleep(process.pid)
        process.send_signal(signal.SIGKILL)
    with (project / "dev.py").open("rb") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        began = time.monotonic()
        os.kill(sleeping, signal.SIGKILL)
        fcntl.flock(file, fcntl.LOCK_EX)

    assert time.monotonic() - began < 30


def pid_of_sleep(parent: int) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = subprocess.run(["pgrep", "-P", str(parent), "sleep"], capture_output=True, check=False).stdout
        if found:
            return int(found)
        time.sleep(0.02)
    pytest.fail("The step was not started.")


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("The virtual environment was not created because ensurepip is not available", "apt install python3-venv"),
        ("/usr/bin/python3: No module named venv", "apt install python3-venv"),
        ("NewConnectionError: Failed to establish a new connection", "The package index cannot be reached."),
        ("No matching distribution found for aiohttp (from versions: none)", "The package index cannot be reached."),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "PIP_CERT"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
            "differs from what requirements.lock names",
        ),
        ("something else", "Making it failed: something else"),
    ],
)
@pytest.mark.usefixtures("project")
def test_failure_of_a_step_is_told_as_what_to_do(said: str, advice: str) -> None:
    with pytest.raises(dev.Stop) as stop:
        dev.install_step(sys.stdout.fileno(), "Making it", "sh", "-c", 'echo "$1"; exit 3', "sh", said)

    assert advice in str(stop.value)
    assert "\n" not in str(stop.value)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def set_up() -> NoReturn:
        raise error

    return set_up


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (dev.Stop("Do this."), 1, "dev.py: Do this.\n"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "dev.py: The disk is full."),
        (PermissionError(errno.EACCES, "Permission denied", "/x"), 1, "dev.py: Nothing can be written to"),
        (FileNotFoundError(errno.ENOENT, "No such file", "/x"), 1, "dev.py: [Errno 2] No such file: '/x'\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
@pytest.mark.usefixtures("project")
def test_no_failure_shows_a_traceback(
    error: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "set_up", raising(error))

    assert dev.main(["setup"]) == status
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(said)
    assert output.err.count("\n") == (1 if said else 0)


def test_older_python_gets_one_sentence() -> None:
    script = "import runpy, sys; sys.version_info = (3, 6, 8); runpy.run_path('dev.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("dev.py: Waybill needs Python 3.11 or later")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_overview_names_every_command_and_sets_nothing_up(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "set_up", raising(AssertionError()))

    assert dev.main(arguments) == 0
    shown = capsys.readouterr().out
    assert all(f"python3 dev.py {name}" in shown for name in dev.COMMANDS)


def test_unknown_command_is_status_2_and_sets_nothing_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "set_up", raising(AssertionError()))

    assert dev.main(["tset"]) == 2
    assert capsys.readouterr().err.startswith("dev.py has no command tset.\n")


def test_environment_of_the_caller_is_cleaned_of_all_but_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_USER", "UV_INDEX_URL", "PYTEST_ADDOPTS", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "strange")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY", "HTTPS_PROXY", "UV_CACHE_DIR"):
        monkeypatch.setenv(name, "kept")
    environment = dev.clean_environment()

    assert {name: value for name, value in environment.items() if value == "strange"} == {}
    assert sum(value == "kept" for value in environment.values()) == 6
    assert environment["PIP_USER"] == "0"
