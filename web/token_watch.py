"""Watch over an access token while something runs in its name."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from math import inf

from auth.viewer import Viewer
from base.errors import ErrorCode, Refusal
from base.logging import log_for
from events.messages import Event, access_topic
from models.database import retry_while_away
from schema.context import Context
from web.errors import refusal_of
from web.pipeline import Pipeline

log = log_for("web.access")

_RECHECK_TIMEOUT_SECONDS = 60.0
"""So long what runs goes on while its caller cannot be looked up."""
_ANSWER_SECONDS = 0.05
"""Who signs out over this very connection is given the answer first; new operations are refused already."""


class TokenWatch:
    """Watches over one token, with a timer and no task of its own, for as long as it is good.

    Calls `on_end` once, where the token is not good any more, or its user may do more or less than before: with
    TOKEN_EXPIRED where a fresh token goes on from here, else with INVALID_TOKEN or what the look-up came to.
    """

    __slots__ = (
        "_asked_again",
        "_context",
        "_ends_at",
        "_is_over",
        "_log_context",
        "_on_end",
        "_pipeline",
        "_task",
        "_timer",
        "_viewer",
    )

    listeners = 1

    def __init__(
        self, pipeline: Pipeline, context: Context, viewer: Viewer, on_end: Callable[[Refusal], Awaitable[None]]
    ) -> None:
        self._pipeline = pipeline
        self._context = context
        self._viewer = viewer
        self._on_end = on_end
        self._log_context = copy_context()  # not that of whoever tells of a change
        self._asked_again = self._is_over = False
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = inf
        if viewer.expires_at is not None:
            left = viewer.expires_at - datetime.now(UTC)
            self._ends_at = asyncio.get_running_loop().time() + left.total_seconds()
        context.services.hub.add(access_topic(viewer.user_id), self)
        self._look_up()  # asked again once we listen: what happened in between is not missed

    def put(self, _event: Event) -> None:
        self._look_up()

    def redeliver(self, _event: Event) -> None:
        self._look_up()

    def lose(self) -> None:
        self._look_up()

    def stop(self) -> None:
        """Watch no longer; `on_end` is not called any more, and stopped where it runs."""
        self._leave()
        if self._task is not None:
            self._task.cancel()

    def _look_up(self) -> None:
        if self._is_over:
            return
        if self._task is not None:
            self._asked_again = True
            return
        self._set_timer(self._ends_at, self._expire)
        self._task = asyncio.create_task(self._check(), context=self._log_context)

    async def _check(self) -> None:
        refusal = await _refusal_now(self._pipeline, self._context, self._viewer)
        while refusal is None and self._asked_again:
            self._asked_again = False
            refusal = await _refusal_now(self._pipeline, self._context, self._viewer)
        if refusal is not None:
            await asyncio.sleep(_ANSWER_SECONDS)
            await self._end(refusal)
            return
        self._task = None
        again_at = asyncio.get_running_loop().time() + self._pipeline.bounds.recheck_seconds
        if again_at < self._ends_at:
            self._set_timer(again_at, self._look_up)

    def _expire(self) -> None:
        if self._task is not None:
            self._task.cancel()
        message = "The access token has ended: subscribe again with a fresh one."
        refusal = Refusal(ErrorCode.TOKEN_EXPIRED, message)
        self._task = asyncio.create_task(self._end(refusal), context=self._log_context)

    async def _end(self, refusal: Refusal) -> None:
        self._leave()
        await self._on_end(refusal)

    def _leave(self) -> None:
        self._is_over = True
        self._set_timer(inf, self._expire)
        self._context.services.hub.remove(access_topic(self._viewer.user_id), self)

    def _set_timer(self, moment: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if moment == inf else asyncio.get_running_loop().call_at(moment, call)


async def wait_for_token_end(pipeline: Pipeline, context: Context, viewer: Viewer) -> Refusal:
    """Wait until the token of `viewer` is not good any more; see `TokenWatch`."""
    end: asyncio.Future[Refusal] = asyncio.get_running_loop().create_future()

    async def set_end(refusal: Refusal) -> None:
        if not end.done():
            end.set_result(refusal)

    watch = TokenWatch(pipeline, context, viewer, set_end)
    try:
        return await end
    finally:
        watch.stop()


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
