"""Logging by structlog, as text for people or JSON for machines.

Lines of libraries are logged in the same form.
"""

import logging
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from base.log_text import TextRenderer
from base.plain_structlog import structlog

MAX_WORD_CHARACTERS = 500
"""Of each value of a line: names of operations and files, paths, origins and messages of libraries hold callers' words."""
MAX_VALUES = 20
MAX_TRACE_CHARACTERS = 16_000
_PLAIN = (int, float, bool, type(None))
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://\S{0,4000}")
_PASSWORD = re.compile(r"(?<=://)([^:/?#]*):.*@")
"""Up to the last @: names and passwords may hold one."""
_PARAMETER = re.compile(r"([?&](?!(?:maxsize|sslmode|db|protocol)=)[^=&]+)=[^&]+")

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that this code runs for; None outside of requests."""


@dataclass
class LogContext:
    """What is learnt about one request, or one operation on a socket, for the line that the log has about it.

    Attributes:
        address: Where it comes from.
        user: Id of who asks.
        operation: What is asked in GraphQL: its name, or its field where it has none.
        code: Of the refusal, or of the first error.
        database_seconds: How long the database was waited for.
    """

    address: str | None = None
    user: str | None = None
    operation: str | None = None
    code: str | None = None
    database_seconds: float = 0.0
    _waiting: int = 0
    _since: float = 0.0

    def enter_database(self) -> None:
        """Count the time from now on, until `leave_database`; of waits that overlap only once."""
        if not self._waiting:
            self._since = time.perf_counter()
        self._waiting += 1

    def leave_database(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            self.database_seconds += time.perf_counter() - self._since

    def line(self) -> dict[str, Any]:
        """What is known, for a log line; security events are marked as such."""
        known = {"address": self.address, "user": self.user, "operation": self.operation, "code": self.code}
        line = {name: str(value) for name, value in known.items() if value is not None}
        marked = {"security": True} if self.code in SECURITY_CODES else {}
        return {**line, "database_ms": round(self.database_seconds * 1000, 1), **marked}


current_log_context: ContextVar[LogContext | None] = ContextVar("current_log_context", default=None)
"""Of the request that this code runs for; None outside of requests."""
SECURITY_CODES = {
    "UNAUTHENTICATED",
    "INVALID_TOKEN",
    "INVALID_CREDENTIALS",
    "FORBIDDEN",
    "RATE_LIMITED",
    "URL_NOT_ALLOWED",
}
"""Refusals that somebody who watches for attacks looks at."""


def log_refusal_code(code: str) -> None:
    """Note why the present request is refused."""
    if (current := current_log_context.get()) is not None:
        current.code = code


IsOutage = Callable[[BaseException], bool]


def set_up_logging(format_: Literal["text", "json"], level: str, is_outage: IsOutage = lambda _: False) -> None:
    """Send every log line, of libraries too, to standard error in one form.

    Args:
        format_: `text` for people, `json` for machines.
        level: The least level that is logged.
        is_outage: Whether an exception says that a service is away: that is told in a line, with its reason, and needs
            no traceback.
    """
    shared: list[structlog.typing.Processor] = [
        partial(_without_trace_of, is_outage),
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _bounded,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if format_ == "json" else TextRenderer(has_colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in ("docket", "tortoise", "aiosqlite", "asyncio", "uvicorn", "strawberry.execution", "strawberry.ws.task"):
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )


class _Lines(structlog.WriteLogger):
    """Writes the lines of one module; where they cannot be written the work goes on without them."""

    def __init__(self, name: str) -> None:
        super().__init__(sys.stderr)
        self.name = name

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def announce(sentence: str, format_: Literal["text", "json"]) -> None:
    """Print what is said at whatever level is logged: to standard output, in json as a line like those of the log."""
    line: structlog.typing.EventDict = {"event": sentence, "level": "info", "logger": "start"}
    if format_ == "json":
        stamped = structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "info", line)
        sentence = str(structlog.processors.JSONRenderer()(None, "info", stamped))
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()


def _without_trace_of(
    is_outage: IsOutage, _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    info = event.get("exc_info")
    if info is None:
        return event
    error = sys.exception() if info is True else info[1] if isinstance(info, tuple) else info
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    if isinstance(error, BaseException) and is_outage(error):
        del event["exc_info"]
        event.setdefault("reason", f"{type(error).__name__}: {error}".partition("\n")[0])
    return event


def _bounded(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Say no password, and no more of anybody's words than a line has room for."""
    for name, value in event.items():
        if not (isinstance(value, _PLAIN) or _is_harmless(value) or name.startswith("_")):
            event[name] = _bounded_value(name, value)
    return event


def _is_harmless(value: Any) -> bool:
    return type(value) is str and len(value) <= MAX_WORD_CHARACTERS and "://" not in value


def _bounded_value(name: str, value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if name in {"exception", "stack"}:  # what went wrong stands at its end
        text = str(value)
        return without_passwords(text if len(text) <= MAX_TRACE_CHARACTERS else f"… {text[-MAX_TRACE_CHARACTERS:]}")
    if isinstance(value, list | tuple):
        return [_bounded_value("", each) for each in value[:MAX_VALUES]]
    text = str(value)
    return shortened(without_passwords(text[: 4 * MAX_WORD_CHARACTERS]), len(text))


def shortened(text: str, length: int | None = None) -> str:
    """The text, or where it is too long for a line its beginning, and how long all of it is (`length`, else its own)."""
    whole = max(len(text), length or 0)
    return text if len(text) <= MAX_WORD_CHARACTERS else f"{text[:MAX_WORD_CHARACTERS]}… ({whole} characters)"


def without_passwords(text: str) -> str:
    """The text with `(hidden)` for every password in an address, and for every parameter that may be one."""
    return _ADDRESS.sub(lambda found: _hidden(found[0]), text) if "://" in text else text


def _hidden(address: str) -> str:
    return _PARAMETER.sub(r"\1=(hidden)", _PASSWORD.sub(r"\1:(hidden)@", address))


def log_for(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of one module, which asks for it as `log_for(__name__)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _add_request_id(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (current := request_id.get()) is not None:
        event.setdefault("request_id", current)
    return event
