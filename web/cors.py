"""CORS policy: pages of other origins, and their headers.

A page may send any header: those of Apollo, of tracing and of its own are none of our business. Cookies are not used,
and never allowed (no `Access-Control-Allow-Credentials`): whoever calls has to know a token.

Source: Fetch, section 3.3 (CORS protocol).
"""

import re
from collections.abc import Iterable

from starlette.datastructures import Headers

from uploads import tus
from web.requests import PREFLIGHT_HEADERS

ALLOWED_METHODS = "GET, HEAD, QUERY, POST, PATCH, DELETE, OPTIONS"
MAX_AGE_SECONDS = 86_400
"""So long a browser may remember a preflight; most forget it sooner (Chromium after two hours)."""
_ALWAYS_ALLOWED = (*tus.ALLOWED_HEADERS, *PREFLIGHT_HEADERS)
_EXPOSED = ", ".join(
    (
        *tus.EXPOSED_HEADERS, "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
        "Allow", "Accept-Query", "Date", "WWW-Authenticate",
    )
)  # fmt: skip
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
"""Source: RFC 9110, section 5.6.2 (token)."""


class CorsPolicy:
    """What the origins of `WAYBILL_CORS_ORIGINS` may do; any other origin is told nothing."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(origins)

    def headers_of_answer(self, origin: str | None) -> dict[str, str]:
        """What any answer to a page of `origin` says; empty where it may not read it."""
        if not self._is_allowed(origin):
            return {}
        return {
            "Access-Control-Allow-Origin": "*" if "*" in self._origins else origin or "",
            "Access-Control-Expose-Headers": _EXPOSED,
        }

    def headers_of_preflight(self, headers: Headers) -> dict[str, str]:
        """What the answer to a preflight says besides: methods, and the headers that were asked for with those of tus."""
        if not self._is_allowed(headers.get("origin")):
            return {}
        return {
            "Access-Control-Allow-Methods": ALLOWED_METHODS,
            "Access-Control-Allow-Headers": ", ".join((*_ALWAYS_ALLOWED, *_asked_for(headers))),
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
        }

    def _is_allowed(self, origin: str | None) -> bool:
        return origin is not None and ("*" in self._origins or origin in self._origins)


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks before it sends something for a page (Fetch, section 4.8)."""
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def _asked_for(headers: Headers) -> list[str]:
    """The names in Access-Control-Request-Headers that are names, without those that are allowed anyway."""
    known = {name.lower() for name in _ALWAYS_ALLOWED}
    names = (name.strip() for name in headers.get("access-control-request-headers", "").split(","))
    return [name for name in dict.fromkeys(names) if _HEADER_NAME.fullmatch(name) and name.lower() not in known]
