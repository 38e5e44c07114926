"""Metrics for Prometheus at /metrics."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from base.errors import ErrorCode
from base.logging import log_for
from events.hub import Hub
from execution.plans.cache import Counts
from jobs.monitoring import count_jobs_by_kind, queue_age_seconds
from schema.documents import OperationInfo
from webhooks.queries import count_deliveries_by_outcome

log = log_for(__name__)

_REQUESTS = Counter(
    "waybill_http_requests_total", "HTTP requests by route, method and status.", ["route", "method", "status"]
)
_SECONDS = Histogram(
    "waybill_http_request_seconds", "Seconds from the request's head to the answer's end, by route.", ["route"]
)
_OPERATIONS = Counter(
    "waybill_graphql_operations_total",
    "GraphQL operations by type, field at the root and code of the first error; OK without one.",
    ["type", "name", "code"],
)
_OPERATION_SECONDS = Histogram(
    "waybill_graphql_operation_seconds",
    "Seconds that a query or mutation took, by field at the root.",
    ["type", "name"],
)
_SIGN_IN_FAILURES = Counter("waybill_sign_in_failures_total", "Sign-ins with a wrong user name or password.")
_LISTENERS = Gauge("waybill_subscribers", "Live subscriptions of this process.")
_RECEIVED = Counter(
    "waybill_received_bytes_total", "Bytes of bodies and socket messages that came in, by route.", ["route"]
)
_SENT = Counter("waybill_sent_bytes_total", "Bytes of bodies and socket messages that went out, by route.", ["route"])
_JOBS = Gauge("waybill_jobs", "Jobs in the database by kind and status.", ["kind", "status"])
_QUEUE_AGE = Gauge(
    "waybill_queue_age_seconds", "Seconds since the job was queued whose work has waited longest; 0 = none."
)
_DELIVERIES = Gauge(
    "waybill_webhook_deliveries",
    "Deliveries of webhooks in the database: delivered, waiting for an attempt, or failed for good.",
    ["outcome"],
)
_CONNECTIONS = Gauge("waybill_connections", "Open connections of this process, WebSockets included.")
_REFUSED_CONNECTIONS = Counter(
    "waybill_refused_connections_total", "Connections refused: too many in all (full), or of one address.", ["reason"]
)
_PLANS = Gauge(
    "waybill_graphql_plans",
    "Since the start: plans that were compiled, selections that could not be (fallback), values that a plan gave back (bailed).",
    ["outcome"],
)
_METHODS = {"GET", "HEAD", "QUERY", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"}
_ROUTES = {"graphql", "files", "results", "bundles", "health", "ready", "metrics", "schema.graphql"}
_DATABASE_TIMEOUT_SECONDS = 2.0
KEPT_SECONDS = 5.0
"""So long the numbers from the database are told again: anybody may ask for them, as often as they like."""


@cache
def _child(metric: Any, *labels: str) -> Any:
    """The series of a metric with these labels, of which there are only so many; looking for it takes longer than counting."""
    return metric.labels(*labels)


def watch_hub(hub: Hub) -> None:
    """Let the gauge of subscribers read from `hub`."""
    _LISTENERS.set_function(lambda: hub.listener_count)


def watch_plans(counts: Counts) -> None:
    """Let the numbers of compiled plans be read from `counts`."""
    for outcome in ("compiled", "fallback", "bailed"):
        _PLANS.labels(outcome).set_function(partial(getattr, counts, outcome))


def count_request(scope: Scope, status: int, seconds: float | None) -> None:
    """Count an answered request; how long a stream lasted (None) says nothing."""
    route = route_of(scope)
    _child(_REQUESTS, route, scope["method"] if scope["method"] in _METHODS else "other", str(status)).inc()
    if seconds is not None:
        _child(_SECONDS, route).observe(seconds)


def count_operation(info: OperationInfo, code: str | None, seconds: float) -> None:
    """Count an operation that has ended, over HTTP or over a socket; how long a subscription lasted says nothing."""
    _child(_OPERATIONS, info.type, info.field, code or "OK").inc()
    if info.type != "subscription":
        _child(_OPERATION_SECONDS, info.type, info.field).observe(seconds)
    if code == ErrorCode.INVALID_CREDENTIALS:
        _SIGN_IN_FAILURES.inc()


def count_received(scope: Mapping[str, Any], size: int) -> None:
    """Count bytes that came in past `Traffic`: bodies that are read from the socket itself."""
    _child(_RECEIVED, route_of(scope)).inc(size)


def sent_bytes_of(scope: Mapping[str, Any]) -> Counter:
    """Counts bytes that go out past `Traffic`: frames that are written to the socket itself."""
    return _SENT.labels(route_of(scope))


def count_connection(change: int) -> None:
    """Count a connection that was let in (1), or is gone (-1)."""
    _CONNECTIONS.inc(change)


def count_refused_connection(reason: str) -> None:
    """Count a connection that was not let in: `full` or `address`."""
    _REFUSED_CONNECTIONS.labels(reason).inc()


def route_of(scope: Mapping[str, Any]) -> str:
    """The first part of the path where it is one of ours, so that ids make no new series."""
    first: str = scope["path"].strip("/").split("/")[0]
    return first if first in _ROUTES else "other"


class Traffic:
    """Counts the bytes of one request or socket while they come and go."""

    def __init__(self, scope: Scope) -> None:
        route = route_of(scope)
        self._received: Counter = _child(_RECEIVED, route)
        self._sent: Counter = _child(_SENT, route)

    def received(self, receive: Receive) -> Receive:
        """`receive`, counted."""

        async def counted() -> Message:
            message = await receive()
            if size := _size_of(message):
                self._received.inc(size)
            return message

        return counted

    def sent(self, send: Send) -> Send:
        """`send`, counted."""

        async def counted(message: Message) -> None:
            if size := _size_of(message):
                self._sent.inc(size)
            await send(message)

        return counted


def _size_of(message: Message) -> int:
    if message["type"] in {"websocket.receive", "websocket.send"}:
        return len(message.get("bytes") or b"") + len((message.get("text") or "").encode())
    return len(message.get("body", b""))


def metrics_endpoint(kept_seconds: float = KEPT_SECONDS) -> Callable[[Request], Awaitable[Response]]:
    """The route `/metrics`; what the database was asked for is good for so long."""
    fresh_until = 0.0

    async def metrics(_request: Request) -> Response:
        nonlocal fresh_until
        if time.monotonic() >= fresh_until:
            fresh_until = time.monotonic() + kept_seconds
            await _read_database()
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return metrics


async def _read_database() -> None:
    """Without the database, everything else is told."""
    try:
        async with asyncio.timeout(_DATABASE_TIMEOUT_SECONDS):
            counts, age = await count_jobs_by_kind(), await queue_age_seconds()
            deliveries = await count_deliveries_by_outcome()
    except Exception as error:  # noqa: BLE001  whatever the database's trouble is
        log.warning("jobs and deliveries were not counted for the metrics", reason=type(error).__name__)
        return
    _JOBS.clear()
    for (kind, status), count in counts.items():
        _JOBS.labels(kind, status).set(count)
    _QUEUE_AGE.set(age)
    for outcome, count in deliveries.items():
        _DELIVERIES.labels(outcome).set(count)
