"""Exceptions of libraries that are loaded where settings ask for them."""

import sys

Errors = tuple[type[BaseException], ...]


def errors_of(module: str, *names: str) -> Errors:
    """The exceptions `names` of a library's `module`; none while it is not loaded, when nothing can raise them.

    For `except` and `isinstance`, which look at it once something was raised.
    """
    library = sys.modules.get(module)
    return () if library is None else tuple(getattr(library, name) for name in names)
