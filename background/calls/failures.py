"""Failures of calls, as whoever made the call is told."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from anyio.to_thread import run_sync

from background.calls.ends import CallEnd
from background.calls.messages import Call
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from processors.contract import NeedsInput, PauseJob, SkipJob
from storage.disk_space import SIGNS, can_write

log = log_for(__name__)


class FailureKind(StrEnum):
    """Why a call failed: an exception of the processor, a process that died, its memory cap, or no sign of life."""

    BUG = "bug"
    CRASH = "crash"
    MEMORY = "memory"
    SILENT = "silent"


MESSAGES = {
    "bug": "Processing failed because of an error in the program. It was logged.",
    "crash": "The program that does the processing ended unexpectedly.",
    "memory": "Processing needed more than {mebibytes} MiB of memory.",
    "silent": "Processing gave no sign of life for {seconds:g} s, and was stopped.",
}


class CallFailed(Exception):  # noqa: N818  what happened to the call, not what is wrong here
    """A call did not end well, and not by a refusal; the details are in the log already.

    Attributes:
        kind: After CRASH and MEMORY the item at fault can be found by a careful call.
        message: A sentence for people.
        detail: A traceback or what the process last printed, at most 20,000 characters; never for people.
        exit_code: Of a CRASH: the process's, or minus the signal's number.
        index: The item that was in work when it fell SILENT; None before the first.
    """

    def __init__(
        self, kind: FailureKind, message: str, detail: str = "", exit_code: int | None = None, index: int | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.detail = detail
        self.exit_code = exit_code
        self.index = index

    @property
    def code(self) -> ErrorCode:
        """What the item or the job that failed by it is told."""
        return ErrorCode.TIMED_OUT if self.kind is FailureKind.SILENT else ErrorCode.PROCESSING_FAILED


class DiskFull(Exception):  # noqa: N818  the same
    """There was no room on the disk for the call, which has not failed: it can be done when there is room."""


class ExecutorClosed(Exception):  # noqa: N818  the same
    """The children were closed before or during the call, which has not failed: another worker may do it."""


def failure_of(call: Call, end: CallEnd, memory_bytes: int, silence_seconds: float) -> Exception | None:
    """The exception that tells the caller of `end`, None where it is a good one.

    A processor's fault is logged with all that is known.

    Args:
        call: What was asked for.
        end: How that ended.
        memory_bytes: What the call might use.
        silence_seconds: After how long without a sign of life it was stopped.
    """
    match end.outcome:
        case "done":
            return None
        case "asks" | "pauses" | "skips" | "refused":
            return _told(end)
        case "full":
            log.warning("call_without_room", reference=call.reference, phase=call.phase, detail=end.detail)
            return DiskFull()
    log.error(
        "call_failed",
        reference=call.reference,
        phase=call.phase,
        outcome=end.outcome,
        exit_code=end.exit_code,
        index=end.index,
        detail=end.detail,
    )
    message = MESSAGES[end.outcome].format(mebibytes=memory_bytes // 2**20, seconds=silence_seconds)
    return CallFailed(FailureKind(end.outcome), message, end.detail, end.exit_code, end.index)


def _told(end: CallEnd) -> Exception:
    """What the processor itself raised."""
    match end.outcome:
        case "asks":
            return NeedsInput(end.code, end.message)
        case "pauses":
            return PauseJob(end.message)
        case "skips":
            return SkipJob(end.code, end.message, end.field)
    return Refusal(ErrorCode(end.code), end.message, end.field, end.retry_after)


async def blame_full_disk(end: CallEnd, folder: Path) -> CallEnd:
    """`end`, or that the disk is full where this is why the call ended badly: libraries tell it in many ways, or die of it.

    What would have failed with room, too, does so when there is some.
    """
    if end.outcome not in {"bug", "crash"}:
        return end
    is_told = end.outcome == "crash" and SIGNS.search(end.detail.encode()) is not None
    return replace(end, outcome="full") if is_told or not await run_sync(can_write, folder) else end
