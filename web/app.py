"""All routes in one application."""

from collections.abc import Awaitable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from base.errors import Refusal
from base.settings import Settings
from results.endpoints import result_routes
from results.wiring import ResultServices
from schema.build import Schema, print_schema
from schema.context import RequestServices
from uploads.capability import is_of_uploads
from uploads.endpoints import TusEndpoint
from web.bounds import Bounds
from web.dashboard import DashboardPage, dashboard_files
from web.draining import Draining
from web.errors import answer_error
from web.health import Check, health_routes
from web.metrics import metrics_endpoint, watch_hub, watch_plans
from web.middleware import AuthenticationMiddleware, RequestMiddleware
from web.page import graphiql_assets
from web.persisted import PersistedQueries
from web.pipeline import Pipeline
from web.transports.http import HttpTransport
from web.transports.websocket import WebSocketTransport

GRAPHQL_PATHS = ("/graphql", "/graphql/")


def build_app(
    settings: Settings,
    schema: Schema,
    services: RequestServices,
    result_services: ResultServices,
    persisted: PersistedQueries,
    checks: dict[str, Check],
    draining: Draining,
    bounds: Bounds,
) -> ASGIApp:
    """The application that server.py runs, over services that are open."""
    sdl = print_schema(schema)
    base_url = services.upload_services.base_url
    pipeline = Pipeline(schema, services, persisted, draining, bounds)
    over_http = HttpTransport(pipeline, services, base_url)
    over_websocket = WebSocketTransport(schema, pipeline, services, base_url)

    async def schema_text(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    watch_hub(services.hub)
    watch_plans(schema.plans.counts)
    routes = [
        Mount("/graphql/assets", graphiql_assets()),
        Route("/schema.graphql", schema_text),
        Route("/metrics", metrics_endpoint()),
        Route("/", DashboardPage().answer),
        Mount("/assets", GZipMiddleware(dashboard_files())),
        *health_routes(checks, draining),
        *result_routes(result_services),
    ]
    app = _Routes(routes=routes, exception_handlers=dict.fromkeys((Refusal, HTTPException, Exception), answer_error))
    app.router.redirect_slashes = False
    app.router.default = _not_found
    uploads = TusEndpoint(services.upload_services, answer_error)
    by_path = _ShortWays(over_http, over_websocket, uploads, app)
    return RequestMiddleware(AuthenticationMiddleware(by_path, services.auth, settings), settings, draining)


class _ShortWays:
    """Leads to GraphQL and to uploads without a look at the table of the other routes."""

    def __init__(self, over_http: ASGIApp, over_websocket: ASGIApp, uploads: ASGIApp, others: ASGIApp) -> None:
        self._graphql = {"http": over_http, "websocket": over_websocket}
        self._uploads = uploads
        self._others = others

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return self._app_for(scope)(scope, receive, send)

    def _app_for(self, scope: Scope) -> ASGIApp:
        path = scope.get("path", "")
        if path in GRAPHQL_PATHS:
            return self._graphql.get(scope["type"], self._others)
        return self._uploads if is_of_uploads(path) and scope["type"] == "http" else self._others


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """Also for a WebSocket, which Starlette would refuse with 403."""
    raise HTTPException(404)


class _Routes(Starlette):
    def build_middleware_stack(self) -> ASGIApp:
        """Without Starlette's own answer to unforeseen errors, which is plain text."""
        return ExceptionMiddleware(self.router, handlers=self.exception_handlers)
