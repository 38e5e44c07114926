"""A PostgreSQL of our own: a cluster in a folder of its own, started, restarted, killed and held for a moment."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from tests.redis_server import free_port

START_SECONDS = 30
_CONFIGURATION = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c fsync=off"
"""Without fsync only the machine itself could lose something by dying, which it does not here."""


def find_programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`: on the PATH, or where Debian puts them, the newest version first."""
    if shutil.which("initdb") and (found := shutil.which("pg_ctl")):
        return Path(found).parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    return max((path.parent for path in versions), key=lambda folder: int(folder.parent.name), default=None)


class PostgresServer:
    """One cluster on a port of its own, which it keeps over restarts; it is removed with the block.

    PostgreSQL does not run as root: for root it is run as another user.

    Attributes:
        url: Its address; the database is `postgres`.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._user = _unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="waybill-postgres-"))  # a user who is not we must reach it
        self._data = self._folder / "data"
        self._port = free_port()
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D", str(self._data))
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError, FileNotFoundError):
            self.let_go()
        with suppress(subprocess.CalledProcessError):
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Returns once it answers; after a crash it recovers first."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                options = f"-p {self._port} {_CONFIGURATION}"
                self._control("start", "-w", "-o", options, "-l", str(self._folder / "log"))
            except subprocess.CalledProcessError:  # processes of the one that was killed are not gone yet
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def stop(self, mode: Literal["fast", "immediate"]) -> None:
        """`fast` rolls back and closes, `immediate` leaves as in a crash."""
        self._control("stop", "-w", "-m", mode)

    def kill(self) -> None:
        """End its first process (SIGKILL); the others notice and leave."""
        os.kill(self._pid, signal.SIGKILL)

    def hold(self) -> None:
        """Have all of it hang (SIGSTOP): connections stay, answers do not come."""
        self._signal_all(signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on after `hold`."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        os.kill(self._pid, number)
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                pid, parent = int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])
                if parent == self._pid:
                    os.kill(pid, number)

    @property
    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", *arguments, "-D", str(self._data))

    def _run(self, program: str, *arguments: str) -> None:
        nobody: dict[str, Any] = {"user": self._user, "extra_groups": []} if self._user is not None else {}
        with (self._folder / "out").open("ab") as out:  # not a pipe, which the server would keep open
            subprocess.run(
                [self._programs / program, *arguments], cwd=self._folder, stdout=out, stderr=out, check=True, **nobody
            )


def _unprivileged_user() -> str | None:
    """As whom it runs where we are root; None: as we are."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
