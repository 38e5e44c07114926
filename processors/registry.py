"""Finding a kind of work by its name: the built-in ones, and those of installed packages (group `waybill.processors`)."""

import logging
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import cast

from base.errors import ErrorCode, Refusal
from processors.contract import Kind, Processor

log = logging.getLogger(__name__)
# Not `base.logging.log_for`: every child process imports this file, and structlog would double what it imports.

BUILT_IN = {
    "demo": "processors.demo:DemoProcessor",
    "external": "processors.external:External",
    "leads": "processors.leads.processor:LeadsProcessor",
}
"""Where each built-in kind lies, as `module:Class`; imported when it is asked for, since some are large."""
ENTRY_POINT_GROUP = "waybill.processors"


@cache
def references() -> dict[str, str]:
    """Every kind and its `module:Class`. A package cannot replace a built-in kind."""
    installed = {entry.name: entry.value for entry in entry_points(group=ENTRY_POINT_GROUP)}
    return installed | BUILT_IN


def find_reference(kind: str) -> str:
    """The `module:Class` of `kind`, for a child process to load. Raises Refusal BAD_INPUT when there is none."""
    try:
        return references()[kind]
    except KeyError:
        known = ", ".join(sorted(references()))
        raise Refusal(ErrorCode.BAD_INPUT, f"There is no processing of this kind. Known kinds: {known}.") from None


def find_kind(kind: str) -> Kind:
    """What `kind` is called and takes. Raises Refusal BAD_INPUT when there is none."""
    return load_kind(find_reference(kind))


def find_processor(kind: str) -> Processor:
    """A new processor of `kind`. Raises Refusal BAD_INPUT when there is none, or it is done elsewhere."""
    found = find_kind(kind)
    if not isinstance(found, Processor):
        raise Refusal(ErrorCode.BAD_INPUT, f"Work of kind {kind} is not done here.")
    return found


def list_kinds() -> list[Kind]:
    """All kinds by name; an installed one that cannot be imported is logged and left out."""
    found = []
    for kind, reference in sorted(references().items()):
        try:
            found.append(load_kind(reference))
        except Exception:
            log.exception("the processor of kind %s (%s) could not be loaded", kind, reference)
    return found


def list_processors() -> list[Processor]:
    """Those of `list_kinds` that are done here."""
    return [kind for kind in list_kinds() if isinstance(kind, Processor)]


def load_kind(reference: str) -> Kind:
    """A new instance of the class at `module:Class`; `reference` must come from this table, never from a client.

    Raises ImportError, AttributeError or ValueError when it is not there.
    """
    module, _, name = reference.partition(":")
    return cast("Kind", getattr(import_module(module), name)())


def load_processor(reference: str) -> Processor:
    """As `load_kind`, for a processor."""
    return cast("Processor", load_kind(reference))
