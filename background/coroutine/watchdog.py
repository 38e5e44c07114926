"""The watchdog of an event loop: who holds it for too long."""

import sys
import threading
import time
import traceback
from dataclasses import dataclass

from base.logging import log_for

log = log_for(__name__)

HOLD_SECONDS = 0.5
"""A step of a coroutine that takes longer holds up everything else in the process."""


@dataclass
class _Step:
    label: str
    thread_id: int
    begun_at: float
    is_reported: bool = False


class LoopWatchdog:
    """Logs each step of a coroutine that holds the event loop for long, while it does so, with its stack.

    The watch is kept by a thread, so that a step which never ends is told, too.
    """

    def __init__(self, hold_seconds: float = HOLD_SECONDS) -> None:
        self._hold_seconds = hold_seconds
        self._step: _Step | None = None
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def begin_step(self, label: str) -> None:
        """The coroutine `label` has the loop from now on."""
        self._step = _Step(label, threading.get_ident(), time.monotonic())
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="loop-watchdog", daemon=True)
            self._thread.start()

    def end_step(self) -> None:
        """It has given it back."""
        step, self._step = self._step, None
        if step and not step.is_reported and time.monotonic() - step.begun_at > self._hold_seconds:
            self._report(step, "")

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(self._hold_seconds / 2):
            step = self._step
            if step and not step.is_reported and time.monotonic() - step.begun_at > self._hold_seconds:
                frame = sys._current_frames().get(step.thread_id)  # noqa: SLF001  there is no other way to another thread's stack
                self._report(step, "".join(traceback.format_stack(frame)[-8:]))

    def _report(self, step: _Step, stack: str) -> None:
        step.is_reported = True
        seconds = round(time.monotonic() - step.begun_at, 2)
        log.error("loop_held", call=step.label, seconds=seconds, stack=stack)
