"""Processors are found by kind, among the built-in ones and the installed packages."""

import logging
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints
from types import ModuleType
from typing import ClassVar

import pytest

from base.errors import ErrorCode, Refusal
from processors import registry
from tests.workshop import Plain


class Installed(Plain):
    """One that a package brings."""

    kind: ClassVar[str] = "installed"


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the registry asked for, while three packages are installed: one works, one does not, one claims `leads`."""
    module = ModuleType("package_for_tests")
    module.Installed = Installed  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "package_for_tests", module)
    monkeypatch.setattr(registry, "BUILT_IN", {"leads": "package_for_tests:Installed"})
    asked: list[str] = []
    names = {"installed": "package_for_tests:Installed", "broken": "no_such_module:Class", "leads": "evil:Leads"}

    def entry_points(*, group: str) -> EntryPoints:
        asked.append(group)
        return EntryPoints(EntryPoint(name, value, group) for name, value in names.items())

    monkeypatch.setattr(registry, "entry_points", entry_points)
    registry.references.cache_clear()
    yield asked
    registry.references.cache_clear()


def test_an_installed_processor_is_found_by_its_kind(packages: list[str]) -> None:
    assert isinstance(registry.find_processor("installed"), Installed)
    assert registry.find_reference("installed") == "package_for_tests:Installed"
    assert packages == ["waybill.processors"]


def test_every_caller_has_a_processor_of_its_own() -> None:
    assert registry.find_processor("installed") is not registry.find_processor("installed")


def test_a_package_cannot_replace_a_built_in_kind() -> None:
    assert registry.find_reference("leads") == "package_for_tests:Installed"


def test_what_others_do_is_a_kind_and_no_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BUILT_IN", {"external": "processors.external:External"})
    registry.references.cache_clear()
    assert registry.find_kind("external").kind == "external"
    assert "external" in [kind.kind for kind in registry.list_kinds()]
    assert "external" not in [processor.kind for processor in registry.list_processors()]
    with pytest.raises(Refusal, match="is not done here"):
        registry.find_processor("external")


@pytest.mark.parametrize("kind", ["unknown", "", "os:system", "package_for_tests:Installed"])
def test_an_unknown_kind_is_refused_and_nothing_is_imported(kind: str) -> None:
    with pytest.raises(Refusal) as caught:
        registry.find_processor(kind)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert str(caught.value) == "There is no processing of this kind. Known kinds: broken, installed, leads."


def test_a_package_that_cannot_be_imported_is_left_out_of_the_list_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        listed = registry.list_processors()
    assert [isinstance(processor, Installed) for processor in listed] == [True, True]
    assert [record.getMessage() for record in caplog.records] == [
        "the processor of kind broken (no_such_module:Class) could not be loaded"
    ]
