"""A folder that dev.py takes for the repository."""

import sys
from pathlib import Path

PYTHON_NAME = f"python{sys.version_info[0]}.{sys.version_info[1]}"


def site_packages(project: Path) -> Path:
    return project / ".venv" / "lib" / PYTHON_NAME / "site-packages"


BOTH_STEPS = ["Making .venv", "Fetching packages:"]
