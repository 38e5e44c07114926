"""Numbers for Prometheus at /metrics."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from events.hub import Hub

_REQUESTS = Counter(
    "waybill_http_requests_total", "HTTP requests by route, method and status.", ["route", "method", "status"]
)
_SECONDS = Histogram(
    "waybill_http_request_seconds", "Seconds from the request's head to the answer's end, by route.", ["route"]
)
_LISTENERS = Gauge("waybill_subscribers", "Live subscriptions of this process.")
_METHODS = {"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"}
_ROUTES = {"graphql", "files", "results", "bundles", "health", "ready", "metrics", "schema.graphql"}


def watch_hub(hub: Hub) -> None:
    """Let the gauge of subscribers read from `hub`."""
    _LISTENERS.set_function(lambda: hub.listener_count)


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """Count an answered request; the route is the first part of its path, so that ids make no new series."""
    first = scope["path"].strip("/").split("/")[0]
    route = first if first in _ROUTES else "other"
    _REQUESTS.labels(route, scope["method"] if scope["method"] in _METHODS else "other", str(status)).inc()
    _SECONDS.labels(route).observe(seconds)


async def metrics(_request: Request) -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
