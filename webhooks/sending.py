"""Sending one message, once: a signed POST, and what came of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import aiohttp

from base.logging import log_for
from base.settings import VERSION
from egress.retry_after import parse_retry_after
from egress.session import AddressRefused
from models import Webhook
from models.fields import now
from webhooks.receivers import origin_of
from webhooks.signing import signed_headers

log = log_for(__name__)

TIMEOUT_SECONDS = 15.0
"""From the question for its address to the status of the receiver's answer."""
_HEADERS = {"Content-Type": "application/json", "User-Agent": f"Waybill/{VERSION}"}
_GONE = 410
_ASKS_TO_WAIT = {429, 503}


@dataclass(frozen=True)
class Message:
    """What is sent: its id is the same in every attempt, and so are all bytes of its body."""

    id: str
    event: str
    body: bytes
    attempt: int = 1


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        status_code: What the receiver answered; None without an answer.
        error: Why it was not delivered, in a sentence; None where it was.
        wait: What the receiver asked for, where it asked to wait.
    """

    status_code: int | None
    error: str | None
    wait: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        return self.error is None

    @property
    def is_gone(self) -> bool:
        """The receiver wants no message any more (Standard Webhooks 1.0.0, "Considerations")."""
        return self.status_code == _GONE


class Sender:
    """Sends messages through a session that looks at each address it connects to.

    Attributes:
        timeout_seconds: For an attempt as a whole.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Callable[[], datetime] = now,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._session = session
        self._clock = clock
        self.timeout_seconds = timeout_seconds

    async def send(self, webhook: Webhook, message: Message) -> Outcome:
        """Send `message` and say what came of it; whatever the receiver and its address do, it does not raise."""
        outcome = await self._attempt(webhook, message)
        log.info(
            "webhook", webhook=webhook.id, url=origin_of(webhook.url), event_type=message.event, delivery=message.id,
            attempt=message.attempt, status=outcome.status_code, error=outcome.error,
        )  # fmt: skip
        return outcome

    async def _attempt(self, webhook: Webhook, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._post(webhook, message)
        except TimeoutError:
            return Outcome(None, f"The receiver did not answer within {self.timeout_seconds:g} s.")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            log.debug("a receiver was not reached", delivery=message.id, cause=str(error))
            return Outcome(None, _reason_of(error))
        except Exception as error:  # a failure of its own, and not one that nobody writes down
            log.warning("a message could not be sent", delivery=message.id, exc_info=error)
            return Outcome(None, "The message could not be sent.")

    async def _post(self, webhook: Webhook, message: Message) -> Outcome:
        signed = signed_headers(webhook.secret, message.id, self._clock(), message.body)
        response = await self._session.post(
            webhook.url, data=message.body, headers=_HEADERS | signed, allow_redirects=False
        )
        response.close()  # the status is all that is asked of it
        return _outcome_of(response.status, response.headers.get("Retry-After"), self._clock())


def _outcome_of(status: int, retry_after: str | None, moment: datetime) -> Outcome:
    if 200 <= status < 300:
        return Outcome(status, None)
    if 300 <= status < 400:
        return Outcome(status, f"The receiver answered {status}: redirects are not followed.")
    wait = parse_retry_after(retry_after, moment) if retry_after and status in _ASKS_TO_WAIT else None
    return Outcome(status, f"The receiver answered {status}.", wait)


def _leads_nowhere_public(error: Exception) -> bool:
    """Whether a name has no address, or one that may not be called: which of them would tell what names there are inside."""
    is_refused = isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, AddressRefused)
    return is_refused or isinstance(error, aiohttp.ClientConnectorDNSError)


def _reason_of(error: Exception) -> str:
    """A sentence for the webhook's owner; it tells nothing of a network that they do not see."""
    if _leads_nowhere_public(error):
        return "This name is unknown, or leads to no address that webhooks may be sent to."
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "The receiver's certificate is not good, or it speaks no TLS."
    if isinstance(error, aiohttp.ClientConnectorError):
        return "The receiver could not be connected to."
    if isinstance(error, aiohttp.InvalidURL):
        return "This address cannot be called."
    return "The receiver did not answer in HTTP, or broke the connection off."
