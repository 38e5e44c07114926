"""Payloads of webhooks: names of events, bodies of messages."""

from datetime import datetime
from typing import Any

import orjson

from base.errors import rfc3339
from base.words import JobStatus, JobType
from models import Job, JobEvent

TEST_EVENT = "webhook.test"
_CANCELLED = "job.cancelled"
_ENDS = (JobStatus.COMPLETED, JobStatus.FAILED)
_SKIPPED = f"{JobType.DOWNLOAD.lower()}.{JobStatus.SKIPPED.lower()}"
EVENTS = (*(f"{type_.lower()}.{status.lower()}" for type_ in JobType for status in _ENDS), _SKIPPED, _CANCELLED)
"""Every event that a webhook can ask for."""


def event_of(type_: JobType, status: JobStatus) -> str | None:
    """The event that a job of this type is in this status; None for one that nobody can ask for."""
    event = _CANCELLED if status is JobStatus.CANCELLED else f"{type_.lower()}.{status.lower()}"
    return event if event in EVENTS else None


def payload_of(event: str, line: JobEvent, job: Job) -> bytes:
    """The body that tells a line of the history of `job`.

    Progress, error and why it was skipped are those of the end that is told; null where the job has begun again meanwhile.
    """
    is_same = (job.attempt, job.status) == (line.attempt, line.status)
    skipped = (job.download or {}) if is_same and line.status is JobStatus.SKIPPED else {}
    data = {
        "id": job.id,
        "type": job.type,
        "kind": job.kind,
        "title": job.title,
        "externalId": job.external_id,
        "status": line.status,
        "statusMessage": line.message,
        "attempt": line.attempt,
        "createdAt": rfc3339(job.created_at),
        "finishedAt": rfc3339(line.at),
        "progress": _progress_of(job) if is_same else None,
        "error": _error_of(job) if is_same else None,
        "skipReason": skipped.get("skipReason"),
        "duplicateOf": skipped.get("duplicateOf"),
    }
    return _body(event, line.at, data)


def payload_of_test(webhook_id: str, moment: datetime) -> bytes:
    """The body of a test."""
    return _body(TEST_EVENT, moment, {"id": webhook_id})


def _body(event: str, moment: datetime, data: dict[str, Any]) -> bytes:
    return orjson.dumps({"type": event, "timestamp": rfc3339(moment), "data": data})


def _progress_of(job: Job) -> dict[str, Any]:
    return {
        "percentage": round(job.percentage, 2),
        "totalItems": job.total_items,
        "processedItems": job.completed_items + job.failed_items + job.skipped_items,
        "failedItems": job.failed_items,
        "skippedItems": job.skipped_items,
    }


def _error_of(job: Job) -> dict[str, Any] | None:
    if job.error_code is None:
        return None
    return {"code": job.error_code, "message": job.error_message, "isRetryable": job.error_is_retryable}
