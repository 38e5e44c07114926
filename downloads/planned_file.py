"""Planned files of a download, as its slices keep them."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from downloads.options import Headers
from storage.keys import partial_key


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One file that is to be fetched, or why it is not.

    Attributes:
        url: Without credentials; None: the file is what the URL of the download itself leads to, whatever that is by then.
        is_first_origin: Credentials and headers of the owner may go there.
        is_page_wanted: A page that lies there is the file.
        name: It is saved as this, where that is known better than by its server.
        headers: Sent with the requests for it, see `ResolvedFile`.
        size_bytes: On the wire, where it is known before.
        skip_reason: A word for programs.
        skip_message: The same, as a sentence for its owner.
    """

    url: str | None = None
    is_first_origin: bool = True
    is_page_wanted: bool = True
    name: str | None = None
    headers: Headers = ()
    size_bytes: int | None = None
    skip_reason: str | None = None
    skip_message: str | None = None

    def key(self, job_id: str) -> str:
        """Where its bytes lie until it is complete, in each attempt of the job `job_id`."""
        return key_of(job_id, self.url)


def key_of(job_id: str, url: str | None) -> str:
    """As `PlannedFile.key`."""
    return partial_key(job_id, "itself" if url is None else sha256(url.encode(errors="replace")).hexdigest()[:16])


def payload_of(files: Iterable[PlannedFile]) -> dict[str, Any]:
    """`files` as the payload of a slice."""
    return {"files": [asdict(file) for file in files]}


def files_of(payload: dict[str, Any]) -> list[PlannedFile]:
    """The reverse of `payload_of`."""
    return [_file_of(file) for file in payload["files"]]


def _file_of(fields: dict[str, Any]) -> PlannedFile:
    return PlannedFile(**{**fields, "headers": tuple((name, value) for name, value in fields.get("headers", ()))})
