"""The registry of resolvers: those of installed packages, then ours."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec

from base.logging import log_for
from downloads.resolving.contract import Resolver
from downloads.resolving.media.resolver import MediaResolver
from downloads.resolving.pages import PageResolver

log = log_for(__name__)

ENTRY_POINT_GROUP = "waybill.resolvers"


@cache
def load_resolvers() -> tuple[Resolver, ...]:
    """All resolvers in the order in which they are asked; an installed one that cannot be made is logged and left out."""
    return (*_installed(), *_media(), PageResolver())


def is_media_known() -> bool:
    """Whether yt-dlp is installed, which is the extra `media`."""
    return find_spec("yt_dlp") is not None


def _media() -> Iterator[Resolver]:
    if is_media_known():
        yield MediaResolver()


def _installed() -> list[Resolver]:
    """Those of the entry points, by name."""
    made: list[Resolver] = []
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        try:
            resolver = entry.load()()
            if not callable(getattr(resolver, "resolve", None)):
                raise TypeError(f"{entry.value} makes no Resolver: see docs/downloads.md")  # noqa: TRY301
            made.append(resolver)
        except Exception:
            log.exception("a resolver could not be loaded", resolver=entry.name)
    return made
