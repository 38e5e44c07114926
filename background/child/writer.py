"""The writer of a child's messages."""

import contextlib
import os
import threading
import time
from queue import SimpleQueue

import orjson

from background.calls.ends import CallEnd
from background.calls.work import FLUSH_BYTES, FLUSH_SECONDS
from background.child.frames import END, LOG, PROGRESS, RESULTS, frame
from base.words import LogLevel


class Ticker:
    """Flushes the writer of the call at hand some time after it began to wait: one thread for all calls of a child."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[MessageWriter] = SimpleQueue()
        threading.Thread(target=self._tick, daemon=True).start()

    def add(self, writer: "MessageWriter") -> None:
        """Something waits in `writer` since now."""
        self._waiting.put(writer)

    def _tick(self) -> None:
        while True:
            writer = self._waiting.get()
            if not writer.is_closed:
                time.sleep(FLUSH_SECONDS)
                writer.flush()


class MessageWriter:
    """The child's end of the channel during one call: messages leave in order, together, at 64 KiB or after 100 ms.

    A parent that is slow to read blocks `add`, and so the processor. After `close` nothing leaves any more, whatever
    threads the processor may have left behind.
    """

    def __init__(self, channel: int, ticker: Ticker, *, is_careful: bool) -> None:
        self._channel = channel
        self._ticker = ticker
        self._is_careful = is_careful
        self._lock = threading.Lock()
        self._frames: list[bytes] = []
        self._lines: list[bytes] = []
        self._size = 0
        self._progress: tuple[float, float | None] | None = None
        self._is_waiting = False
        self.is_closed = False

    def add(self, letter: bytes, body: bytes) -> None:
        """Send `body` soon; at once in a careful call."""
        with self._lock:
            if self.is_closed:
                return
            if letter == RESULTS:
                self._lines.append(body)
            else:
                self._seal(letter, body)
            self._size += len(body)
            if self._is_careful or self._size >= FLUSH_BYTES:
                self._write()
        self._wait()

    def add_line(self, level: LogLevel, message: str) -> None:
        """See `MessageSink`."""
        self.add(LOG, orjson.dumps((level, message)))

    def set_progress(self, done: float, total: float | None) -> None:
        """See `MessageSink`."""
        self._progress = (done, total)
        self._wait()

    def close(self, end: CallEnd) -> None:
        """Send what waits and then `end`."""
        with self._lock:
            self._seal_progress()
            self._seal(END, orjson.dumps(end))
            self.is_closed = True
            self._write()

    def flush(self) -> None:
        """Send what waits, unless the call has ended."""
        self._is_waiting = False
        with self._lock, contextlib.suppress(MemoryError):
            if not self.is_closed:
                self._seal_progress()
                self._write()

    def _wait(self) -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._ticker.add(self)

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
