#!/usr/bin/env python3
"""All that a developer types: sets up .venv, then demo, run, test, check, fix, bench. Needs Python and nothing else."""

import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 (whoever has an older one gets this sentence)
    newer = next((name for name in (f"python3.{minor}" for minor in range(14, 10, -1)) if shutil.which(name)), "")
    advice = f"You have a newer one: {newer} dev.py" if newer else "Install a newer one: https://www.python.org"
    sys.exit(f"dev.py: Waybill needs Python 3.11 or later, and this is {platform.python_version()}. {advice}")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "complete.json"
LOCK = ROOT / "requirements.lock"
SDL = ROOT / "schema.graphql"
MAX_SIDE_BY_SIDE = 4
"""Processes of tests, each with a database of its own: one more than processors, because many tests wait."""
HOSTS = {"https://pypi.org", "https://files.pythonhosted.org"}
PRINT_SDL = ("server.py", "--print-schema")
LINT_IMPORTS = ("-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-logo")
UV_LOCK = ("-m", "uv", "lock", "-q", "--no-config", "--default-index", "https://pypi.org/simple")
UV_EXPORT = ("-m", "uv", "export", "-q", "--no-config", "--frozen", "--all-groups", "--no-emit-project", "--no-header",
             "--format", "requirements-txt")  # fmt: skip

USAGE = """\
Waybill: all that a developer types. Each command first sets up .venv, when that is needed.

  python3 dev.py demo [--keep] [--file PATH]   see a file go up, be worked on and come back, in a minute
  python3 dev.py run [arguments of server.py]  start the server on http://127.0.0.1:8000
  python3 dev.py test [--long] [of pytest]     run the tests; --long adds the long ones, --all trials of minutes, too
  python3 dev.py check                         format, lint, types, imports, schema, lock files, names
  python3 dev.py fix                           mend what a program can mend of these
  python3 dev.py bench [name ...]              run the benchmarks, or the named ones
  python3 dev.py setup                         set up .venv and nothing else
"""

REMEDIES = (
    (r"No space left on device|Errno 28", "The disk is full. Make room (the packages take 900 MB), then try again."),
    (r"ensurepip|No module named '?(venv|pip)",
     "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv, then try again."),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError",
     "The certificate of the package index is not trusted here. Set PIP_CERT to your network's certificate file."),
    (r"DO NOT MATCH THE HASHES",
     "A package differs from what requirements.lock names. See with `pip config list` which index pip asks."),
    (r"NewConnectionError|ConnectTimeout|Read timed out|name resolution|ProxyError|unreachable|from versions: none",
     "The package index cannot be reached. Check the network; behind a proxy set HTTPS_PROXY, for a mirror PIP_INDEX_URL."),
    (r"Permission denied|Read-only file system", f"Nothing can be written to {ROOT}. Get the right to, or copy the folder."),
)  # fmt: skip


class Stop(Exception):  # noqa: N818 (it is an answer to the person, not an error of the program)
    """What went wrong and what to do about it, in one or two sentences."""


def clean_environment() -> dict[str, str]:
    """The caller's environment without what would make Python, pip, uv or pytest behave differently here."""
    network = r"\w*(INDEX|FIND_LINKS|PROXY|CERT|TRUSTED_HOST|TIMEOUT|RETRIES|CACHE_DIR|CONFIG_FILE)"
    foreign = re.compile(rf"PYTHON|__PYVENV|VIRTUAL_ENV|UV_(?!CACHE_DIR)|PIP_(?!{network})|PYTEST_|MYPY|RUFF_")
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return {**kept, "PYTHONUTF8": "1", "PIP_USER": "0"}


def wanted_key() -> str:
    """What .venv must have been made from: this lock file, this Python, this place."""
    return hashlib.sha256(LOCK.read_bytes() + platform.python_version().encode() + os.fsencode(VENV)).hexdigest()


def installed() -> set[str]:
    """What lies in site-packages."""
    folder = VENV / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


