"""nginx and Caddy as real processes, with the very samples of docs/deploy; what differs is put in their place by name."""

import asyncio
import os
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from client.server_process import ROOT
from tests.clients.programs import program_or_skip
from tests.redis_server import free_port

SAMPLES = ROOT / "docs" / "deploy"
CERTIFICATE = ("/etc/ssl/waybill/fullchain.pem", "/etc/ssl/waybill/key.pem")
ADDRESSES = ("10.0.0.11:8000", "10.0.0.12:8000")
START_SECONDS = 20
STOP_SECONDS = 5


@dataclass(frozen=True)
class Proxy(ABC):
    """One sample.

    Attributes:
        sample: Its file in docs/deploy.
        host: The name that stands there for the site.
        prefix: The path below which the site has Waybill.
        port: Of this machine, where it listens with TLS.
    """

    program: ClassVar[str]
    sample: str
    host: str
    prefix: str
    port: int

    @property
    def public_url(self) -> str:
        return f"https://localhost:{self.port}{self.prefix}"

    @abstractmethod
    def command(self, folder: Path, certificate: Path, servers: Sequence[str]) -> list[str]:
        """What starts it in the foreground, its files in `folder`."""


class Nginx(Proxy):
    program: ClassVar[str] = "nginx"

    def command(self, folder: Path, certificate: Path, servers: Sequence[str]) -> list[str]:
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            f"server_name {self.host};": "server_name localhost;",
            **_common(certificate, servers),
        }
        if self.prefix == "":
            changes["listen 80;"] = f"listen 127.0.0.1:{free_port()};"
        (folder / "waybill.conf").write_text(replaced(self.sample, changes))
        user = "user root;" if os.getuid() == 0 else ""
        places = " ".join(
            f"{room}_temp_path {folder}/{room};" for room in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = folder / "nginx.conf"
        main.write_text(
            f"{user} worker_processes 2; pid {folder}/pid; error_log {folder}/error.log info; events {{}}\n"
            f"http {{ access_log off; {places} include {folder}/waybill.conf; }}\n"
        )
        return [program_or_skip(self.program), "-p", str(folder), "-c", str(main), "-g", "daemon off;"]


class Caddy(Proxy):
    program: ClassVar[str] = "caddy"

    def command(self, folder: Path, certificate: Path, servers: Sequence[str]) -> list[str]:
        changes = {f"{self.host} {{": f"https://localhost:{self.port} {{", **_common(certificate, servers)}
        apart = (
            f"{{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\thttp_port {free_port()}\n}}\n"
        )
        path = folder / "Caddyfile"
        path.write_text(apart + replaced(self.sample, changes))
        return [program_or_skip(self.program), "run", "--adapter", "caddyfile", "--config", str(path)]


PROXIES: Mapping[str, tuple[type[Proxy], str, str]] = {
    "nginx.conf": (Nginx, "files.example.com", ""),
    "nginx-subpath.conf": (Nginx, "www.example.com", "/waybill"),
    "Caddyfile": (Caddy, "files.example.com", ""),
    "Caddyfile-subpath": (Caddy, "www.example.com", "/waybill"),
}


def proxy_for(sample: str) -> Proxy:
    """The proxy of a sample, at a port that is free."""
    kind, host, prefix = PROXIES[sample]
    return kind(sample, host, prefix, free_port())


def replaced(sample: str, changes: Mapping[str, str]) -> str:
    """The text of a sample with every one of these changes, each of which must find something."""
    text = (SAMPLES / sample).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{sample} has no {old!r} any more"
        text = text.replace(old, new)
    return text


@asynccontextmanager
async def running(proxy: Proxy, certificate: Path, servers: Sequence[str]) -> AsyncIterator[Path]:
    """The proxy before `servers` (host and port), while the block lasts. Yields the file of what it says."""
    with tempfile.TemporaryDirectory(prefix="waybill-proxy-") as name:
        folder = Path(name)
        command = proxy.command(folder, certificate, servers)
        home = {"HOME": name, "XDG_DATA_HOME": name, "XDG_CONFIG_HOME": name}
        log = folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **home})
        try:
            await _listening(process, proxy.port, log)
            yield log
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):  # Caddy waits for connections that a failed test left open
                await asyncio.to_thread(process.wait, STOP_SECONDS)
            process.kill()
            await asyncio.to_thread(process.wait)


async def _listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            assert process.poll() is None, log.read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def _common(certificate: Path, servers: Sequence[str]) -> dict[str, str]:
    """The certificate's file has its key, too."""
    files = dict.fromkeys(CERTIFICATE, str(certificate))
    return files | dict(zip(ADDRESSES, servers, strict=True))
