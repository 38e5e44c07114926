"""Shutdown: signals call its hook, a watchdog ends the process."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from functools import partial

from base.logging import log_for

log = log_for(__name__)

DEADLINE_SECONDS = 9.5
"""After the first signal; then the process is ended, and with it its children."""
_KERNEL_SECONDS = 9.8
_LOG_SECONDS = 0.2
_SIGNALS = {signal.SIGINT, signal.SIGTERM}


class Shutdown:
    """Takes the signals that end this process, and is its watchdog, in a thread of its own: neither needs a loop that runs.

    The first one calls the hook, and a second one ends the process at once. So does the first while there is no hook,
    which is while the program starts: then there is nothing to hand over.
    """

    def __init__(self) -> None:
        """Make it before there is any other thread: those made later inherit that signals are left to this one."""
        self._hook: Callable[[], object] | None = None
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def on_signal(self, hook: Callable[[], None]) -> None:
        """Have `hook` called, by the event loop that runs now, once the process is told to end."""
        self._hook = partial(asyncio.get_running_loop().call_soon_threadsafe, hook)

    def _watch(self) -> None:
        number = signal.sigwait(_SIGNALS)
        if self._hook is None:
            _exit("stopped while it was starting")
        else:
            # Code in C that never lets go of the interpreter stops every thread; the kernel's alarm goes off nevertheless.
            signal.setitimer(signal.ITIMER_REAL, _KERNEL_SECONDS)
            deadline = threading.Timer(
                DEADLINE_SECONDS, _exit, ["not all could be ended in time; the process ends now"]
            )
            deadline.daemon = True
            deadline.start()
            _log(log.info, "stopping", signal=signal.Signals(number).name)
            self._hook()
            signal.sigwait(_SIGNALS)
            _exit("told to end a second time; the process ends now")


def log_stopped() -> None:
    """Log the last line of a program that was told to end."""
    _log(log.info, "stopped")


def _exit(event: str) -> None:
    """End the process, and log one line before."""
    _log(log.error, event)
    os._exit(1)


def _log(level: Callable[..., object], event: str, **values: str) -> None:
    """Log a line; whoever should read the log and does not is not waited for."""
    line = threading.Thread(target=level, args=[event], kwargs=values, daemon=True)
    line.start()
    line.join(_LOG_SECONDS)
