"""A real server as a child process.

It is started, killed and started again, as an operator would.
"""

import asyncio
import atexit
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
_START = r"^(?:\{\"event\": ?\")?"
"""Of a sentence of the program: it stands alone, or in a line of JSON."""
READY = re.compile(_START + r"Waybill \S+ is ready: (https?://\S+?)/graphql", re.MULTILINE)
WORKER_READY = re.compile(_START + r"Waybill \S+ worker is ready: ", re.MULTILINE)
ADMIN = re.compile(_START + r"Admin: user name (\S+), password (\S+)", re.MULTILINE)
START_SECONDS = 60.0
STOP_SECONDS = 30.0
TAIL_LINES = 25
_UNLIMITED = {
    "WAYBILL_RATE_LIMIT_PER_MINUTE": "0",
    "WAYBILL_RATE_LIMIT_PER_SECOND": "0",
    "WAYBILL_USER_RATE_LIMIT_PER_MINUTE": "0",
    "WAYBILL_USER_RATE_LIMIT_PER_SECOND": "0",
}
"""Trials ask faster than people do."""


class ServerFailed(Exception):  # noqa: N818 (it reads as what happened)
    """The server did not start, or is not running: `what` happened, and the last lines that it printed."""

    def __init__(self, what: str, printed: str = "") -> None:
        tail = printed.strip().splitlines()[-TAIL_LINES:]
        super().__init__("\n".join([f"{what} It printed:", *tail]) if tail else what)
        self.what = what
        self.last_line = tail[-1] if tail else ""


class ServerProcess:
    """One `python server.py` on a data folder; `async with` starts it and stops it.

    Attributes:
        base_url: Where it answers, known from its first start on; a restart keeps the port.
        admin_name: The first user, read from what the first start printed; empty when it printed nothing.
        admin_password: That user's password.
        log_path: All that it printed, over all starts.
    """

    program: ClassVar[str] = "server.py"

    def __init__(
        self, data_dir: Path, environment: Mapping[str, str] | None = None, log_path: Path | None = None
    ) -> None:
        self.data_dir = data_dir
        self.log_path = log_path or data_dir.with_name(f"{data_dir.name}.log")
        self.base_url = ""
        self.admin_name = ""
        self.admin_password = ""
        self._environment = dict(environment or {})
        self._port = "0"
        self._process: subprocess.Popen[bytes] | None = None
        self._printed_before = 0

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.kill()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    async def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            ServerFailed: It ended, or did not answer within a minute.
        """
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._printed_before = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 (starting takes a millisecond)
                [sys.executable, str(ROOT / self.program)],
                env=self._child_environment(),
                # Not the project's folder: the .env of whoever develops here is not meant for this server.
                cwd=self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        atexit.register(self._process.kill)
        await self._wait_until_ready()

    async def stop(self) -> int:
        """Ask it to end (SIGTERM) and wait; it is killed after half a minute. Returns the exit status."""
        process = self._let_go()
        if process is None:
            return 0
        process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            return await asyncio.to_thread(process.wait)

    async def kill(self) -> None:
        """End it as a power cut does (SIGKILL)."""
        process = self._let_go()
        if process is not None:
            process.kill()
            await asyncio.to_thread(process.wait)

    async def restart(self) -> None:
        """Stop it, unless it is dead already, and start it again on the same port and data folder."""
        await self.stop()
        await self.start()

    def hold(self) -> None:
        """Have it hang (SIGSTOP)."""
        self._running().send_signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on after `hold`."""
        self._running().send_signal(signal.SIGCONT)

    def output(self) -> str:
        """All that it printed since its last start."""
        with self.log_path.open("rb") as log:
            log.seek(self._printed_before)
            return log.read().decode(errors="replace")

    async def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running:
                what = f"The server ended with status {self._running().returncode} instead of starting."
                raise ServerFailed(what, self.output())
            if await self._is_ready():
                return
            await asyncio.sleep(0.05)
        raise ServerFailed(f"The server was not ready after {START_SECONDS:.0f} s.", self.output())

    async def _is_ready(self) -> bool:
        found = READY.search(self.output())
        if found is None:
            return False
        # What it tells is how clients reach it: that may be a proxy, and then its own port is one that was chosen for it.
        port = self._environment.get("WAYBILL_PORT")
        base_url = f"http://127.0.0.1:{port}" if port else found[1]
        if not await _answers(f"{base_url}/ready"):
            return False
        self._remember(base_url)
        return True

    def _remember(self, base_url: str) -> None:
        self.base_url = base_url
        self._port = base_url.rpartition(":")[2]
        if admin := ADMIN.search(self.output()):
            self.admin_name, self.admin_password = admin[1], admin[2]

    def _let_go(self) -> subprocess.Popen[bytes] | None:
        process, self._process = self._process, None
        if process is not None:
            atexit.unregister(process.kill)
        return process

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerFailed("The server was not started.")
        return self._process

    def _child_environment(self) -> dict[str, str]:
        """The caller's environment, without its own settings of Waybill, and with those of this server."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        own = {"WAYBILL_DATA_DIR": str(self.data_dir), "WAYBILL_HOST": "127.0.0.1", "WAYBILL_PORT": self._port}
        return {**inherited, "PYTHONUNBUFFERED": "1", **own, **_UNLIMITED, **self._environment}


class WorkerProcess(ServerProcess):
    """One `python worker.py` beside servers on the same data folder."""

    program: ClassVar[str] = "worker.py"

    async def _is_ready(self) -> bool:
        return WORKER_READY.search(self.output()) is not None


async def _answers(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status == 200
    except aiohttp.ClientError:
        return False
