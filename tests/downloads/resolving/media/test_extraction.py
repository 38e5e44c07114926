"""The child process that asks yt-dlp: bounded whatever it does, and shut in."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from downloads.resolving.media.extraction import MAX_ANSWER_BYTES, PROGRAM, Answer, ExtractionFailed, Question, extract
from tests.background.worker_harness import wait_until

QUESTION = Question("http://a.example/", "http://waybill:secret@127.0.0.1:9", seconds=60)
ANSWER = Answer(is_generic=True, error="", files=(), unnamed=0)


def program(code: str) -> tuple[str, ...]:
    """The command of a program that runs `code`, which may use what the real one has."""
    return (sys.executable, "-I", "-B", "-c", f"import runpy, sys, os\nreal = runpy.run_path({str(PROGRAM)!r})\n{code}")


async def test_the_answer_is_what_the_program_writes() -> None:
    command = program(f"sys.stdin.read(); print({ANSWER.model_dump_json()!r})")
    assert await extract(QUESTION, command) == ANSWER


async def test_the_question_goes_by_standard_input_and_no_secret_of_the_server_goes_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAYBILL_SECRET_KEY", "hush")
    monkeypatch.setenv("https_proxy", "http://elsewhere.example")
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates.pem")
    for name in ("SSL_CERT_DIR", "TZ"):
        monkeypatch.delenv(name, raising=False)
    code = """import json
question = json.load(sys.stdin)
error = " ".join([question["proxy"], str(question["proxy"] in sys.argv), *sorted(os.environ)])
print(json.dumps({"is_generic": True, "error": error, "files": [], "unnamed": 0}))"""
    said = (await extract(QUESTION, program(code))).error.split()

    assert said[:2] == [QUESTION.proxy, "False"]
    assert set(said[2:]) - {"LC_CTYPE"} == {"HOME", "PATH", "SSL_CERT_FILE"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(1)", "without an answer"),
        ("print('[1]')", "without an answer"),
        (f"print('x' * {MAX_ANSWER_BYTES + 1})", "too large"),
    ],
)
async def test_a_program_that_does_not_answer_has_failed(code: str, reason: str) -> None:
    with pytest.raises(ExtractionFailed, match=reason):
        await extract(QUESTION, program(code))


async def test_one_that_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    note = tmp_path / "pids"
    code = f"""other = os.fork()
if other:
    open({str(note)!r}, "w").write(f"{{os.getpid()}} {{other}}")
import signal
signal.pause()"""
    asking = asyncio.create_task(extract(QUESTION, program(code)))

    async def have_begun() -> bool:
        return note.exists() and len(note.read_text().split()) == 2

    await wait_until(have_begun, 60)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async def have_ended() -> bool:
        return not any(_is_running(pid) for pid in map(int, note.read_text().split()))

    await wait_until(have_ended, 60)


def _is_running(pid: int) -> bool:
    """A process that has ended may still be waited for by whoever has to."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False


async def test_one_that_takes_too_long_has_failed() -> None:
    with pytest.raises(ExtractionFailed, match="more than 0 s"):
        await extract(Question("http://a.example/", "http://127.0.0.1:9", seconds=0), program("sys.stdin.read()"))


CONFINED = """import json
real["shut_in"](("127.0.0.1", 9))
question = json.load(sys.stdin)
try:
    {attempt}
    error = "done"
except Exception as failure:
    error = type(failure).__name__
print(json.dumps({{"is_generic": True, "error": error, "files": [], "unnamed": 0}}))"""


@pytest.mark.parametrize(
    ("attempt", "becomes"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9), 1)", "ConnectionRefusedError"),
        ("import socket; socket.create_connection(('127.0.0.1', 10), 1)", "PermissionError"),
        ("import socket; socket.create_connection(('a.example', 9), 1)", "PermissionError"),
        ("import socket; socket.gethostbyname('a.example')", "PermissionError"),
        ("import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))", "PermissionError"),
        ("import socket; socket.socket().bind(('127.0.0.1', 0))", "PermissionError"),
        ("import socket; socket.socket(socket.AF_UNIX).connect('/run/x')", "PermissionError"),
        ("import subprocess; subprocess.run(['/bin/true'])", "PermissionError"),
        ("os.system('true')", "PermissionError"),
        ("os.fork()", "PermissionError"),
        ("os.posix_spawn('/bin/true', ['true'], {})", "PermissionError"),
        ("os.execv('/bin/true', ['true'])", "PermissionError"),
    ],
)
async def test_the_program_connects_to_the_proxy_alone_and_starts_nothing(attempt: str, becomes: str) -> None:
    answer = await extract(QUESTION, program(CONFINED.format(attempt=attempt)))
    assert answer.error == becomes


async def test_the_program_has_limits(tmp_path: Path) -> None:
    file = tmp_path / "file"
    code = f"""import json, resource
real["limit"](60)
try:
    with open({str(file)!r}, "wb", buffering=0) as out:
        out.write(b"x")
    error = "written"
except OSError as failure:
    error = str(failure.errno)
limits = [resource.getrlimit(getattr(resource, "RLIMIT_" + name))[0] for name in ("CPU", "NOFILE", "AS", "CORE")]
error += " " + " ".join(map(str, limits))
import signal
error += " " + str(0 < signal.alarm(0) <= 60)
print(json.dumps({{"is_generic": True, "error": error, "files": [], "unnamed": 0}}))"""
    said = (await extract(QUESTION, program(code))).error.split()

    assert said == ["27", "60", "64", str(2**30) if sys.platform == "linux" else said[3], "0", "True"]
    assert file.read_bytes() == b""
