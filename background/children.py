"""The parent's side of the child processes: a fixed number of them, one call each at a time, ended by cancelling."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Self

from background.messages import (
    CALL,
    END,
    HEADER,
    MAX_FRAME_BYTES,
    CallEnd,
    ChildCall,
    Message,
    Outcome,
    decode_end,
    decode_message,
    encode_call,
    files_of,
    frame,
)
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from processors.contract import NeedsInput

log = log_for(__name__)

BOOT = """import sys
memory_bytes, sys.path[:] = int(sys.argv[1]), sys.argv[2:]
from background.child import main
main(memory_bytes)"""
SECRET_PREFIXES = ("WAYBILL_", "AWS_")
"""Environment variables that a child does not get: it reads strangers' files."""
TAIL_BYTES = 8192
MEMORY_SIGNS = re.compile(rb"memory allocation of \d+ bytes failed|std::bad_alloc|MemoryError|[Oo]ut of memory")
"""What Rust, C++ and Python print before they give up for lack of memory."""
DEATH_SECONDS = 2.0
"""How long to wait for a killed process to be gone."""


class FailureKind(StrEnum):
    """Why a call failed: an exception of the processor, a process that died, or its memory cap."""

    BUG = "bug"
    CRASH = "crash"
    MEMORY = "memory"


MESSAGES = {
    "bug": "Processing failed because of an error in the program. It was logged.",
    "crash": "The program that does the processing ended unexpectedly.",
    "memory": "Processing needed more than {mebibytes} MiB of memory.",
}


