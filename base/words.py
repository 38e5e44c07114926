"""Words that rooms share: types, statuses, roles and levels.

They are spelled as clients see them.
"""

from enum import StrEnum
from functools import cached_property


class Role(StrEnum):
    """What a user may do."""

    USER = "USER"
    ADMIN = "ADMIN"
    WORKER = "WORKER"


class UploadStatus(StrEnum):
    """The life of an upload."""

    UPLOADING = "UPLOADING"
    FINALISING = "FINALISING"
    COMPLETED = "COMPLETED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"


class JobType(StrEnum):
    """The three types of job."""

    TASK = "TASK"
    BATCH = "BATCH"
    DOWNLOAD = "DOWNLOAD"


class JobStatus(StrEnum):
    """The life of a job, the same for every type and kind."""

    PENDING = "PENDING"
    UPLOADING = "UPLOADING"
    UPLOADED = "UPLOADED"
    PROCESSING = "PROCESSING"
    AWAITING_INPUT = "AWAITING_INPUT"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    SKIPPED = "SKIPPED"

    @cached_property
    def is_active(self) -> bool:
        """Not finished."""
        return self not in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.SKIPPED}


class WaitReason(StrEnum):
    """Why a job waits by itself, though its turn may have come."""

    DISK_FULL = "DISK_FULL"


class ItemStatus(StrEnum):
    """The life of an item; COMPLETED, FAILED, SKIPPED and CANCELLED end it."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


class SlicePhase(StrEnum):
    """What a slice asks of its processor."""

    PLAN = "PLAN"
    PROCESS = "PROCESS"
    FINISH = "FINISH"


class SliceStatus(StrEnum):
    """The life of a slice: WAITING may be claimed, RUNNING has a worker and a lease, DONE is never done again."""

    WAITING = "WAITING"
    RUNNING = "RUNNING"
    DONE = "DONE"
    DROPPED = "DROPPED"


class FileRole(StrEnum):
    """What a file is for."""

    INPUT = "INPUT"
    INTERMEDIATE = "INTERMEDIATE"
    RESULT = "RESULT"
    REPORT = "REPORT"


class LogLevel(StrEnum):
    """How much a log line matters, least first."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    ERROR = "ERROR"


class ProxyMode(StrEnum):
    """Which proxy a download goes through: none, that of the server's environment, or one that its owner names."""

    NONE = "NONE"
    SYSTEM = "SYSTEM"
    CUSTOM = "CUSTOM"


class OnDuplicate(StrEnum):
    """What becomes of a download that would bring a file which its owner has already."""

    SKIP = "SKIP"
    DOWNLOAD = "DOWNLOAD"
