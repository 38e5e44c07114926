"""dev.py: when it makes .venv anew, what it says when something fails, and what it passes on; nothing is installed here."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any, NoReturn

import pytest

import dev

REPOSITORY = Path(__file__).parents[2]
PYTHON_NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a space in its name that dev.py takes for the repository, with a lock file and nothing else."""
    root = tmp_path / "way bill"
    root.mkdir()
    (root / "requirements.lock").write_text("aiohttp==1.0 \\\n    --hash=sha256:00\norjson==2.0\n")
    (root / "dev.py").touch()
    monkeypatch.setattr(dev, "__file__", str(root / "dev.py"))
    for name, path in {
        "ROOT": ".",
        "VENV": ".venv",
        "PYTHON": ".venv/bin/python",
        "STAMP": ".venv/complete.json",
        "LOCK": "requirements.lock",
        "SDL": "schema.graphql",
    }.items():
        monkeypatch.setattr(dev, name, root / path)
    monkeypatch.chdir(root)
    return root


def site_packages(project: Path) -> Path:
    return project / ".venv" / "lib" / PYTHON_NAME / "site-packages"


@pytest.fixture
def steps(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The steps of the set-up, as they are done; each leaves what the real one leaves."""
    done: list[str] = []

    def install_step(_lock: int, title: str, *_command: str) -> None:
        done.append(title)
        if title == "Making .venv":
            (project / ".venv" / "bin").mkdir(parents=True)
            (project / ".venv" / "bin" / "python").symlink_to(sys.executable)
            (site_packages(project) / "pip").mkdir(parents=True)
        else:
            (site_packages(project) / "aiohttp").mkdir()

    monkeypatch.setattr(dev, "install_step", install_step)
    return done


BOTH_STEPS = ["Making .venv", "Fetching packages:"]


def test_second_set_up_does_nothing_in_less_than_a_tenth_of_a_second(steps: list[str]) -> None:
    dev.set_up()
    began = time.perf_counter()
    dev.set_up()

    assert time.perf_counter() - began < 0.1
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
    second.join(5)

    assert steps == BOTH_STEPS
    assert capsys.readouterr().out.startswith("Another set-up is running, waiting...\n")


def test_killed_set_up_keeps_its_lock_until_the_program_it_started_has_ended(project: Path) -> None:
    script = "import sys, dev; dev.__file__ = sys.argv[1]\nwith dev.one_set_up() as lock: dev.install_step(lock, '', 'sleep', '1')"
    with subprocess.Popen([sys.executable, "-c", script, str(project / "dev.py")], cwd=REPOSITORY) as process:
        wait_for_sleep(process.pid)
        process.send_signal(signal.SIGKILL)
    with (project / "dev.py").open("rb") as file:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        began = time.monotonic()
        fcntl.flock(file, fcntl.LOCK_EX)

    assert time.monotonic() - began < 5


def wait_for_sleep(pid: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if subprocess.run(["pgrep", "-P", str(pid), "sleep"], capture_output=True, check=False).returncode == 0:
            return
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


class Became(Exception):  # noqa: N818
    """In place of becoming another program."""

    def __init__(self, _program: str, arguments: list[str], environment: dict[str, str]) -> None:
        super().__init__()
        self.arguments = arguments[1:]
        self.environment = environment


def became(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Became:
    """What dev.py goes on as when it is called with `arguments`."""

    def execve(*given: Any) -> NoReturn:
        raise Became(*given)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(Became) as caught:
        dev.main(list(arguments))
    return caught.value


@pytest.mark.usefixtures("steps")
def test_test_leaves_the_long_tests_out_unless_all_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert became(monkeypatch, "test", "-k", "tus").arguments == ["-m", "pytest", "-m", "not long", "-k", "tus"]
    assert became(monkeypatch, "test", "--all", "-x").arguments == ["-m", "pytest", "-x"]


@pytest.mark.usefixtures("steps")
def test_test_has_a_home_of_its_own_and_no_settings_of_the_caller(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent")
    monkeypatch.setenv("WAYBILL_PORT", "1")
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", "redis")
    environment = became(monkeypatch, "test").environment

    assert environment["HOME"] == str(project / ".venv" / "home")
    assert Path(environment["HOME"]).is_dir()
    assert "WAYBILL_PORT" not in environment
    assert environment["WAYBILL_TEST_REQUIRE"] == "redis"


@pytest.mark.usefixtures("steps")
def test_run_passes_settings_and_arguments_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "1")
    program = became(monkeypatch, "run", "--check")

    assert program.arguments == ["server.py", "--check"]
    assert program.environment["WAYBILL_PORT"] == "1"


@pytest.mark.usefixtures("steps")
def test_demo_takes_a_file_from_where_the_caller_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = became(monkeypatch, "demo", "--keep", "--file", "mine.csv").arguments

    assert arguments == ["-m", "client.demo", "--keep", "--file", str(tmp_path / "mine.csv")]


@pytest.mark.usefixtures("steps")
def test_a_backup_is_written_to_where_the_caller_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = became(monkeypatch, "run", "--backup", "mine").arguments

    assert arguments == ["server.py", "--backup", str(tmp_path / "mine")]


def test_check_tells_each_step_and_what_the_failed_ones_said(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> NoReturn:
        raise dev.Stop("Line 3 is wrong.")

    assert dev.report({"types": fail, "lint": lambda: None}, 2, "Repair it.") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["types", "lint"]
    assert [line.split()[-1] for line in lines[:2]] == ["FAILED", "ok"]
    assert lines[2:] == ["", "--- types", "Line 3 is wrong.", "", "Failed: types. Repair it."]


def test_check_of_the_schema_fails_when_the_code_prints_another(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "said_by", lambda *_arguments: "type Query\n")
    with pytest.raises(dev.Stop):
        dev.check_schema()
    (project / "schema.graphql").write_text("type Query\n")
    dev.check_schema()


def test_check_of_the_names_finds_a_package_that_brings_one_of_ours(project: Path, steps: list[str]) -> None:
    dev.set_up()
    (project / "schema").mkdir()
    (project / "schema" / "__init__.py").touch()
    dev.check_names()
    (site_packages(project) / "schema.py").touch()

    with pytest.raises(dev.Stop, match="schema"):
        dev.check_names()
    assert steps == BOTH_STEPS


def test_check_of_the_lock_files_refuses_another_host(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requirements = (project / "requirements.lock").read_text()
    monkeypatch.setattr(dev, "said_by", lambda *_arguments: requirements)
    (project / "uv.lock").write_text('source = { registry = "https://pypi.org/simple" }\n')
    dev.check_lock()
    (project / "uv.lock").write_text('source = { registry = "https://mirror.example/simple" }\n')

    with pytest.raises(dev.Stop, match=r"https://mirror\.example"):
        dev.check_lock()


def test_benchmark_that_does_not_exist_is_told_with_those_that_do(project: Path) -> None:
    (project / "benchmarks").mkdir()
    (project / "benchmarks" / "uploads.py").touch()

    with pytest.raises(dev.Stop, match="The benchmarks are: uploads"):
        dev.bench(["nosuch"])


def test_stamp_names_what_was_installed(project: Path, steps: list[str]) -> None:
    dev.set_up()

    assert json.loads((project / ".venv" / "complete.json").read_text())["entries"] == ["aiohttp", "pip"]
    assert steps == BOTH_STEPS
