"""A small file system that can really be full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.conftest import skip_or_fail


@contextmanager
def mounted(folder: Path, size_bytes: int) -> Iterator[Path]:
    """So many bytes of memory as a file system at `folder`; where that is not allowed, the test is left out."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    try:
        subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        skip_or_fail("mount", "This test needs the program mount.")
    except subprocess.CalledProcessError as error:
        skip_or_fail(
            "mount", f"This test mounts a small file system, which is not allowed here: {error.stderr.strip()}"
        )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, left: int = 0) -> Path:
    """Take all room but so many bytes, with the file that is returned."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (64 * 1024, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
        file.truncate(max(file.tell() - left, 0))
    return ballast
