"""Duplicates: files that their owner has fetched before, and has still.

A file is the same where its URL and its server's strong validators are, or where its SHA-256 is.
"""

from hashlib import sha256

from downloads.failures import FileSkipped, SkipReason
from downloads.representation import Representation

_PREFIX = f"{SkipReason.DUPLICATE} of "


def source_of(url: str, file: Representation) -> str | None:
    """A digest of `url` and of what tells this version of `file` from others; None where its server does not."""
    if file.if_range is None or file.total is None:
        return None
    parts = (url, str(file.total), file.etag or "", file.last_modified or "")
    return sha256("\n".join(parts).encode(errors="replace")).hexdigest()


def check_new(earlier: str | None) -> None:
    """Raises FileSkipped where the download `earlier` has brought the same file."""
    if earlier is not None:
        raise FileSkipped(SkipReason.DUPLICATE, f"{earlier} has fetched the same file before.", earlier)


def reason_of(skipped: FileSkipped) -> str:
    """The reason as items have it: of a duplicate it names the earlier download."""
    return f"{_PREFIX}{skipped.duplicate_of}" if skipped.duplicate_of else skipped.reason


def duplicate_in(reason: str) -> str | None:
    """The download that is named in the reason why a file was skipped, where it is such a reason."""
    return reason.removeprefix(_PREFIX) if reason.startswith(_PREFIX) else None
