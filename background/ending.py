"""The end of a program: a signal begins it, and within ten seconds it is over, whatever hangs."""

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


class Ending:
    """Takes the signals that end this process, in a thread of its own: neither they nor the deadline need a loop that runs.

    The first one begins the end, and a second one ends the process at once. So does the first while nobody is called,
    which is while the program starts: then there is nothing to hand over.
    """

    def __init__(self) -> None:
        """Make it before there is any other thread: those made later inherit that signals are left to this one."""
        self._begin: Callable[[], object] | None = None
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()

    def call(self, begin: Callable[[], None]) -> None:
        """Have `begin` called, by the event loop that runs now, once the process is told to end."""
        self._begin = partial(asyncio.get_running_loop().call_soon_threadsafe, begin)

    def _watch(self) -> None:
        signal.sigwait(_SIGNALS)
        if self._begin is None:
            _end("stopped while it was starting")
        else:
            # Code in C that never lets go of the interpreter stops every thread; the kernel's alarm goes off nevertheless.
            signal.setitimer(signal.ITIMER_REAL, _KERNEL_SECONDS)
            deadline = threading.Timer(DEADLINE_SECONDS, _end, ["not all could be ended in time; the process ends now"])
            deadline.daemon = True
            deadline.start()
            self._begin()
            signal.sigwait(_SIGNALS)
            _end("told to end a second time; the process ends now")


def _end(event: str) -> None:
    """End the process, and log one line before; whoever should read the log and does not is not waited for."""
    line = threading.Thread(target=log.error, args=[event], daemon=True)
    line.start()
    line.join(_LOG_SECONDS)
    os._exit(1)
