"""Fixtures: dev.py in a folder of its own, where nothing is installed."""

import sys
from pathlib import Path

import pytest

import dev
from tests.programs.dev.project import site_packages


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
