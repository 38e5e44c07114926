"""Plug-ins, as an operator is told of them."""

from base.logging import log_for
from processors.loading import check_processor
from processors.plug_ins import BrokenPlugIn, PlugIn, find_plug_ins, find_shadowed, load_plug_in
from processors.registry import BUILT_IN

log = log_for(__name__)


def log_plug_ins() -> None:
    """Say at the start of a program which plug-ins there are, and which of them are left out."""
    shadowed = find_shadowed(BUILT_IN)
    for plug_in in find_plug_ins():
        if plug_in in shadowed:
            log.warning("plug_in_left_out", kind=plug_in.name, package=plug_in.package, reason=shadowed[plug_in])
        elif isinstance(found := load_plug_in(plug_in.name, plug_in.reference), BrokenPlugIn):
            log.error("plug_in_broken", kind=plug_in.name, package=plug_in.package, exc_info=found.error)
        else:
            log.info("plug_in", kind=plug_in.name, package=plug_in.package)


def check_plug_ins() -> list[str]:
    """A sentence for each plug-in that cannot be used; what does its work is imported, too, as a worker does."""
    shadowed = find_shadowed(BUILT_IN)
    problems = {plug_in: shadowed.get(plug_in) or _problem_of(plug_in) for plug_in in find_plug_ins()}
    return [
        f"The kind {plug_in.name} of {plug_in.package} cannot be used: {problem}"
        for plug_in, problem in problems.items()
        if problem
    ]


def _problem_of(plug_in: PlugIn) -> str | None:
    found = load_plug_in(plug_in.name, plug_in.reference)
    if isinstance(found, BrokenPlugIn):
        return found.reason
    try:
        check_processor(found)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a stranger's module does when it is imported
        return BrokenPlugIn(error).reason
    return None
