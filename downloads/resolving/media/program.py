"""The program of the child process that asks yt-dlp about one page; standard library and yt-dlp alone.

Started by its path, never imported by the server. It reads a `Question` as JSON and writes an `Answer` as JSON, see `questions.py`.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

MEMORY_BYTES = 2**30
CPU_SECONDS = 60
OPEN_FILES = 64
MAX_FILES = 50
"""Videos of a page that are looked at; each costs requests."""
MAX_CHARACTERS = 300
"""Of a title or an error."""
PLAIN = "b[protocol~='^https?$']"
"""The best format that is one file with picture and sound, or with the one that there is."""
_HEADERS = frozenset(["user-agent", "referer", "origin", "accept", "accept-language"])
_CONNECTING = frozenset(["socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind"])
_LOOKING_UP = frozenset(["socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"])
_STARTING = frozenset(
    ["subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.fork", "os.forkpty", "pty.spawn"]
)


def main() -> None:
    """Answer one question."""
    channel = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no answer
    question = json.load(sys.stdin.buffer)
    limit(question["seconds"])
    proxy = urlsplit(question["proxy"])
    shut_in((proxy.hostname or "", proxy.port or 0))
    answer = json.dumps(extract(question)).encode()
    with os.fdopen(channel, "wb") as out:
        out.write(answer)


def limit(seconds: int) -> None:
    """Let this process end by itself after `seconds`, whatever becomes of its parent, and write to no file."""
    signal.alarm(seconds)
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(what, (most, most))
        except (OSError, ValueError):
            if sys.platform == "linux":  # macOS has no limit of memory
                raise


def shut_in(proxy: tuple[str, int]) -> None:
    """Let this process connect to `proxy` and nowhere else, and start no program; for good.

    PermissionError is raised where it tries.
    """

    def check(event: str, given: tuple[Any, ...]) -> None:
        if event in _STARTING:
            raise PermissionError("No program is started here.")
        if event in _CONNECTING and given[-1] != proxy:
            raise PermissionError("Only the proxy is connected to.")
        if event in _LOOKING_UP and given[0] != proxy[0]:
            raise PermissionError("Names are resolved by the proxy.")

    sys.addaudithook(check)


def extract(question: dict[str, Any]) -> dict[str, Any]:
    """What yt-dlp finds; `is_generic` where it knows nothing about the site itself."""
    import yt_dlp  # noqa: PLC0415  under the limits, and shut in
    from yt_dlp import globals as settings  # noqa: PLC0415

    settings.plugin_dirs.value = []
    said = _Said()
    with yt_dlp.YoutubeDL(_options(question, said)) as library:
        try:
            found = library.extract_info(question["url"], download=False, process=False)
        except yt_dlp.utils.DownloadError as error:
            return _failure(error)
        library.params["ignoreerrors"] = True  # one video that cannot be had leaves the others
        info = library.process_ie_result(found, download=False)
    files = [_file(each) for each in _videos(info)]
    return {
        "is_generic": found.get("extractor_key") == "Generic",
        "error": said.last_error,
        "files": files[:MAX_FILES],
        "unnamed": max((info or {}).get("playlist_count") or 0, len(files)) - len(files[:MAX_FILES]),
    }


class _Said:
    """A logger for yt-dlp, of which the last error is kept."""

    last_error = ""

    def debug(self, _message: str) -> None:
        """Nobody reads it."""

    warning = debug

    def error(self, message: str) -> None:
        self.last_error = _short(message.removeprefix("ERROR: "))


def _options(question: dict[str, Any], said: _Said) -> dict[str, Any]:
    """It reads no settings of the machine, keeps nothing, starts nothing, and asks through the proxy alone."""
    agent = question.get("user_agent")
    return {
        "proxy": question["proxy"],
        "format": PLAIN,
        "ignore_no_formats_error": True,
        "noplaylist": True,
        "playlistend": MAX_FILES,
        "logger": said,
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "cachedir": False,
        "usenetrc": False,
        "geo_bypass": False,
        "js_runtimes": {},
        "remote_components": [],
        "compat_opts": {"no-certifi"},  # the server's own requests trust what the system trusts
        "socket_timeout": 20,
        "http_headers": {"User-Agent": agent} if agent else {},
    }


def _failure(error: Any) -> dict[str, Any]:
    cause = error.__context__  # of the extractor, which names itself
    is_generic = getattr(cause, "ie", None) in {None, "generic"}
    sentence = _short(getattr(cause, "orig_msg", "")) if getattr(cause, "expected", False) else "it failed"
    return {"is_generic": is_generic, "error": sentence, "files": [], "unnamed": 0}


def _videos(info: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Those of a page, and of the lists in it."""
    if info is None:
        return
    if "entries" not in info:
        yield info
        return
    for entry in info["entries"]:
        yield from _videos(entry)


def _file(info: dict[str, Any]) -> dict[str, Any]:
    is_plain = info.get("protocol") in {"http", "https"}
    headers = info.get("http_headers") or {}
    return {
        "url": str(info["url"]) if is_plain and info.get("url") else None,
        "page": str(info.get("webpage_url") or ""),
        "title": _short(info.get("title") or info.get("id") or ""),
        "extension": str(info.get("ext") or ""),
        "headers": [(name, str(value)) for name, value in headers.items() if name.lower() in _HEADERS],
    }


def _short(text: Any) -> str:
    return " ".join(str(text).split())[:MAX_CHARACTERS]


if __name__ == "__main__":
    main()
