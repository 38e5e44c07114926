"""Chat completions of an OpenAI-compatible endpoint, asked for JSON and nothing else.

Source: API reference of OpenAI, `POST /v1/chat/completions`, with a `response_format` of type `json_schema`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
import orjson

from base.errors import ErrorCode, Refusal
from base.logging import log_for
from base.resilience import Backoff, Clock, Sleep, retry
from base.settings import VERSION
from egress.retry_after import parse_retry_after
from egress.session import AddressRefused

log = log_for(__name__)

T = TypeVar("T")

MAX_ATTEMPTS = 4
DEADLINE_SECONDS = 120.0
"""No attempt begins so long after the question was asked, whatever the endpoint asks to wait."""
REST_SECONDS = 30.0
"""So long nobody is asked again after all attempts failed because the endpoint is away, or refuses us."""
MAX_WAIT_SECONDS = 3_600.0
"""An endpoint is left alone no longer, whatever it asks for."""
REQUESTS_AT_ONCE = 8
MAX_ANSWER_BYTES = 2**20
BACKOFF = Backoff(first_seconds=1.0, max_seconds=20.0, min_seconds=0.2)
_PASSING = frozenset({408, 429, 500, 502, 503, 504, 529})
_REFUSING = frozenset({401, 402, 403, 404})
_IS_RESTING = "The endpoint failed a moment ago, and is left alone for a while."
_ASKS_TO_WAIT = "The endpoint asks to be left alone for longer than anybody waits here."


@dataclass(frozen=True, slots=True)
class ChatEndpoint:
    """Who is asked.

    Attributes:
        url: The base, as clients of OpenAI take it, such as https://api.openai.com/v1.
        model: What is asked there.
        key: Sent as bearer token; empty: none is.
        timeout_seconds: Of one attempt, from its address to the last byte of the answer.
    """

    url: str
    model: str
    key: str = field(default="", repr=False)
    timeout_seconds: float = 60.0


class ChatFailed(Exception):  # noqa: N818  it reads as what happened
    """One attempt brought no usable answer.

    Attributes:
        code: TIMED_OUT, SERVICE_UNAVAILABLE, or PROCESSING_FAILED for an answer that does not fit.
        sentence: For people; it tells neither the address nor what the endpoint wrote.
        is_passing: The same may succeed later.
        is_away: Nobody else would get an answer now.
    """

    def __init__(self, code: ErrorCode, sentence: str, *, is_passing: bool, is_away: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.is_passing = is_passing
        self.is_away = is_away


class ChatClient:
    """A client of one endpoint, for the life of a program; at most eight requests are open at a time.

    Args:
        session: Behind the address guard.
        endpoint: Who is asked.
        backoff: The pauses between attempts; Retry-After makes them longer, for all who ask.
        clock: Seconds that only grow.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        endpoint: ChatEndpoint,
        backoff: Backoff = BACKOFF,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._session = session
        self._endpoint = endpoint
        self._backoff = backoff
        self._clock = clock
        self._sleep = sleep
        self._slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._not_before = self._rests_until = clock()

    @property
    def model(self) -> str:
        """What is asked."""
        return self._endpoint.model

    async def ask(self, instructions: str, content: str, schema: Mapping[str, Any], read: Callable[[str], T]) -> T:
        """What `read` makes of the answer to `content`.

        An answer that `read` refuses with ValueError is asked for again, as are those that fail for a reason that may pass.

        Raises:
            Refusal: TIMED_OUT, SERVICE_UNAVAILABLE or PROCESSING_FAILED, with a sentence for people.
        """
        if self._clock() < self._rests_until:
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, _IS_RESTING)
        body = self._body(instructions, content, schema)
        deadline = self._clock() + DEADLINE_SECONDS
        attempts = 0

        async def attempt() -> T:
            nonlocal attempts
            attempts += 1
            if self._not_before > deadline:
                raise ChatFailed(ErrorCode.SERVICE_UNAVAILABLE, _ASKS_TO_WAIT, is_passing=False, is_away=True)
            await self._sleep(max(0.0, self._not_before - self._clock()))
            async with self._slots:
                return _read(await self._post(body), read)

        def is_passing(error: BaseException) -> bool:
            is_in_time = self._clock() < deadline and self._not_before < deadline
            return isinstance(error, ChatFailed) and error.is_passing and attempts < MAX_ATTEMPTS and is_in_time

        try:
            return await retry(attempt, is_passing, deadline_seconds=DEADLINE_SECONDS, backoff=self._backoff,
                               clock=self._clock, sleep=self._sleep)  # fmt: skip
        except ChatFailed as failure:
            log.warning("chat_failed", attempts=attempts, reason=failure.sentence, cause=str(failure.__cause__ or ""))
            if failure.is_away:
                self._rests_until = max(self._clock() + REST_SECONDS, self._not_before)
            raise Refusal(failure.code, failure.sentence) from None

    def _body(self, instructions: str, content: str, schema: Mapping[str, Any]) -> bytes:
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": content}]
        answer_format = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
        return orjson.dumps({"model": self.model, "messages": messages, "response_format": answer_format})

    async def _post(self, body: bytes) -> bytes:
        """The body of the answer. Raises ChatFailed for any other than 200, and where none came."""
        try:
            async with asyncio.timeout(self._endpoint.timeout_seconds):
                async with self._session.post(
                    f"{self._endpoint.url}/chat/completions", data=body, headers=self._headers(), allow_redirects=False
                ) as response:
                    if response.status != 200:
                        raise self._status_failure(response)
                    return await _body_of(response)
        except TimeoutError:
            sentence = f"The endpoint did not answer within {self._endpoint.timeout_seconds:g} s."
            raise ChatFailed(ErrorCode.TIMED_OUT, sentence, is_passing=True, is_away=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _connection_failure(error) from error

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": f"Waybill/{VERSION}",
        }
        return headers | ({"Authorization": f"Bearer {self._endpoint.key}"} if self._endpoint.key else {})

    def _status_failure(self, response: aiohttp.ClientResponse) -> ChatFailed:
        """Why an answer that is not 200 is none; what it asks to wait holds for all who ask."""
        status = response.status
        wait = parse_retry_after(response.headers.get("Retry-After", ""), datetime.now(UTC))
        if wait and status in _PASSING:
            seconds = min(wait.total_seconds(), MAX_WAIT_SECONDS)
            self._not_before = max(self._not_before, self._clock() + seconds)
        sentence = f"The endpoint answered {status}."
        if status in _REFUSING:
            sentence = f"The endpoint answered {status}: whoever runs this server looks at WAYBILL_ENRICH_URL, _KEY and _MODEL."
        is_passing = status in _PASSING
        is_away = is_passing or status in _REFUSING
        return ChatFailed(ErrorCode.SERVICE_UNAVAILABLE, sentence, is_passing=is_passing, is_away=is_away)


