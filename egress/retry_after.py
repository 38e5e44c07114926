"""Retry-After, as servers write it (RFC 9110, section 10.2.3)."""

from datetime import datetime, timedelta

from egress.dates import parse_date


def parse_retry_after(text: str, moment: datetime) -> timedelta | None:
    """How long to wait at `moment` (aware), said in seconds or as a moment; None for nonsense."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), 10**6))
    until = parse_date(text)
    return None if until is None else max(timedelta(), until - moment)
