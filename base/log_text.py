"""Log lines as text for people: time, level, event, module, then names and values."""

from typing import Any

from base.plain_structlog import structlog

_EVENT_WIDTH = 30
"""Shorter events are padded to it, so that the values of most lines stand below each other."""
_QUOTED = frozenset(" =\"'")
_DIM, _BOLD, _BLUE, _CYAN, _MAGENTA = "\x1b[2m", "\x1b[1m", "\x1b[34m", "\x1b[36m", "\x1b[35m"
_LEVELS = {"debug": "\x1b[32m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_END = "\x1b[0m"


class TextRenderer:
    """The last processor of the log: an event as one line, with its traceback below."""

    def __init__(self, *, has_colors: bool) -> None:
        self._styled = _colored if has_colors else _uncolored

    def __call__(self, _logger: object, _method: str, event: structlog.typing.EventDict) -> str:
        styled, level = self._styled, event.pop("level")
        words = [
            styled(_DIM, event.pop("timestamp")),
            f"[{styled(_LEVELS.get(level, _BOLD), f'{level:<9}')}]",
            styled(_BOLD, f"{event.pop('event'):<{_EVENT_WIDTH}}"),
            f"[{styled(_BLUE, event.pop('logger'))}]",
        ]
        below = [event.pop("exception")] if "exception" in event else []
        words += [f"{styled(_CYAN, name)}={styled(_MAGENTA, _shown(event[name]))}" for name in sorted(event)]
        return "\n".join([" ".join(words), *below])


def _shown(value: Any) -> str:
    """In quotes, and without a line break, where it would not be seen otherwise where it begins and ends."""
    if type(value) is str:
        return value if value.isprintable() and _QUOTED.isdisjoint(value) else repr(value)
    return repr(value)


def _colored(style: str, text: str) -> str:
    return f"{style}{text}{_END}"


def _uncolored(_style: str, text: str) -> str:
    return text