class CallFailed(Exception):  # noqa: N818  what happened to the call, not what is wrong here
    """A call did not end well, and not by a refusal; the details are in the log already.

    Attributes:
        kind: After CRASH and MEMORY the item at fault can be found by a careful call.
        message: A sentence for people.
        detail: A traceback or what the process last printed, at most 20,000 characters; never for people.
        exit_code: Of a CRASH: the process's, or minus the signal's number.
    """

    def __init__(self, kind: FailureKind, message: str, detail: str = "", exit_code: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.detail = detail
        self.exit_code = exit_code


class ChildrenClosed(Exception):  # noqa: N818  the same
    """The children were closed before or during the call, which has not failed: another worker may do it."""


class Child:
    """One child process and the channel to it."""

    def __init__(
        self, process: asyncio.subprocess.Process, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._tail = b""
        self._tail_reader = asyncio.create_task(self._keep_tail())

    @classmethod
    async def start(cls, memory_bytes: int) -> Self:
        """A new process, in a session of its own: signals to the server's group (Ctrl-C) do not reach it."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *_command(memory_bytes),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env={name: value for name, value in os.environ.items() if not name.startswith(SECRET_PREFIXES)},
                    start_new_session=True,
                )
            return cls(process, *await asyncio.open_unix_connection(sock=ours))
        except BaseException:
            ours.close()  # a process that was started already ends when it finds its channel closed
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended yet, as far as the event loop has heard."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process, and of the process group of what it starts."""
        return self._process.pid

    async def perform(self, call: ChildCall, on_message: Callable[[Message], Awaitable[None]]) -> CallEnd:
        """Do `call`; how it ended, be it that the process died or sent what is not a message."""
        self._tail = b""
        with contextlib.suppress(ConnectionError):
            self._writer.write(frame(CALL, encode_call(call)))
            await self._writer.drain()
        folder = call.folder.resolve()
        while not isinstance(message := await self._next(folder), CallEnd):
            await on_message(message)
        return message

    async def _next(self, folder: Path) -> Message | CallEnd:
        try:
            letter, length = HEADER.unpack(await self._reader.readexactly(HEADER.size))
            body = await self._reader.readexactly(min(length, MAX_FRAME_BYTES))
            return decode_end(body) if letter == END else _confined(decode_message(letter, body), folder)
        except (ConnectionError, asyncio.IncompleteReadError):
            return await self._crash()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return CallEnd("bug", detail=f"it sent what is not a message: {error!r}", is_retiring=True)

    async def _crash(self) -> CallEnd:
        self.kill()
        exit_code = await self.wait()
        outcome: Outcome = "memory" if MEMORY_SIGNS.search(self._tail) else "crash"
        return CallEnd(outcome, detail=self._tail.decode(errors="replace"), exit_code=exit_code, is_retiring=True)

    def kill(self) -> None:
        """End the process at once, with the programs that it started. Its channel is closed."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.close_channel()

    def close_channel(self) -> None:
        """Let go of the process, which ends by itself as it does when this one dies."""
        self._writer.close()

    async def wait(self) -> int | None:
        """The exit code of a process that is ending; None if it is not gone after 2 s."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEATH_SECONDS):
                await self._process.wait()
                await self._tail_reader
        return self._process.returncode

    async def _keep_tail(self) -> None:
        errors = self._process.stderr
        while errors is not None and (chunk := await errors.read(TAIL_BYTES)):
            self._tail = (self._tail + chunk)[-TAIL_BYTES:]


class Children:
    """At most `count` child processes, started when they are needed and used again; `memory_bytes` is each one's cap.

    Belongs to one event loop, whose thread must live as long as the children.
    """

    def __init__(self, count: int, memory_bytes: int) -> None:
        self.count = count
        self._memory_bytes = memory_bytes
        self._free = asyncio.Semaphore(count)
        self._all: set[Child] = set()
        self._idle: list[Child] = []
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self, call: ChildCall, on_message: Callable[[Message], Awaitable[None]]) -> None:
        """Do `call` in a child, awaiting `on_message` for each thing that it yields, in order, one at a time.

        While `on_message` takes its time, the child waits. What the child sent before it ended badly is delivered
        first. Cancelling the task kills the process at once, and so does an exception of `on_message`.

        Raises:
            Refusal: The processor refused the job.
            NeedsInput: It asks the job's owner.
            CallFailed: A bug, a crash or too much memory; logged.
            ChildrenClosed: `close` was called.
        """
        async with self._free:
            child = await self._take()
            try:
                end = await child.perform(call, on_message)
            except BaseException:
                await self._end(child)
                raise
            if end.is_retiring:
                await self._end(child)
            else:
                self._idle.append(child)
        if (failure := self._failure(call, end)) is not None:
            raise failure

    async def close(self) -> None:
        """End all children, the busy ones too; takes at most 2 s."""
        self._is_closed = True
        await asyncio.gather(*(self._end(child) for child in tuple(self._all)))

    async def _take(self) -> Child:
        while self._idle and not self._is_closed:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await self._end(child)
        if not self._is_closed:
            child = await Child.start(self._memory_bytes)
            self._all.add(child)
            if not self._is_closed:
                return child
            await self._end(child)
        raise ChildrenClosed

    async def _end(self, child: Child) -> None:
        self._all.discard(child)
        child.kill()
        if await child.wait() is None:
            log.warning("child_not_gone", pid=child.pid)

    def _failure(self, call: ChildCall, end: CallEnd) -> Exception | None:
        """The exception that tells the caller of `end`; a processor's fault is logged with all that is known."""
        if end.outcome == "done":
            return None
        if end.outcome == "asks":
            return NeedsInput(end.code, end.message)
        if end.outcome == "refused":
            return Refusal(ErrorCode(end.code), end.message, end.field, end.retry_after)
        if self._is_closed and end.outcome == "crash":
            return ChildrenClosed()
        log.error(
            "call_failed",
            reference=call.reference,
            phase=call.phase,
            outcome=end.outcome,
            exit_code=end.exit_code,
            detail=end.detail,
        )
        message = MESSAGES[end.outcome].format(mebibytes=self._memory_bytes // 2**20)
        return CallFailed(FailureKind(end.outcome), message, end.detail, end.exit_code)


def _command(memory_bytes: int) -> list[str]:
    return [sys.executable, "-c", BOOT, str(memory_bytes), *(str(Path(entry).absolute()) for entry in sys.path)]


def _confined(message: Message, folder: Path) -> Message:
    """`message`, whose files lie in `folder` (absolute). Raises ValueError when one does not, or is not a file."""
    for made in files_of(message):
        path = made.path.resolve()
        if not (path.is_relative_to(folder) and path.is_file()):
            text = f"{made.path} is not a file in the folder of the call"
            raise ValueError(text)
    return message
