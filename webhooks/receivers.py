"""Rules for webhooks: addresses and events."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from base.errors import ErrorCode, Refusal
from egress.addresses import is_address, is_public
from webhooks.payloads import EVENTS

MAX_URL = 2_000
"""Characters."""
_PORTS = {"http": 80, "https": 443}


def check_url(url: str, *, is_private_allowed: bool) -> None:
    """Refuse an address that could never be called; where a name leads is looked at when it is called.

    Raises:
        Refusal: BAD_INPUT for what is no http(s) address, or has a user name or a fragment; URL_NOT_ALLOWED.
    """
    host = _host_of(url)
    if host is None:
        message = (
            f"A webhook is an http or https address of at most {MAX_URL:,} characters, without a user name and a #."
        )
        raise Refusal(ErrorCode.BAD_INPUT, message, "url")
    if not is_private_allowed and is_address(host) and not is_public(host):
        raise Refusal(ErrorCode.URL_NOT_ALLOWED, "Webhooks are sent to public addresses only.", "url")


def check_events(events: Sequence[str]) -> list[str]:
    """`events`, each once, in the order given.

    Raises:
        Refusal: BAD_INPUT for none, and for one that does not exist.
    """
    if not events:
        raise Refusal(ErrorCode.BAD_INPUT, f"Name at least one event: give some of {', '.join(EVENTS)}.", "events")
    if unknown := [event for event in events if event not in EVENTS]:
        message = f'"{unknown[0][:50]}" is no event: give some of {", ".join(EVENTS)}.'
        raise Refusal(ErrorCode.BAD_INPUT, message, "events")
    return list(dict.fromkeys(events))


def origin_of(url: str) -> str:
    """Scheme, host and port, for logs: path and query often have the receiver's password in them."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def receiver_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URL that can be called, the same however they are written: who can read what is sent."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _host_of(url: str) -> str | None:
    """The host of a URL that can be called; None for any other."""
    if len(url) > MAX_URL or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        return None
    try:
        parts = urlsplit(url)
        is_callable = parts.scheme in {"http", "https"} and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return None
    return parts.hostname if is_callable and "#" not in url else None
