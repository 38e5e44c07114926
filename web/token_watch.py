"""Watch over an access token while something runs in its name."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from events.mailbox import StateLost
from events.messages import access_topic
from models.database import retry_while_away
from schema.context import Context
from web.errors import refusal_of
from web.pipeline import Pipeline

log = log_for("web.access")

RECHECK_SECONDS = 60.0
"""Callers are looked up again so often, should the process that ended their token have died before it told us."""
_RECHECK_TIMEOUT_SECONDS = 60.0
"""So long what runs goes on while its caller cannot be looked up."""
_ANSWER_SECONDS = 0.05
"""Who signs out over this very connection is given the answer first; new operations are refused already."""


async def wait_for_token_end(pipeline: Pipeline, context: Context, viewer: Viewer) -> Refusal:
    """Wait until the token of `viewer` is not good any more, or its user may do more or less than before.

    Returns:
        TOKEN_EXPIRED where a fresh token goes on from here, else INVALID_TOKEN or what the look-up came to.
    """
    left = None if viewer.expires_at is None else (viewer.expires_at - datetime.now(UTC)).total_seconds()
    with context.services.hub.listen(access_topic(viewer.user_id)) as mailbox, suppress(TimeoutError):
        async with asyncio.timeout(left):
            # Asked again once we listen: what happened in between is not missed.
            while (refusal := await _refusal_now(pipeline, context, viewer)) is None:
                with suppress(StateLost, TimeoutError):
                    async with asyncio.timeout(RECHECK_SECONDS):
                        await mailbox.get()
            await asyncio.sleep(_ANSWER_SECONDS)
            return refusal
    return Refusal(ErrorCode.TOKEN_EXPIRED, "The access token has ended: subscribe again with a fresh one.")


async def _refusal_now(pipeline: Pipeline, context: Context, viewer: Viewer) -> Refusal | None:
    try:
        caller = await retry_while_away(partial(pipeline.find_caller, context), _RECHECK_TIMEOUT_SECONDS)
    except Refusal as refusal:
        return refusal
    except Exception as error:
        log.warning("a connection is ended, because its caller cannot be looked up", exc_info=error)
        return refusal_of(error)
    if caller is not None and caller.role is viewer.role:
        return None
    message = "What this user may do has changed: subscribe again with a fresh access token."
    return Refusal(ErrorCode.TOKEN_EXPIRED, message)
