"""Skips of tests without their program, and locked packages."""

import json
import re
import sys
from pathlib import Path

import pytest

from tests.clients.programs import FOLDER, program_or_skip


def test_path_of_a_program_is_where_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    python = Path(sys.executable)
    monkeypatch.setenv("PATH", str(python.parent))
    assert program_or_skip("no-such-program", also=(python.name,)) == str(python)


@pytest.mark.parametrize("required", ["", "node", "no-such"])
def test_missing_program_skips_the_test_with_a_sentence(monkeypatch: pytest.MonkeyPatch, required: str) -> None:
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", required)
    with pytest.raises(pytest.skip.Exception, match="This test needs no-such-program: install it"):
        program_or_skip("no-such-program")


@pytest.mark.parametrize(("required", "required_as"), [("redis, no-such-program", ""), ("redis, node", "node")])
def test_missing_program_that_is_required_fails_the_test(
    monkeypatch: pytest.MonkeyPatch, required: str, required_as: str
) -> None:
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", required)
    with pytest.raises(pytest.fail.Exception, match="This test needs no-such-program"):
        program_or_skip("no-such-program", required_as)


def test_the_lock_file_names_no_host_but_the_public_registry_and_a_hash_for_every_package() -> None:
    text = (FOLDER / "package-lock.json").read_text()
    hosts = set(re.findall(r'"resolved": "([a-z+]+://[^/"]+)', text))
    assert hosts == {"https://registry.npmjs.org"}
    packages = [package for path, package in json.loads(text)["packages"].items() if path]
    assert len(packages) > 50
    assert all(package["integrity"].startswith("sha512-") for package in packages)
