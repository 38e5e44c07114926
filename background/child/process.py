"""One child process, as its parent sees it: started, given calls, watched, killed."""

import asyncio
import contextlib
import math
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Self

from background.calls.checks import check_files
from background.calls.ends import CallEnd, Outcome
from background.calls.item_watch import LOOK_SECONDS, ItemWatch
from background.calls.messages import Begun, Call, Message, files_of
from background.child.current_item import CurrentItem, new_cell
from background.child.frames import CALL, END, HEADER, MAX_FRAME_BYTES, decode_end, decode_message, encode_call, frame

BOOT = """import sys
memory_bytes, descriptor, sys.path[:] = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
from background.child.program import main
main(memory_bytes, descriptor)"""
SECRET_PREFIXES = ("WAYBILL_", "AWS_")
"""Environment variables that a child does not get: it reads strangers' files."""
TAIL_BYTES = 8192
MEMORY_SIGNS = re.compile(rb"memory allocation of \d+ bytes failed|std::bad_alloc|MemoryError|[Oo]ut of memory")
"""What Rust, C++ and Python print before they give up for lack of memory."""
DEATH_SECONDS = 2.0
"""How long to wait for a killed process to be gone."""


class Child:
    """One child process, the channel to it and the item that it is at."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        current: CurrentItem,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._current = current
        self._reader = reader
        self._writer = writer
        self._tail = b""
        self._tail_reader = asyncio.create_task(self._keep_tail())

    @classmethod
    async def start(cls, memory_bytes: int) -> Self:
        """A new process, in a session of its own: signals to the server's group (Ctrl-C) do not reach it."""
        ours, theirs = socket.socketpair()
        descriptor = new_cell()
        try:
            current = CurrentItem(descriptor)
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *_command(memory_bytes, descriptor),
                    pass_fds=(descriptor,),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.PIPE,
                    env={name: value for name, value in os.environ.items() if not name.startswith(SECRET_PREFIXES)},
                    start_new_session=True,
                )
            return cls(process, current, *await asyncio.open_unix_connection(sock=ours))
        except BaseException:
            ours.close()  # a process that was started already ends when it finds its channel closed
            raise
        finally:
            os.close(descriptor)

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended yet, as far as the event loop has heard."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Of the process, and of the process group of what it starts."""
        return self._process.pid

    async def perform(
        self, call: Call, on_message: Callable[[Message], Awaitable[None]], silence_seconds: float = math.inf
    ) -> CallEnd:
        """Do `call`; how it ended, be it that the process died, sent what is not a message, or nothing for too long."""
        self._tail = b""
        self._current.clear()
        watch = ItemWatch(self._current)
        with contextlib.suppress(ConnectionError):
            self._writer.write(frame(CALL, encode_call(call)))
            await self._writer.drain()
        folder = call.folder.resolve()
        while not isinstance(message := await self._next(folder, watch, silence_seconds), CallEnd):
            await on_message(message)
        return message

    async def _next(self, folder: Path, watch: ItemWatch, silence_seconds: float) -> Message | CallEnd:
        silent_at = time.monotonic() + silence_seconds
        try:
            header = None
            while header is None:
                if (index := watch.look()) is not None:
                    return Begun(index)
                is_silent = time.monotonic() > silent_at
                header = await self._header()
                if header is None and is_silent:
                    return await self._silence()
            letter, length = HEADER.unpack(header)
            body = await self._reader.readexactly(min(length, MAX_FRAME_BYTES))
            return decode_end(body) if letter == END else _confined(decode_message(letter, body), folder)
        except (ConnectionError, asyncio.IncompleteReadError):
            return await self._crash()
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return CallEnd("bug", detail=f"it sent what is not a message: {error!r}", is_retiring=True)

    async def _header(self) -> bytes | None:
        """The next header, if it comes before it is time for a look."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                return await self._reader.readexactly(HEADER.size)
        return None

    async def _silence(self) -> CallEnd:
        self.kill()
        await self.wait()
        detail = self._tail.decode(errors="replace")
        return CallEnd("silent", detail=detail, index=self._current.index, is_retiring=True)

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


def _command(memory_bytes: int, descriptor: int) -> list[str]:
    return [
        sys.executable,
        "-c",
        BOOT,
        str(memory_bytes),
        str(descriptor),
        *(str(Path(entry).absolute()) for entry in sys.path),
    ]


def _confined(message: Message, folder: Path) -> Message:
    """`message`, whose files lie in `folder`. Raises ValueError when one does not."""
    check_files(files_of(message), folder)
    return message
