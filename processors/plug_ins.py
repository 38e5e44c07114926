"""Plug-ins: kinds that installed packages bring, and why one cannot be used."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from base.logging import shortened
from base.words import JobType
from processors.loading import load_kind
from processors.manifest import ExecutorName, Kind
from processors.options import describe_options

ENTRY_POINT_GROUP = "waybill.processors"


@dataclass(frozen=True, slots=True)
class PlugIn:
    """One entry point: the kind `name`, whose manifest lies at `reference`; `package` is who brings it, with its version."""

    name: str
    reference: str
    package: str


@dataclass(frozen=True, slots=True)
class BrokenPlugIn:
    """Why a kind cannot be used: for the operator alone."""

    error: BaseException

    @property
    def reason(self) -> str:
        """What the error says, on one line."""
        return shortened(f"{type(self.error).__name__}: {self.error}".replace("\n", " "))


def find_plug_ins() -> list[PlugIn]:
    """Those of all installed packages, by name and package; nothing is imported."""
    found = [PlugIn(entry.name, entry.value, _package_of(entry)) for entry in entry_points(group=ENTRY_POINT_GROUP)]
    return sorted(found, key=lambda plug_in: (plug_in.name, plug_in.package))


def find_shadowed(built_in: Collection[str]) -> dict[PlugIn, str]:
    """Plug-ins that are left out because their name is taken, and by what."""
    owners = dict.fromkeys(built_in, "The name is that of a built-in kind.")
    shadowed = {}
    for plug_in in find_plug_ins():
        if plug_in.name in owners:
            shadowed[plug_in] = owners[plug_in.name]
        owners.setdefault(plug_in.name, f"{plug_in.package} brings a kind of this name, too.")
    return shadowed


@cache
def load_plug_in(name: str, reference: str) -> Kind | BrokenPlugIn:
    """The manifest of the kind `name` at `reference`, or why there is none.

    It is tried once in the life of a program: a module that fails while it is imported may have done half of its work.
    """
    try:
        return check_plug_in(name, load_kind(reference))
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a stranger's module does when it is imported
        return BrokenPlugIn(error)


def check_plug_in(name: str, kind: Kind) -> Kind:
    """`kind`, if it can be used under `name`.

    Raises:
        ValueError: Clients would not find it, nobody would do it, or its options cannot be described.
    """
    if kind.name != name:
        raise ValueError(f"the entry point is called {name} and leads to the kind {kind.name}")
    if kind.job_type not in {JobType.TASK, JobType.BATCH}:
        raise ValueError(f"a plug-in is a task or a batch, and this one is a {kind.job_type.lower()}")
    if kind.executor is ExecutorName.OUTSIDE:
        raise ValueError("what other programs do is the kind external")
    describe_options(kind)
    return kind


def _package_of(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "a package"