async def _body_of(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise ChatFailed(
                ErrorCode.PROCESSING_FAILED, "The endpoint's answer is larger than 1 MiB.", is_passing=False
            )
    return bytes(body)


def _read(body: bytes, read: Callable[[str], T]) -> T:
    """What `read` makes of the text of the first choice. Raises ChatFailed where there is none, or it is not taken."""
    try:
        choice = orjson.loads(body)["choices"][0]
        text, reason = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _unfit("The endpoint's answer is no chat completion.") from None
    if reason == "length":
        raise _unfit("The model's answer was cut off at its greatest length.")
    if not isinstance(text, str):
        raise _unfit("The model did not answer.")
    try:
        return read(text)
    except ValueError as error:
        raise _unfit(f"The model's answer does not fit: {error}.") from None


def _unfit(sentence: str) -> ChatFailed:
    return ChatFailed(ErrorCode.PROCESSING_FAILED, sentence, is_passing=True)


def _connection_failure(error: Exception) -> ChatFailed:
    """Why no answer came."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused):
        sentence = "The endpoint leads to an address that is not public; see WAYBILL_ENRICH_ALLOW_PRIVATE."
        return ChatFailed(ErrorCode.SERVICE_UNAVAILABLE, sentence, is_passing=False, is_away=True)
    is_reached = not isinstance(error, aiohttp.ClientConnectorError)
    sentence = "The endpoint broke its answer off." if is_reached else "The endpoint could not be connected to."
    return ChatFailed(ErrorCode.SERVICE_UNAVAILABLE, sentence, is_passing=True, is_away=True)
