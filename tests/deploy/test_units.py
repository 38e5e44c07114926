"""The units and settings in docs/deploy: systemd understands them, and every setting that they name is one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.unsafe_settings import unsafe_settings
from base.settings import PREFIX, Settings
from base.settings_reading import load_settings
from client.server_process import ROOT
from tests.clients.programs import program_or_skip
from tests.deploy.proxies import SAMPLES

UNITS = sorted(path for path in SAMPLES.iterdir() if path.suffix in {".service", ".timer"})
PROGRAM = "/opt/waybill/.venv/bin/python"


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    program = program_or_skip("systemd-analyze")
    (tmp_path / "python").symlink_to(sys.executable)
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, str(tmp_path / "python")))
    command = [program, "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("sample", [path for path in SAMPLES.iterdir() if path.is_file()], ids=lambda path: path.name)
def test_every_setting_that_is_named_is_one(sample: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}

    assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", sample.read_text())) <= known


def test_the_settings_can_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lines = [
        line.split("=", 1) for line in (SAMPLES / "waybill.env").read_text().splitlines() if line.startswith(PREFIX)
    ]
    monkeypatch.chdir(tmp_path)
    for name, value in lines:
        monkeypatch.setenv(name, value)
    settings = load_settings()

    assert len(lines) >= 8
    assert (settings.public_url, settings.workers) == ("https://files.example.com", 0)
    assert unsafe_settings(settings) == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_unit_starts_a_program_that_is_there(unit: Path) -> None:
    (name,) = re.findall(r"(?m)^ExecStart=.*\.venv/bin/python (\w+\.py)", unit.read_text())

    assert (ROOT / name).is_file()


def test_every_sample_is_in_the_documentation() -> None:
    named = set(re.findall(r"\]\(deploy/([\w.-]+)\)", (ROOT / "docs" / "deploy.md").read_text()))

    assert named == {path.name for path in SAMPLES.iterdir()}
