"""Keys: the names under which bytes are stored; made of ids, never of what a client called its file."""

import re
from pathlib import Path

_SHAPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*(?:/[A-Za-z0-9][A-Za-z0-9._~-]*)*")
_MAX_LENGTH = 512


def upload_key(upload_id: str) -> str:
    """Where the bytes of an upload lie; the last two digits spread uploads over 256 folders."""
    return f"uploads/{upload_id[-2:]}/{upload_id}"


def file_key(file_id: str) -> str:
    """Where the bytes of a job's file lie."""
    return f"files/{file_id[-2:]}/{file_id}"


def partial_key(job_id: str, name: str) -> str:
    """Where the bytes lie that have come of the file `name` (letters and digits) of a download."""
    return f"{partials_folder(job_id)}/{job_id}.{name}"


def partials_folder(job_id: str) -> str:
    """Where all of them lie; those of other downloads, too."""
    return f"partials/{job_id[-2:]}"


def path_under(root: Path, key: str) -> Path:
    """The path that `key` means below `root`.

    Raises:
        ValueError: `key` is not slash-separated names that begin with a letter or a digit: it could climb.
    """
    if len(key) > _MAX_LENGTH or _SHAPE.fullmatch(key) is None:
        msg = f"not a storage key: {key[:80]!r}"
        raise ValueError(msg)
    return root / key
