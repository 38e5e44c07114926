"""Streamed answers over HTTP, by SSE and multipart alike."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.types import ExecutionResult

from auth.quotas import quota_of
from base.errors import ErrorCode, Refusal, server_stops
from base.logging import log_refusal_code
from execution.groups.subscriber import SlowReaderError, Subscriber
from schema.context import Context
from web.frames import ABORT
from web.negotiation import Offer
from web.operations import encode_result, refused
from web.pipeline import Admitted, Pipeline
from web.token_watch import wait_for_token_end

_LAST_WORDS_SECONDS = 1.0
"""So long a client that reads slowly is waited for when its stream ends before its time."""


class StreamFormat(Offer, Protocol):
    """How results travel; each method takes a result in JSON, and gives the bytes to send.

    Attributes:
        content_type: With its parameters.
        opening: Sent before anything else.
        heartbeat: Sent at the beginning of a subscription, and when nothing else was for `heartbeat_seconds`.
        complete: Sent behind the last result.
    """

    content_type: str
    opening: bytes
    heartbeat: bytes
    complete: bytes
    heartbeat_seconds: float

    def next(self, result: bytes) -> bytes:
        """A result."""

    def ended(self, result: bytes) -> bytes:
        """The last one, by which the server ends what would have gone on."""

    def interrupted(self, result: bytes) -> bytes:
        """The last one, after which the client is to come back."""


class StreamOutlet:
    """Outlet of a subscription over HTTP: a task sends what is written, one result after the other.

    Attributes:
        subscriber: Whose messages they are.
    """

    def __init__(self) -> None:
        self.subscriber = Subscriber(self)
        self._waiting: bytes | None = None
        self._is_written = asyncio.Event()
        self._is_sent = asyncio.Event()

    @property
    def is_writable(self) -> bool:
        return self._waiting is None

    def write(self, payload: bytes) -> None:
        self._waiting = payload
        self._is_sent.clear()
        self._is_written.set()

    async def send_to(self, send: Callable[[bytes], Awaitable[None]]) -> NoReturn:
        """Send what is written, until cancelled."""
        while True:
            await self._is_written.wait()
            self._is_written.clear()
            await send(self._waiting or b"")
            self._waiting = None
            self._is_sent.set()
            self.subscriber.resume()

    async def flush(self) -> None:
        """Wait until all that was written is sent."""
        while self._waiting is not None:
            await self._is_sent.wait()


class StreamResponse(Response):
    """Sends the results of one operation as they come.

    It ends with the operation, with the client, with the access token, or with the server, whichever is first.
    """

    def __init__(
        self, form: StreamFormat, result: ExecutionResult | None, admitted: Admitted | None, pipeline: Pipeline,
        context: Context, headers: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Prepare the answer; `result` is that of an operation which is none to be watched.

        Raises:
            Refusal: RATE_LIMITED where the caller has too many connections.
        """
        self.background = None
        self.status_code = 200
        self.init_headers({**headers, "Content-Type": form.content_type, "X-Accel-Buffering": "no"})
        self._form = form
        self._result = result
        self._admitted = admitted
        self._pipeline = pipeline
        self._context = context
        self._lock = asyncio.Lock()
        self._is_subscription = admitted is not None and admitted.is_subscription
        self._quota = self._acquire_slot() if self._is_subscription else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["is_stream"] = True
        self._send = send
        self._abort: Callable[[], None] = scope.get("extensions", {}).get(ABORT, lambda: None)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._serve(receive)
        finally:
            if self._admitted is not None:
                self._admitted.release()
            if self._quota is not None:
                self._pipeline.connections.release(self._quota)

    def _acquire_slot(self) -> str:
        quota = quota_of(self._context.caller, self._context.address)
        if not self._pipeline.connections.acquire(quota):
            message = (
                f"One user has at most {self._pipeline.connections.limit} connections at a time: close some, or "
                "have several subscriptions share a WebSocket."
            )
            raise Refusal(ErrorCode.RATE_LIMITED, message, retry_after=1)
        return quota

    async def _serve(self, receive: Receive) -> None:
        """Send until the first of what may end it; the rest is cancelled, wherever it is."""
        sending = asyncio.create_task(self._send_results())
        gone = asyncio.create_task(_wait_for_disconnect(receive))
        ending = asyncio.create_task(self._wait_for_end() if self._is_subscription else _wait_for_ever())
        tasks: set[asyncio.Task[Any]] = {sending, gone, ending}
        left = asyncio.Event()

        async def leave() -> None:
            ending.cancel()
            await left.wait()

        if self._is_subscription:
            self._pipeline.draining.add(leave)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not sending.done() and not gone.done():
                await _cancel({sending, gone})
                await self._send_last(None if ending.cancelled() else ending.result())
        finally:
            self._pipeline.draining.remove(leave)
            left.set()
            await _cancel(tasks)
            if sending.done() and not sending.cancelled():
                sending.result()

    async def _send_results(self) -> None:
        await self._send_part(self._form.opening + (self._form.heartbeat if self._is_subscription else b""))
        result = self._result
        if self._admitted is not None and self._is_subscription:
            try:
                result = await self._watch(self._admitted)
            except SlowReaderError:
                self._abort()
                return
        if result is not None:
            await self._send_part(self._form.next(encode_result(result)))
        await self._send_part(self._form.complete, is_last=True)

    async def _watch(self, admitted: Admitted) -> ExecutionResult | None:
        outlet = StreamOutlet()
        sending = asyncio.create_task(outlet.send_to(lambda payload: self._send_part(self._form.next(payload))))
        beating = asyncio.create_task(self._beat())
        try:
            result = await self._pipeline.watch(admitted, self._context, outlet.subscriber)
            await outlet.flush()
        finally:
            await _cancel({sending, beating})
        return result

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._form.heartbeat_seconds)
            await self._send_part(self._form.heartbeat)

    async def _send_last(self, ended_by: Refusal | None) -> None:
        """Say why there is no more: because of the token, or (None) because the server stops."""
        refusal = ended_by or server_stops()
        log_refusal_code(refusal.code)
        result = encode_result(refused(refusal))
        last = self._form.ended(result) if ended_by else self._form.interrupted(result)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._send_part(last, is_last=True)

    async def _send_part(self, part: bytes, *, is_last: bool = False) -> None:
        async with self._lock:
            await self._send({"type": "http.response.body", "body": part, "more_body": not is_last})

    async def _wait_for_end(self) -> Refusal:
        """For ever where nobody is signed in."""
        if self._context.caller is None:
            await _wait_for_ever()
        return await wait_for_token_end(self._pipeline, self._context, self._context.caller)


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait_for_ever() -> NoReturn:
    await asyncio.Event().wait()
    raise AssertionError


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
