"""Enums: the shared words with their descriptions."""

from enum import Enum, StrEnum
from typing import Any

import strawberry

from base.errors import ErrorCode
from base.words import FileRole, ItemStatus, JobStatus, JobType, LogLevel, Role, UploadStatus
from jobs.actions import JobAction
from jobs.queries import JobOrderField
from jobs.reports import ReportStatus

__all__ = [
    "ErrorCode",
    "FileRole",
    "ItemStatus",
    "JobAction",
    "JobOrderField",
    "JobStatus",
    "JobType",
    "LogLevel",
    "OrderDirection",
    "ReportStatus",
    "Role",
    "UploadStatus",
]


class OrderDirection(StrEnum):
    """Which end of an order comes first."""

    ASC = "ASC"
    DESC = "DESC"


def _describe(enum: type[Enum], description: str, **values: str) -> None:
    """Make `enum` a GraphQL enum; `values` describe its members, whose name speaks for itself otherwise."""
    definition: Any = strawberry.enum(enum, name=enum.__name__, description=description)
    for value in definition.__strawberry_definition__.values:
        value.description = values.get(value.name, value.name.replace("_", " ").capitalize() + ".")


_describe(
    JobStatus,
    "The life of a job, the same for every type and kind. `stage` tells what happens inside PROCESSING.",
    PENDING="Waits for a free worker.",
    UPLOADING="Some of its uploads still miss bytes.",
    UPLOADED="All bytes are in; queued next, in the same transaction, unless it waits for its owner.",
    PROCESSING="A worker is at it.",
    AWAITING_INPUT="Parked until its owner calls startJob.",
    PAUSED="Stopped by its owner; goes on from there.",
    CANCELLING="Asked to stop; the work has not stopped yet.",
    COMPLETED="Done; its files are there. See hasFailures.",
    FAILED="Ended by an error; see error.",
    CANCELLED="The work has stopped.",
    SKIPPED="Not done because it was already done: see skipReason.",
)
_describe(
    ItemStatus,
    "The life of an item.",
    PENDING="Not begun.",
    PROCESSING="A worker is at it.",
    COMPLETED="Done; see result.",
    FAILED="See error.",
    SKIPPED="Not needed; see skipReason.",
    CANCELLED="Its job ended before its turn.",
)
_describe(
    UploadStatus,
    "The life of an upload.",
    UPLOADING="Bytes are missing.",
    FINALISING="All bytes are here and are being checked.",
    COMPLETED="The whole file is here.",
    REJECTED="Refused after it was here; see error.",
    EXPIRED="Not finished in time; its bytes are gone.",
    DELETED="Removed by its owner.",
)
_describe(
    LogLevel,
    "How much a log line matters.",
    DEBUG="For authors of processors.",
    INFO="What happens.",
    SUCCESS="What went well.",
    WARNING="What a person might look at.",
    ERROR="What went wrong.",
)
_describe(
    FileRole,
    "What a file is for.",
    INPUT="What went in.",
    INTERMEDIATE="Between two stages.",
    RESULT="What came out.",
    REPORT="About what came out.",
)
_describe(
    Role,
    "What a user may do.",
    USER="Reaches their own objects.",
    ADMIN="Reaches everything.",
    WORKER="Claims tasks and reports on them.",
)
_describe(
    JobType,
    "The three types of job.",
    TASK="One result from one or a few files.",
    BATCH="Many alike items.",
    DOWNLOAD="What one URL leads to.",
)
_describe(
    JobAction, "What may be done with a job now.", RETRY="Do it all again.", RETRY_FAILED_ITEMS="Do again what failed."
)
_describe(
    ReportStatus,
    "What a worker says about a task.",
    PROCESSING="It is being done.",
    COMPLETED="It is done; the results come with it.",
    FAILED="It could not be done; see errorMessage.",
    CANCELLED="The work has stopped, as was asked.",
)
_describe(JobOrderField, "What a list of jobs is ordered by.")
_describe(OrderDirection, "Which end comes first.", ASC="Smallest first.", DESC="Largest first.")
_describe(ErrorCode, "Every refusal's `extensions.code`; the same words on the HTTP routes.")
