"""structlog without rich, which nothing here prints tracebacks with."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _absent(library: str) -> Iterator[None]:
    """Let what is imported in the block find that `library` is not installed, where nobody has loaded it before."""
    is_free = library not in sys.modules
    if is_free:
        sys.modules[library] = None  # type: ignore[assignment]  # Python's own way to say so
    try:
        yield
    finally:
        if is_free:
            del sys.modules[library]


with _absent("rich"):  # structlog loads it where it is installed, with 65 modules
    import structlog as structlog  # noqa: PLC0414  handed on
