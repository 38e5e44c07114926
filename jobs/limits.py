"""Limits: how large a job may be made, and how many unfinished ones an owner may have."""

import math
from dataclasses import replace
from typing import Any

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from auth.quotas import sharers_of
from base.errors import ErrorCode, Refusal
from base.words import ItemStatus, JobStatus
from models.sql import fetch_rows
from processors.contract import ItemError, ItemResult, Kind, Options

MESSAGE_LENGTH = 2_000
"""Characters of a sentence about a job, an item or a report, and of a line of the log."""
_ACTIVE = ", ".join(f"'{status}'" for status in JobStatus if status.is_active)


def check_size(options: dict[str, Any], type_: type[Options], field: str) -> None:
    """Refuse options that are longer than their type allows, as JSON in UTF-8: BAD_INPUT for `field`."""
    size = len(orjson.dumps(options))
    if size > type_.max_bytes:
        message = f"The options have {size:,} bytes; a job of this kind takes at most {type_.max_bytes:,}: send more as a file."
        raise Refusal(ErrorCode.BAD_INPUT, message, field)


def within_limit(result: ItemResult, kind: Kind) -> ItemResult:
    """`result`, or the failure of its item where what was made of it is longer than its kind allows."""
    size = len(result.result or b"")
    if size <= kind.max_result_bytes:
        return result
    message = (
        f"The result has {size:,} bytes; an item of this kind keeps at most {kind.max_result_bytes:,}. Its processor has to "
        "make a file of what is larger."
    )
    return replace(
        result,
        status=ItemStatus.FAILED,
        result=None,
        error=ItemError(ErrorCode.PROCESSING_FAILED, message),
        skip_reason=None,
    )


async def check_unfinished(db: BaseDBAsyncClient, owner_id: str, limit: int) -> None:
    """Refuse one more unfinished job where the owner's quota has `limit` (0 = any number).

    To be called in the transaction that adds the job, which has locked the quota.

    Raises:
        Refusal: QUOTA_EXCEEDED.
    """
    if await count_room(db, owner_id, limit) <= 0:
        raise too_many_unfinished(limit)


async def count_room(db: BaseDBAsyncClient, owner_id: str, limit: int) -> float:
    """How many unfinished jobs more the owner's quota may have, as `check_unfinished` counts; infinite without a limit."""
    if not limit:
        return math.inf
    unfinished = f"SELECT 1 FROM jobs WHERE owner_id IN {sharers_of('$1')} AND status IN ({_ACTIVE}) LIMIT {limit}"
    rows = await fetch_rows(db, f"SELECT count(*) AS jobs FROM ({unfinished}) AS unfinished", owner_id)
    return float(limit - rows[0]["jobs"])


def too_many_unfinished(limit: int) -> Refusal:
    message = f"You have {limit:,} unfinished jobs: wait until one has ended, or cancel some."
    return Refusal(ErrorCode.QUOTA_EXCEEDED, message)
