"""The `Work` of one call, through which its processor speaks."""

from typing import Protocol

from background.calls.messages import Call
from base.words import LogLevel
from processors.contract import Options

FLUSH_BYTES = 64 * 2**10
FLUSH_SECONDS = 0.1
"""Messages leave together, when so many bytes or so much time have come together."""
LOG_LINES = 1000
LOG_CHARACTERS = 2000


class MessageSink(Protocol):
    """Where progress and log lines go."""

    def set_progress(self, done: float, total: float | None) -> None:
        """Send the latest of these with the next messages."""

    def add_line(self, level: LogLevel, message: str) -> None:
        """Send a line for the job's log."""


class CallWork:
    """See `Work`."""

    def __init__(self, call: Call, options: Options, sink: MessageSink) -> None:
        self.options = options
        self.folder = call.folder
        self.inputs = call.inputs
        self.spool = call.spool
        self.resources = call.resources
        self.answered = frozenset(call.answered)
        self._sink = sink
        self._lines = 0

    def progress(self, done: float, total: float | None = None) -> None:
        """See `Work`."""
        self._sink.set_progress(done, total)

    def log(self, level: LogLevel, message: str) -> None:
        """See `Work`: 1,000 lines a call and 2,000 characters a line; one more line says that the rest is missing."""
        self._lines += 1
        if self._lines <= LOG_LINES:
            self._sink.add_line(LogLevel(level), _encodable(str(message)[:LOG_CHARACTERS]))
        elif self._lines == LOG_LINES + 1:
            text = f"More than {LOG_LINES} lines in one call: the rest is left out."
            self._sink.add_line(LogLevel.WARNING, text)


def _encodable(text: str) -> str:
    """`text` with a question mark for each lone surrogate, which UTF-8 does not have."""
    return text.encode(errors="replace").decode()
