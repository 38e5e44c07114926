"""The lock files work for everybody: public hosts only, and a hash for every package."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
UV_LOCK = (ROOT / "uv.lock").read_text()
REQUIREMENTS = (ROOT / "requirements.lock").read_text()


def test_lock_files_name_no_host_but_the_public_index() -> None:
    hosts = set(re.findall(r"[a-z+]+://[^/\s\"']+", UV_LOCK + REQUIREMENTS))

    assert hosts == {"https://pypi.org", "https://files.pythonhosted.org"}


def test_requirements_carry_a_hash_each_and_no_option_or_path_of_a_machine() -> None:
    entries = re.split(r"(?m)^(?=\S)", REQUIREMENTS.replace("\\\n", ""))[1:]

    assert len(entries) > 50
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.!+]+", entry), entry
        assert "--hash=sha256:" in entry


def test_requirements_are_the_packages_of_uv_lock_without_the_extras() -> None:
    packages = {package["name"]: package for package in tomllib.loads(UV_LOCK)["package"]}
    extras = packages.pop("waybill")["optional-dependencies"]
    optional = {each["name"] for extra in extras.values() for each in extra}

    assert optional == {"yt-dlp"}
    assert set(re.findall(r"(?m)^([a-z0-9-]+)==", REQUIREMENTS)) == set(packages) - optional
