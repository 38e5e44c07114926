"""Enums: the shared words with their descriptions."""

from enum import Enum, StrEnum
from typing import Any

import strawberry

from base.errors import ErrorCode
from base.words import (
    FileRole,
    ItemStatus,
    JobStatus,
    JobType,
    LogLevel,
    OnDuplicate,
    ProxyMode,
    Role,
    UploadStatus,
    WaitReason,
)
from jobs.actions import JobAction
from jobs.queries import JobOrderField
from jobs.recording.reports import ReportStatus
from processors.alignment.options import TranscriptLayout
from processors.leads.options import EnrichStep
from processors.omr.options import SheetStrategy
from schema.types.error_codes import explanation_of

__all__ = [
    "EnrichStep",
    "ErrorCode",
    "FileRole",
    "ItemStatus",
    "JobAction",
    "JobOrderField",
    "JobStatus",
    "JobType",
    "LogLevel",
    "OnDuplicate",
    "OrderDirection",
    "ProxyMode",
    "ReportStatus",
    "Role",
    "SheetStrategy",
    "TranscriptLayout",
    "UploadStatus",
    "WaitReason",
]


class OrderDirection(StrEnum):
    """Which end of an order comes first."""

    ASC = "ASC"
    DESC = "DESC"


def _describe(enum: type[Enum], description: str, **values: str) -> None:
    """Make `enum` a GraphQL enum; `values` has a sentence for each of its members."""
    definition: Any = strawberry.enum(enum, name=enum.__name__, description=description)
    for value in definition.__strawberry_definition__.values:
        value.description = values[value.name]


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
    TranscriptLayout,
    "How transcripts are laid out.",
    AUTO="As the files themselves tell.",
    TEXT="One text for each recording.",
    UTTERANCES="TextGrids with times of utterances.",
    TABLE="Rows of start, end, speaker, text.",
)
_describe(
    WaitReason,
    "Why a job waits by itself, though its turn may have come.",
    DISK_FULL="The server's disk is full, or its database's, or a quota is used up.",
)
_describe(
    ItemStatus,
    "The life of an item.",
    PENDING="Not begun.",
    PROCESSING="A worker is at it, for a second or so at least: faster items are never shown so.",
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
    DELETED="Removed by its owner or an admin, or with its job; its bytes are gone.",
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
    JobAction,
    "What may be done with a job now.",
    START="startJob: let it go on, with what it waits for.",
    PAUSE="pauseJob: stop the work and keep its place.",
    RESUME="resumeJob: go on from where it was paused.",
    CANCEL="cancelJob: stop it for good; what is done stays readable.",
    RETRY="retryJob: do it all again.",
    RETRY_FAILED_ITEMS="retryJob with onlyFailedItems: do again what failed or was not done yet, and keep what is done; where some item has ended.",
    DELETE="deleteJob: take it out of every list.",
    PURGE="purgeJob: remove it and its bytes for good.",
)
_describe(
    ReportStatus,
    "What a worker says about a task.",
    PROCESSING="It is being done.",
    COMPLETED="It is done; the results come with it.",
    FAILED="It could not be done; see errorMessage.",
    CANCELLED="The work has stopped, as was asked.",
)
_describe(
    JobOrderField,
    "What a list of jobs is ordered by.",
    CREATED_AT="The moment of creation.",
    UPDATED_AT="The moment of the last change of its state.",
    TITLE="The title, an empty one where there is none.",
    STATUS="The status, in alphabetical order of its name.",
    PRIORITY="The priority, from -100 to 100.",
)
_describe(
    ProxyMode,
    "Which proxy a download goes through.",
    NONE="The hosts are asked directly.",
    SYSTEM="The one that the server's environment names.",
    CUSTOM="The one in proxyUrl, where the operator allows it.",
)
_describe(
    OnDuplicate,
    "What becomes of a file that you have already.",
    SKIP="It is left out, and its skipReason says so.",
    DOWNLOAD="It is fetched again.",
)
_describe(OrderDirection, "Which end comes first.", ASC="Smallest first.", DESC="Largest first.")
_describe(
    ErrorCode,
    "Every refusal's `extensions.code`; the same words on the HTTP routes. More may come: treat an unknown one as a failure.",
    **{code.name: explanation_of(code) for code in ErrorCode},
)
_describe(
    SheetStrategy,
    "Where answer sheets lie, and where their reference comes from.",
    ZIP_WITH_QR="Archives or documents; the reference is read from the QR code of the first sheet.",
    ZIP_WITHOUT_QR="Archives or documents; the reference is given.",
    IMAGES="Single pictures or documents; the reference is given.",
)
_describe(
    EnrichStep,
    "How leads are enriched.",
    LOCAL_RULES="By the fixed rules of docs/leads.md; nothing is asked of another machine.",
    HTTP="By the same rules, and then by the endpoint that the operator has set up; BAD_INPUT where there is none.",
)
