"""The data folder: who may use it at the same time, and the secret key that it keeps."""

import asyncio
import fcntl
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from base.errors import ErrorCode, Refusal
from storage.local.folders import sync_folder

_KEY_FILE = "secret_key"
_LOCK_FILE = "lock"
_POLL_SECONDS = 0.2


def lock_data_folder(folder: Path, *, is_shared: bool) -> IO[str]:
    """Make the folder (mode 0700) where there is none, and hold its lock until the returned file is closed.

    Args:
        folder: Servers on several machines may have mounted it.
        is_shared: Whether others who say so, too, may hold it at the same time.

    Raises:
        Refusal: LOCKED where another server has it; SERVICE_UNAVAILABLE where it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (folder / _LOCK_FILE).open("a+")
    except OSError as error:
        message = f"The data folder {folder} cannot be used ({error.strerror}): set WAYBILL_DATA_DIR to one that can."
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message) from None
    try:
        _lock(file, folder, is_shared=is_shared)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        message = (
            f"Another server{f' (process {holder})' if holder else ''} uses the data folder {folder}: "
            "stop it, or set WAYBILL_DATA_DIR to another folder."
        )
        raise Refusal(ErrorCode.LOCKED, message) from None
    file.truncate(0)
    if not is_shared:
        with suppress(OSError):  # of a full disk: it is for people, the lock holds without
            file.write(str(os.getpid()))
            file.flush()
    return file


def check_data_folder(folder: Path) -> None:
    """See that servers use this folder: one that is not mounted is empty, and what is done with it would be done in vain.

    Raises:
        Refusal: SERVICE_UNAVAILABLE where no server has used it.
    """
    if not (folder / _LOCK_FILE).exists():
        message = (
            f"No server has used the data folder {folder}: set WAYBILL_DATA_DIR to the one that the servers have, and see "
            "that it is mounted."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)


async def find_data_folder(folder: Path, seconds: float) -> None:
    """As `check_data_folder`, for a worker, which writes to it; a server that starts now has so many seconds to make it.

    Raises:
        Refusal: SERVICE_UNAVAILABLE, also where it cannot be written.
    """
    until = time.monotonic() + seconds
    while not (folder / _LOCK_FILE).exists():
        if time.monotonic() >= until:
            break
        await asyncio.sleep(_POLL_SECONDS)
    check_data_folder(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        message = (
            f"The data folder {folder} cannot be written: give it to the user of this worker, as it is the servers'."
        )
        raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message)


def _lock(file: IO[str], folder: Path, *, is_shared: bool) -> None:
    """Raises BlockingIOError where somebody has it; some file systems that machines share have no locks at all."""
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if not is_shared:
            file.close()
            message = (
                f"The data folder {folder} cannot be locked ({error.strerror}): SQLite needs a disk of this machine."
            )
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, message) from None


def read_secret_key(folder: Path) -> str:
    """The key kept in the folder (mode 0600), made at the first start: one, however many servers start at once."""
    path = folder / _KEY_FILE
    with suppress(FileNotFoundError):
        return path.read_text().strip()
    beside = path.with_suffix(f".{secrets.token_hex(8)}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
    # A link appears whole, and the first one stays, where to rename would put the last key over those in use.
    try:
        with suppress(FileExistsError):
            path.hardlink_to(beside)
    finally:
        beside.unlink()
    sync_folder(folder)  # whoever starts after a power cut must not be without the key that the database knows
    return path.read_text().strip()


def key_file(folder: Path) -> Path:
    """Where the folder keeps the key; nothing is there where that is in the settings."""
    return folder / _KEY_FILE
