"""The data folder: one server at a time, and the secret key that it keeps."""

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO

from base.errors import ErrorCode, Refusal

_KEY_FILE = "secret_key"
_LOCK_FILE = "lock"


def lock_data_folder(folder: Path) -> IO[str]:
    """Make the folder (mode 0700) where there is none, and hold its lock until the returned file is closed.

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
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        message = (
            f"Another server{f' (process {holder})' if holder else ''} uses the data folder {folder}: "
            "stop it, or set WAYBILL_DATA_DIR to another folder."
        )
        raise Refusal(ErrorCode.LOCKED, message) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def read_secret_key(folder: Path) -> str:
    """The key kept in the folder (mode 0600), made at the first start."""
    path = folder / _KEY_FILE
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        key = secrets.token_urlsafe(48)
        beside = path.with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        return key
