"""Events, and their JSON.

One carries the new state of a job or an upload, a log line, an order to stop, or a request to release.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import orjson

Kind = Literal["job", "upload", "log", "stop", "release", "access"]
URGENT_FIELDS = ("status", "stage", "awaiting", "deleted_at", "attempt")
"""A change of one of these is told at once; everything else is progress, of which the latest is enough."""


class Stamp(NamedTuple):
    """What is kept of an event to compare the next one of its key with: `urgent` are its values of URGENT_FIELDS."""

    version: int
    urgent: tuple[Any, ...]


class Event(NamedTuple):
    """One change, told after its commit.

    Attributes:
        kind: Which table `row` is of; `stop` orders workers to stop the job `row["id"]`, `release` asks whoever is
            touching the upload `row["upload_id"]` to let go; `access`: what the user `row["id"]` may do is not what it was, or one
            of their tokens has ended.
        row: What subscribers can see of the row (column → JSON value): a watcher needs no query to see the state.
    """

    kind: Kind
    row: dict[str, Any]

    @property
    def key(self) -> str:
        """What it is about: a later event of the same key makes an earlier one stale (log lines: never)."""
        return f"{self.kind}:{self.row['id']}"

    @property
    def version(self) -> int:
        """Grows with every change of one row; 0 where rows do not change."""
        return int(self.row.get("version") or 0)

    @property
    def topics(self) -> tuple[str, ...]:
        """Where it can be heard."""
        match self.kind:
            case "job":
                return job_topic(self.row["id"]), jobs_topic(self.row["owner_id"]), jobs_topic(None)
            case "upload":
                return (upload_topic(self.row["id"]),)
            case "log":
                return logs_topic(job_id=self.row["job_id"]), logs_topic(owner_id=self.row["owner_id"]), logs_topic()
            case "stop":
                return (STOP_TOPIC,)
            case "release":
                return (RELEASE_TOPIC,)
            case "access":
                return (access_topic(self.row["id"]),)

    @property
    def stamp(self) -> Stamp:
        return Stamp(self.version, tuple(map(self.row.get, URGENT_FIELDS)))

    def encode(self) -> bytes:
        return orjson.dumps({"kind": self.kind, "row": self.row})

    @classmethod
    def decode(cls, data: bytes) -> "Event":
        fields = orjson.loads(data)
        return cls(fields["kind"], fields["row"])


STOP_TOPIC = "stop"
RELEASE_TOPIC = "release"
_ACCESS = "access:"
_UPLOAD = "upload:"


def is_order(topic: str) -> bool:
    """Whether `topic` is what processes say to each other, and no subscriber hears."""
    return topic in {STOP_TOPIC, RELEASE_TOPIC} or topic.startswith(_ACCESS)


def access_topic(user_id: str) -> str:
    """Changes of what one user may do, and ends of their tokens."""
    return f"{_ACCESS}{user_id}"


def job_topic(job_id: str) -> str:
    """Changes of one job."""
    return f"job:{job_id}"


def jobs_topic(owner_id: str | None) -> str:
    """Changes of one owner's jobs, or of everybody's."""
    return f"jobs:{owner_id or '*'}"


def upload_topic(upload_id: str) -> str:
    """Changes of one upload."""
    return f"{_UPLOAD}{upload_id}"


def watched_uploads(topics: Iterable[str]) -> list[str]:
    """Ids of the uploads that are among `topics`."""
    return [topic.removeprefix(_UPLOAD) for topic in topics if topic.startswith(_UPLOAD)]


def logs_topic(*, job_id: str | None = None, owner_id: str | None = None) -> str:
    """Log lines of one job, of one owner's jobs, or of all."""
    return f"logs:{job_id or owner_id or '*'}"
