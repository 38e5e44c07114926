"""Garbage collection of a program that answers requests."""

import gc

_NEW_OBJECTS = 2_000
"""Before they are looked through: an answer with a long list has a thousand at once, of which few are left over as garbage."""


def spare_garbage_collection() -> None:
    """Call it once all is loaded: that stays, and looking through it at every collection would cost milliseconds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *gc.get_threshold()[1:])
