"""The interface of executors."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from background.calls.messages import Call, Message


class Executor(Protocol):
    """Does calls of processors, at most `slots` at a time."""

    @property
    def slots(self) -> int:
        """How many calls run at the same time; one more waits."""

    async def run(self, call: Call, on_message: Callable[[Message], Awaitable[None]]) -> None:
        """Do `call`, awaiting `on_message` for each thing that it yields, in order, one at a time.

        While `on_message` takes its time, the processor waits. What it yielded before the call ended badly is delivered
        first. Cancelling the task ends the call within two seconds, and so does an exception of `on_message`.

        Raises:
            Refusal: The processor refused the job.
            NeedsInput: It asks the job's owner.
            PauseJob, SkipJob: It cannot go on, or there is nothing to do.
            CallFailed: A bug, a crash, too much memory or silence; logged.
            DiskFull: It could not write; logged.
            ExecutorClosed: The executor was closed.
        """

    async def close(self) -> None:
        """End all calls, and take none any more; takes at most two seconds."""
