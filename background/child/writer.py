"""The writer of a child's messages."""

import contextlib
import os
import threading

import orjson

from background.calls.ends import CallEnd
from background.calls.work import FLUSH_BYTES, FLUSH_SECONDS
from background.child.frames import END, LOG, PROGRESS, RESULTS, frame
from base.words import LogLevel


class MessageWriter:
    """The child's end of the channel during one call: messages leave in order, together, at 64 KiB or after 100 ms.

    A parent that is slow to read blocks `add`, and so the processor. After `close` nothing leaves any more, whatever
    threads the processor may have left behind.
    """

    def __init__(self, channel: int, *, is_careful: bool) -> None:
        self._channel = channel
        self._is_careful = is_careful
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self._lines: list[bytes] = []
        self._size = 0
        self._progress: tuple[float, float | None] | None = None
        self._waiting = threading.Event()
        self._closed = threading.Event()
        threading.Thread(target=self._tick_until_closed, daemon=True).start()

    def add(self, letter: bytes, body: bytes) -> None:
        """Send `body` soon; at once in a careful call."""
        with self._lock:
            if self._closed.is_set():
                return
            if letter == RESULTS:
                self._lines.append(body)
            else:
                self._seal(letter, body)
            self._size += len(body)
            if self._is_careful or self._size >= FLUSH_BYTES:
                self._write()
        self._waiting.set()

    def add_line(self, level: LogLevel, message: str) -> None:
        """See `MessageSink`."""
        self.add(LOG, orjson.dumps((level, message)))

    def set_progress(self, done: float, total: float | None) -> None:
        """See `MessageSink`."""
        self._progress = (done, total)
        self._waiting.set()

    def close(self, end: CallEnd) -> None:
        """Send what waits and then `end`."""
        with self._lock:
            self._seal_progress()
            self._seal(END, orjson.dumps(end))
            self._closed.set()
            self._write()
        self._waiting.set()

    def _tick_until_closed(self) -> None:
        while not self._closed.is_set():
            self._waiting.wait()
            self._closed.wait(FLUSH_SECONDS)
            self._waiting.clear()
            with self._lock, contextlib.suppress(MemoryError):
                if not self._closed.is_set():
                    self._seal_progress()
                    self._write()

    def _seal_progress(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            self._seal(PROGRESS, orjson.dumps(progress))

    def _seal(self, letter: bytes, body: bytes) -> None:
        self._seal_lines()
        self._frames.append(frame(letter, body))

    def _seal_lines(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._frames.append(frame(RESULTS, b"\n".join(lines)))

    def _write(self) -> None:
        self._seal_lines()
        frames, self._frames, self._size = self._frames, [], 0
        data = memoryview(b"".join(frames))
        while data:
            data = data[os.write(self._channel, data) :]
