"""The registry of kinds: built-in ones, and those of installed packages (entry points `waybill.processors`)."""

from functools import cache

from base.errors import ErrorCode, Refusal
from processors.loading import load_kind
from processors.manifest import ExecutorName, Kind
from processors.plug_ins import BrokenPlugIn, find_plug_ins, load_plug_in

BUILT_IN = {
    "external": "processors.external.kind:KIND",
    "demo": "processors.demo.kind:KIND",
    "leads": "processors.leads.kind:KIND",
    "omr": "processors.omr.kind:KIND",
    "alignment": "processors.alignment.kind:KIND",
    "download": "downloads.kind:KIND",
}
"""Where the manifest of each built-in kind lies, as `module:NAME`; in the order of the inputs of the API."""


@cache
def references() -> dict[str, str]:
    """Every kind and where its manifest lies, as `module:NAME`.

    A package cannot replace a built-in kind; of two packages that bring a kind of the same name, the first by name does.
    """
    installed = {plug_in.name: plug_in.reference for plug_in in reversed(find_plug_ins())}
    return installed | BUILT_IN


def find_reference(name: str, field: str | None = None) -> str:
    """Where the manifest of the kind `name` lies; it is not loaded.

    Raises:
        Refusal: BAD_INPUT about `field` when there is no such kind.
    """
    if name not in references():
        message = f'"{name[:50]}" is no kind of work: give one of {", ".join(sorted(references()))}.'
        raise Refusal(ErrorCode.BAD_INPUT, message, field)
    return references()[name]


def find_kind(name: str, field: str | None = None) -> Kind:
    """The manifest of `name`.

    Raises:
        Refusal: BAD_INPUT about `field` when there is none, or its package is broken.
    """
    found = _load(name, find_reference(name, field))
    if isinstance(found, BrokenPlugIn):
        message = (
            f'"{name}" is installed here, but it cannot be loaded: whoever runs the server finds the reason in its log.'
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, field)
    return found


def list_kinds() -> list[Kind]:
    """The manifests of all kinds by name; a plug-in that cannot be loaded is left out."""
    found = [_load(name, reference) for name, reference in sorted(references().items())]
    return [kind for kind in found if isinstance(kind, Kind)]


def built_in_kinds() -> list[Kind]:
    """The manifests of the built-in kinds, in the order of the inputs of the API."""
    return [load_kind(reference) for reference in BUILT_IN.values()]


def kinds_of(executor: ExecutorName) -> list[Kind]:
    """Those of `list_kinds` that `executor` does."""
    return [kind for kind in list_kinds() if kind.executor is executor]


def _load(name: str, reference: str) -> Kind | BrokenPlugIn:
    return load_kind(reference) if name in BUILT_IN else load_plug_in(name, reference)