def is_complete() -> bool:
    """Whether .venv was finished, from this lock file, and nothing has been taken out of it since."""
    try:
        stamp = json.loads(STAMP.read_text())
        return stamp["key"] == wanted_key() and os.access(PYTHON, os.X_OK) and installed() >= set(stamp["entries"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


@contextlib.contextmanager
def one_set_up() -> Iterator[int]:
    """Hold the lock of the set-up, which lies on this very file, so that nothing is left behind."""
    try:
        import fcntl  # noqa: PLC0415 (Windows has none)
    except ImportError:
        raise Stop("dev.py works on Linux and macOS. On Windows use WSL.") from None
    with Path(__file__).open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up is running, waiting...", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def set_up() -> None:
    """Make .venv what requirements.lock says, unless it is that already."""
    if not is_complete():
        with one_set_up() as lock:
            if not is_complete():  # it may have been made while we waited
                make_environment(lock)


def make_environment(lock: int) -> None:
    """Make .venv anew with every package of the lock file, each checked by its hash."""
    began = time.monotonic()
    STAMP.unlink(missing_ok=True)
    shutil.rmtree(VENV, ignore_errors=True)
    base = getattr(sys, "_base_executable", "") or sys.executable  # never the .venv that was just removed
    install_step(lock, "Making .venv", base, "-Im", "venv", str(VENV))
    pip = "-Im pip --disable-pip-version-check install --no-deps --require-hashes --no-input --progress-bar off -r"
    install_step(lock, "Fetching packages:", str(PYTHON), *pip.split(), str(LOCK))
    draft = STAMP.with_suffix(".draft")
    draft.write_text(json.dumps({"key": wanted_key(), "entries": sorted(installed())}))
    draft.replace(STAMP)  # whole or not at all, whenever this process may be killed
    print(f"Set up .venv in {time.monotonic() - began:.0f} s.", flush=True)


def install_step(lock: int, title: str, *command: str) -> None:
    """Run one step of the set-up with a live line; it inherits `lock`, so that it holds it even when we are killed."""
    lines: list[str] = []
    began, total = time.monotonic(), len(re.findall(r"(?m)^\w\S*==", LOCK.read_text("utf-8")))
    with subprocess.Popen(
        command, env=clean_environment(), pass_fds=[lock], stdout=PIPE, stderr=STDOUT, errors="replace"
    ) as process:
        reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(0.1)
            done = sum(line.startswith(("Collecting", "Processing", "Ignoring")) for line in lines)
            verb = "Installing packages:" if any(line.startswith("Installing") for line in lines) else title
            live_line(f"{verb}{f' {done}/{total}' if done else ''}, {time.monotonic() - began:.0f} s")
    live_line("")
    if process.returncode:
        raise Stop(remedy_for("".join(lines)) or f"{title} failed: {' '.join(''.join(lines).split())[-500:]}")


def remedy_for(text: str) -> str:
    """What to do when a program of the set-up says `text`; empty where nobody knows."""
    if shutil.disk_usage(ROOT).free < 20_000_000:
        return REMEDIES[0][1]  # venv hides it
    return next((remedy for signs, remedy in REMEDIES if re.search(signs, text)), "")


def live_line(text: str) -> None:
    """Show `text` in place of what this line of the terminal shows; elsewhere nothing."""
    if sys.stdout.isatty():
        print(f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)


def become(*arguments: str, environment: dict[str, str] | None = None) -> NoReturn:
    """Go on as the Python of .venv: terminal, signals and exit status are then those of the program itself."""
    sys.stdout.flush()
    os.execve(PYTHON, [str(PYTHON), *arguments], environment or clean_environment())  # noqa: S606 (no shell is wanted)


def test(arguments: list[str]) -> int:
    """pytest, with a HOME of its own and no settings of the caller's but those for the tests."""
    home = VENV / "home"
    home.mkdir(exist_ok=True)
    environment = {k: v for k, v in clean_environment().items() if not re.match(r"WAYBILL_(?!TEST_)", k)}
    which = ["-m", "not long and not trial"]
    if "--long" in arguments:
        which = ["-m", "not trial"]
    if "--all" in arguments:
        which = ["--hypothesis-profile=exploring"]
    rest = [argument for argument in arguments if argument not in {"--long", "--all"}]
    # Whoever names tests wants to see them one after the other; else the next free process takes the next test, or the
    # next ones that share a server.
    is_named = any(not argument.startswith("--") for argument in rest)
    processes = min((os.cpu_count() or 1) + 1, MAX_SIDE_BY_SIDE)
    how = [] if is_named else ["-n", str(processes)]
    become("-m", "pytest", *which, *how, *rest, environment={**environment, "HOME": str(home)})


def bench(arguments: list[str]) -> int:
    names = sorted(path.stem for path in (ROOT / "benchmarks").glob("[a-z]*.py"))
    if not names or not set(arguments) <= set(names):
        raise Stop(f"The benchmarks are: {', '.join(names) or 'none yet'}.")
    calls = [[str(PYTHON), "-m", f"benchmarks.{name}"] for name in arguments or names]
    return max([subprocess.call(call, env=clean_environment()) for call in calls])


def report(steps: dict[str, Callable[[], object]], at_once: int, advice: str) -> int:
    """Do all steps and print a line for each, then what the failed ones said; 1 if any failed."""
    failures = {}
    with ThreadPoolExecutor(at_once) as pool:
        for name, (seconds, failure) in zip(steps, pool.map(timed, steps.values()), strict=True):
            print(f"{name:8} {seconds:6.1f} s  {'FAILED' if failure else 'ok'}", flush=True)
            if failure:
                failures[name] = failure
    for name, failure in failures.items():
        print(f"\n--- {name}\n{failure}")
    print(f"\nFailed: {', '.join(failures)}. {advice}" if failures else "All is well.")
    return 1 if failures else 0


def timed(step: Callable[[], object]) -> tuple[float, str]:
    """Seconds that the step took, and what it said if it failed."""
    began, failure = time.monotonic(), ""
    try:
        step()
    except Stop as stop:
        failure = str(stop)
    return time.monotonic() - began, failure


def said_by(*arguments: str) -> str:
    """What the Python of .venv prints; when it fails, Stop with all that it said."""
    done = subprocess.run(
        [PYTHON, *arguments], env=clean_environment(), capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise Stop(f"{done.stdout}{done.stderr}".strip() or f"Ended with status {done.returncode}.")
    return done.stdout


def check_schema() -> None:
    if not SDL.exists() or said_by(*PRINT_SDL) != SDL.read_text("utf-8"):
        raise Stop("schema.graphql is not what the code says.")


def check_lock() -> None:
    said_by(*UV_LOCK, "--check")
    requirements = LOCK.read_text("utf-8")
    if said_by(*UV_EXPORT) != requirements:
        raise Stop("requirements.lock is not what uv.lock says.")
    hosts = set(re.findall(r"\w+://[^/\s\"]+", requirements + (ROOT / "uv.lock").read_text("utf-8")))
    if hosts - HOSTS:
        raise Stop(f"The lock files name hosts that not everybody reaches: {', '.join(sorted(hosts - HOSTS))}.")


def check_names() -> None:
    """A package that brings one of our names could be imported in place of ours."""
    ours = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or any(path.glob("*.py"))}
    theirs = ours & {entry.split(".")[0] for entry in installed()}
    if theirs:
        raise Stop(f"Names that are ours are brought by an installed package too: {', '.join(sorted(theirs))}.")


CHECKS: dict[str, Callable[[], object]] = {
    "types": lambda: said_by("-m", "mypy"),
    "schema": check_schema,
    "imports": lambda: said_by(*LINT_IMPORTS),
    "lint": lambda: said_by("-m", "ruff", "check", "--output-format", "concise"),
    "format": lambda: said_by("-m", "ruff", "format", "--check", "--output-format", "concise"),
    "lock": check_lock,
    "names": check_names,
}
FIXES: dict[str, Callable[[], object]] = {
    "lint": lambda: said_by("-m", "ruff", "check", "--fix", "--output-format", "concise"),
    "format": lambda: said_by("-m", "ruff", "format"),
    "schema": lambda: SDL.write_text(said_by(*PRINT_SDL), "utf-8"),
    "lock": lambda: (said_by(*UV_LOCK), LOCK.write_text(said_by(*UV_EXPORT), "utf-8")),
}
COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "setup": lambda _: print(f".venv is complete: {PYTHON}"),
    "demo": lambda rest: become("-m", "client.demo", *rest),
    "run": lambda rest: become("server.py", *rest),
    "test": test,
    "check": lambda _: report(CHECKS, 2, "Some of it is mended by: python3 dev.py fix"),
    "fix": lambda _: report(FIXES, 1, "That is for you to mend; then: python3 dev.py check"),
    "bench": bench,
}


def main(arguments: list[str]) -> int | None:
    command, *rest = arguments or ["--help"]
    if command in {"-h", "--help", "help"}:
        print(USAGE, end="")
        return 0
    if command not in COMMANDS:
        print(f"dev.py has no command {command}.\n\n{USAGE}", end="", file=sys.stderr)
        return 2
    try:
        set_up()
        # The programs start in this folder; a file that the caller names lies in the caller's.
        rest = [
            str(Path(word).absolute()) if rest[n - 1 : n] in (["--file"], ["--backup"]) else word
            for n, word in enumerate(rest)
        ]
        os.chdir(ROOT)
        return COMMANDS[command](rest)
    except (Stop, OSError) as error:
        print(f"dev.py: {remedy_for(str(error)) or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
