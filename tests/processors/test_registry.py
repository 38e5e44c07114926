"""The registry of kinds, built in and installed."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import JobType
from processors import loading, plug_ins, registry
from processors.contract import ExecutorName, Kind, Options, StageInfo
from tests.kinds import PLAIN

ROOT = Path(__file__).parents[2]
INSTALLED = replace(PLAIN, name="installed")
"""One that a package brings."""


class Processor:
    """Its processor, as far as it is needed here."""


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was asked for, while packages are installed: one works, some do not, one claims `leads`."""
    module = ModuleType("package_for_tests")
    module.KIND = INSTALLED  # type: ignore[attr-defined]
    module.Processor = Processor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "package_for_tests", module)
    monkeypatch.setattr(registry, "BUILT_IN", {"leads": "package_for_tests:KIND"})
    asked: list[str] = []
    names = {
        "installed": "package_for_tests:KIND",
        "broken": "no_such_module:KIND",
        "classy": "package_for_tests:Processor",
        "otherwise": "package_for_tests:KIND",
        "leads": "evil:KIND",
    }

    def entry_points(*, group: str) -> EntryPoints:
        asked.append(group)
        return EntryPoints(EntryPoint(name, value, group) for name, value in names.items())

    monkeypatch.setattr(plug_ins, "entry_points", entry_points)
    registry.references.cache_clear()
    plug_ins.load_plug_in.cache_clear()
    yield asked
    registry.references.cache_clear()
    plug_ins.load_plug_in.cache_clear()


def test_an_installed_kind_is_found_by_its_name(packages: list[str]) -> None:
    assert registry.find_kind("installed") is INSTALLED
    assert registry.find_reference("installed") == "package_for_tests:KIND"
    assert packages == ["waybill.processors"]


def test_every_caller_has_a_processor_of_its_own() -> None:
    kind = replace(INSTALLED, processor="package_for_tests:Processor")
    assert isinstance(loading.load_processor(kind), Processor)
    assert loading.load_processor(kind) is not loading.load_processor(kind)


def test_a_package_cannot_replace_a_built_in_kind() -> None:
    assert registry.find_reference("leads") == "package_for_tests:KIND"


def test_what_others_do_is_a_kind_that_no_executor_does_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "BUILT_IN", {"external": "processors.external.kind:KIND"})
    registry.references.cache_clear()
    assert registry.find_kind("external").name == "external"
    assert "external" in [kind.name for kind in registry.list_kinds()]
    for executor in (ExecutorName.CHILD, ExecutorName.ASYNC_IO):
        assert "external" not in [kind.name for kind in registry.kinds_of(executor)]


@pytest.mark.parametrize("name", ["unknown", "", "os:system", "package_for_tests:KIND"])
def test_an_unknown_kind_is_refused_and_nothing_is_imported(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        registry.find_kind(name)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert str(caught.value) == f'"{name}" is no kind of work: give one of broken, classy, installed, leads, otherwise.'


BROKEN = {
    "broken": "ModuleNotFoundError: No module named 'no_such_module'",
    "classy": "TypeError: package_for_tests:Processor is no processors.contract.Kind: see docs/processors.md",
    "otherwise": "ValueError: the entry point is called otherwise and leads to the kind installed",
}


def test_plug_ins_that_cannot_be_loaded_are_left_out_of_the_list() -> None:
    assert registry.list_kinds() == [INSTALLED, INSTALLED]  # the second is what stands for leads here


@pytest.mark.parametrize("name", BROKEN)
def test_a_plug_in_that_cannot_be_loaded_is_refused_and_its_reason_is_known(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        registry.find_kind(name, "input.kind")
    assert (caught.value.code, caught.value.field) == (ErrorCode.BAD_INPUT, "input.kind")
    assert "it cannot be loaded" in caught.value.message
    found = plug_ins.load_plug_in(name, registry.find_reference(name))
    assert isinstance(found, plug_ins.BrokenPlugIn)
    assert found.reason == BROKEN[name]


class Unspeakable(Options):
    """An option that JSON Schema has no word for."""

    call: Callable[[], int] | None = None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"job_type": JobType.DOWNLOAD}, "a plug-in is a task or a batch, and this one is a download"),
        ({"executor": ExecutorName.OUTSIDE, "processor": ""}, "what other programs do is the kind external"),
        ({"options": Unspeakable}, "Cannot generate a JsonSchema"),
    ],
)
def test_a_plug_in_that_nobody_could_use_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Exception, match=sentence):
        plug_ins.check_plug_in("installed", replace(INSTALLED, **changes))


def test_a_name_that_is_taken_is_told_with_who_has_it() -> None:
    shadowed = plug_ins.find_shadowed(registry.BUILT_IN)
    assert {plug_in.name: reason for plug_in, reason in shadowed.items()} == {
        "leads": "The name is that of a built-in kind."
    }


@pytest.mark.parametrize("missing", ["plan", "process", "finish"])
def test_a_processor_without_one_of_its_methods_is_none(missing: str) -> None:
    methods = {name: lambda: None for name in ("plan", "process", "finish") if name != missing}
    sys.modules["package_for_tests"].Half = type("Half", (), methods)  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=f"package_for_tests:Half has no {missing}"):
        loading.check_processor(replace(INSTALLED, processor="package_for_tests:Half"))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"processor": ""}, "a processor belongs to every kind"),
        ({"executor": ExecutorName.OUTSIDE}, "a processor belongs to every kind"),
        ({"stages": (StageInfo("work", "Working", 100),)}, "the stages are three"),
        ({"stages": tuple(StageInfo(name, name, 30) for name in "abc")}, "add up to 100"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(PLAIN, **changes)  # type: ignore[arg-type]


ASK_FOR_KINDS = """
import sys
import server, worker
from processors.registry import list_kinds
print(*(kind.name for kind in list_kinds()))
server.build_schema()
print(*sorted(name for name in sys.modules if name.startswith(("processors.leads.", "processors.demo."))))
print(*sorted({"python_calamine", "xlsxwriter", "phonenumbers", "cv2", "numpy", "PIL", "zxingcpp"} & set(sys.modules)))
"""


def test_programs_know_kinds_by_their_manifests_alone() -> None:
    done = subprocess.run([sys.executable, "-c", ASK_FOR_KINDS], cwd=ROOT, capture_output=True, text=True, check=True)
    kinds, modules, libraries = done.stdout.splitlines()
    assert kinds == "alignment demo download external leads omr"
    assert modules.split() == [
        "processors.demo.kind", "processors.demo.options",
        "processors.leads.countries", "processors.leads.enrichment", "processors.leads.enrichment.answers",
        "processors.leads.enrichment.enricher", "processors.leads.enrichment.steps", "processors.leads.fields", "processors.leads.kind", "processors.leads.options",
    ]  # fmt: skip
    assert libraries == ""


def kind_of(name: str) -> Kind:
    return loading.load_kind(f"processors.{name}.kind:KIND")


@pytest.mark.parametrize("name", ["demo", "leads"])
def test_the_processor_of_a_built_in_kind_is_where_its_manifest_says(name: str) -> None:
    processor = loading.load_processor(kind_of(name))
    assert {"plan", "process", "finish"} <= set(dir(processor))
