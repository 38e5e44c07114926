"""Load manifests and processors by `module:NAME`. The name never comes from a client."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from processors.contract import AsyncProcessor, Processor
from processors.manifest import CheckReview, Kind, ListLanguages

# No logging here: every child process imports this file, and structlog would double what it imports.


def load_kind(reference: str) -> Kind:
    """The manifest at `reference`.

    Raises:
        TypeError: Something else lies there.
        ImportError, AttributeError, ValueError: Nothing does.
    """
    found = _load(reference)
    if not isinstance(found, Kind):
        raise TypeError(f"{reference} is no processors.contract.Kind: see docs/processors.md")
    return found


def load_processor(kind: Kind) -> Processor:
    """A new processor of a kind of executor CHILD. Raises as `load_kind`."""
    return cast("Processor", _load(kind.processor)())


def load_async_processor(kind: Kind) -> Callable[[], AsyncProcessor]:
    """What makes a new processor of a kind of executor ASYNC_IO, inside the loop. Raises as `load_kind`."""
    return cast("Callable[[], AsyncProcessor]", _load(kind.processor))


def check_processor(kind: Kind) -> None:
    """Import what does the work of `kind`, which another program does where it is of executor OUTSIDE.

    Raises:
        TypeError: It lacks one of the three methods.
        ImportError, AttributeError, ValueError: There is none.
    """
    if not kind.processor:
        return
    found = _load(kind.processor)
    missing = [name for name in ("plan", "process", "finish") if not callable(getattr(found, name, None))]
    if missing:
        raise TypeError(f"{kind.processor} has no {missing[0]}: see docs/processors.md")


def load_reviewer(kind: Kind) -> CheckReview:
    """The check of reviews of a kind that has one. Raises as `load_kind`."""
    return cast("CheckReview", _load(kind.reviewer))


def load_languages(kind: Kind) -> ListLanguages:
    """What tells the languages of a kind where language matters. Raises as `load_kind`."""
    return cast("ListLanguages", _load(kind.languages))


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)
