"""Commands of dev.py: what they pass on and tell."""

import json
import os
from pathlib import Path
from typing import Any, NoReturn

import pytest

import dev
from tests.programs.dev.project import BOTH_STEPS, site_packages

QUICK = ["-m", "not long and not trial"]


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
    assert became(monkeypatch, "test", "-k", "tus").arguments == ["-m", "pytest", *QUICK, "-k", "tus"]
    assert became(monkeypatch, "test", "--long", "-x").arguments == ["-m", "pytest", "-m", "not trial", "-x"]
    exploring = "--hypothesis-profile=exploring"
    assert became(monkeypatch, "test", "--all", "-x").arguments == ["-m", "pytest", exploring, "-x"]


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize(("processors", "processes"), [(None, "2"), (2, "3"), (64, "4")])
def test_test_runs_side_by_side_unless_tests_are_named(
    monkeypatch: pytest.MonkeyPatch, processors: int | None, processes: str
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    how = ["-n", processes]
    assert became(monkeypatch, "test").arguments == ["-m", "pytest", *QUICK, *how]
    arguments = became(monkeypatch, "test", "--all", "--hypothesis-profile=thorough").arguments
    assert arguments == ["-m", "pytest", "--hypothesis-profile=exploring", *how, "--hypothesis-profile=thorough"]
    assert "-n" not in became(monkeypatch, "test", "tests/jobs").arguments


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
