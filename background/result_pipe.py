"""Results of a job, sent to its finish through a named pipe.

The database is read beside the processor's own work, at the pace at which it takes the results, and nothing of it is copied
to the disk.
"""

import asyncio
import errno
import fcntl
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from anyio import wait_writable

from background.calls.result_lines import encode_plain, encode_result, join_lines
from base.errors import ErrorCode
from base.words import ItemStatus
from jobs.contents import results_after
from processors.contract import ItemError, ItemResult, MadeFile

RESULTS_PER_READ = 1_000
PIPE_BYTES = 2**20
OPEN_SECONDS = 0.01

FilesBetween = Callable[[int, int], Awaitable[Mapping[int, Sequence[MadeFile]]]]
"""Of the items after one index, up to another, by index."""


async def send_results(
    job_id: str, path: Path, files_between: FilesBetween | None = None, open_seconds: float = OPEN_SECONDS
) -> None:
    """Write every item's result, in order, to the pipe at `path`, until its reader has them all or wants no more.

    `files_between` gives the files of items, where the finish reads them, too. It is looked every `open_seconds` whether
    the reader has come.

    The reader sees the end of the pipe also where this fails or is cancelled: then its call must not count.
    """
    try:
        pipe = await _open_for(path, open_seconds)
        _widen(pipe)
        try:
            index = -1
            while rows := await results_after(job_id, index, RESULTS_PER_READ):
                last = rows[-1]["index"]
                files = await files_between(index, last) if files_between else {}
                await _write(pipe, await asyncio.to_thread(_encode, rows, files))
                index = last
        except BrokenPipeError:
            return
        finally:
            os.close(pipe)
    finally:
        # A reader that still waits for a writer to come waits no more.
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


async def _open_for(path: Path, every_seconds: float) -> int:
    """The end of the pipe that writes without waiting, once somebody reads."""
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        await asyncio.sleep(every_seconds)


def _widen(pipe: int) -> None:
    """Have the pipe hold about as much as is read at once, so that the next is read while the reader works; Linux alone can."""
    if sys.platform == "linux":
        with suppress(OSError):  # a user may have so much in pipes and no more
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


async def _write(pipe: int, data: bytes) -> None:
    """Write all of `data`, as the reader takes it. Raises BrokenPipeError where it has gone."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(pipe, left) :]
        except BlockingIOError:
            await wait_writable(pipe)


def _encode(rows: list[dict[str, Any]], files: Mapping[int, Sequence[MadeFile]]) -> bytes:
    return join_lines(_line_of(row, files.get(row["index"], ())) for row in rows)


def _line_of(row: dict[str, Any], files: Sequence[MadeFile]) -> bytes:
    """The line of an item; most have a result and nothing more."""
    result = row["result"]
    content = b"" if result is None else result.encode() if isinstance(result, str) else orjson.dumps(result)
    if not (files or row["error_code"] or row["skip_reason"] is not None or row["needs_review"]):
        return encode_plain(row["index"], row["status"], content)
    error = row["error_code"] and ItemError(
        ErrorCode(row["error_code"]), row["error_message"] or "", bool(row["error_is_retryable"])
    )
    return encode_result(
        ItemResult(
            row["index"],
            ItemStatus(row["status"]),
            content or None,
            error or None,
            row["skip_reason"],
            bool(row["needs_review"]),
            files,
        )
    )
