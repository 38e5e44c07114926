"""Ask yt-dlp about a page, in a child process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from downloads.options import Headers

PROGRAM = Path(__file__).with_name("program.py")
COMMAND = (sys.executable, "-I", "-B", "-X", "utf8", str(PROGRAM))
MAX_ANSWER_BYTES = 4 * 2**20
_KEPT_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "TZ")


@dataclass(frozen=True, slots=True)
class Question:
    """A page to be looked at.

    Attributes:
        url: Without credentials.
        proxy: With credentials, which is why a question goes by standard input, where no list of processes shows it.
        user_agent: Who asks; None: what yt-dlp says of itself.
        seconds: Within which the answer has to be there.
    """

    url: str
    proxy: str = field(repr=False)
    user_agent: str | None = None
    seconds: int = 180


class Media(BaseModel):
    """One video or recording.

    Attributes:
        url: Where it lies as one file; None: it does not.
        page: Where it is shown.
        title: For people.
        extension: Without the dot.
        headers: Its server wants them.
    """

    model_config = ConfigDict(frozen=True)

    url: str | None
    page: str
    title: str
    extension: str
    headers: Headers


class Answer(BaseModel):
    """What yt-dlp found.

    Attributes:
        is_generic: It knows nothing of this site, and looked for what any page may have.
        error: Why there is nothing, or not all; empty: there is no reason.
        files: In the order of the page.
        unnamed: How many more there are.
    """

    model_config = ConfigDict(frozen=True)

    is_generic: bool
    error: str
    files: tuple[Media, ...]
    unnamed: int


class ExtractionFailed(Exception):  # noqa: N818  it reads as what happened
    """There is no answer: the sentence says why."""


async def extract(question: Question, command: Sequence[str] = COMMAND) -> Answer:
    """What the program answers; it has ended when this returns, however it does.

    Raises:
        ExtractionFailed: It took too long, said too much, or ended without an answer.
    """
    process = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=_environment(), cwd="/", start_new_session=True
    )
    try:
        async with asyncio.timeout(question.seconds):
            said = await _converse(process, json.dumps(asdict(question)).encode())
        return Answer.model_validate_json(said)
    except TimeoutError:
        raise ExtractionFailed(f"it took more than {question.seconds} s") from None
    except ValidationError:
        raise ExtractionFailed("it ended without an answer") from None
    finally:
        await _end(process)


async def _converse(process: Process, question: bytes) -> bytes:
    """All that the process says to the question. Raises ExtractionFailed where that is too much."""
    assert process.stdin is not None  # noqa: S101  both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(ConnectionError):
        process.stdin.write(question)
        await process.stdin.drain()
    process.stdin.close()
    said = bytearray()
    while data := await process.stdout.read(65_536):
        said += data
        if len(said) > MAX_ANSWER_BYTES:
            raise ExtractionFailed("its answer is too large")
    return bytes(said)


async def _end(process: Process) -> None:
    """End the process and what it may have started; it is a process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _environment() -> dict[str, str]:
    """Nothing of the server's but where its certificates are: no secrets, no proxies, no way to programs."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, "HOME": "/", "PATH": ""}
