"""All routes in one application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp

from base.errors import Refusal
from base.settings import Settings
from results.endpoints import Shelf, result_routes
from schema.build import Schema, print_schema
from schema.context import Means
from uploads.endpoints import upload_routes
from web.draining import Draining
from web.errors import answer_error
from web.graphql import GraphQLApp
from web.health import Check, health_routes
from web.metrics import metrics_endpoint, watch_hub
from web.middleware import Callers, Frame
from web.page import graphiql_assets
from web.persisted import PersistedQueries


def build_app(
    settings: Settings,
    schema: Schema,
    means: Means,
    shelf: Shelf,
    persisted: PersistedQueries,
    checks: dict[str, Check],
    draining: Draining,
) -> ASGIApp:
    """The application that server.py runs, over means that are open."""
    sdl = print_schema(schema)
    graphql = GraphQLApp(schema, means, means.receiver.base_url, persisted, draining)

    async def schema_text(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    async def to_graphiql(_request: Request) -> Response:
        return RedirectResponse("graphql")

    async def without_slash(_request: Request) -> Response:
        return RedirectResponse("../graphql")

    watch_hub(means.hub)
    routes = [
        Mount("/graphql/assets", graphiql_assets()),
        Route("/graphql", graphql),
        Route("/graphql/", without_slash, methods=["GET", "POST"]),
        WebSocketRoute("/graphql", graphql),
        Route("/schema.graphql", schema_text),
        Route("/metrics", metrics_endpoint()),
        Route("/", to_graphiql),
        *health_routes(checks, draining),
        *upload_routes(means.receiver),
        *result_routes(shelf),
    ]
    app = _Routes(routes=routes, exception_handlers=dict.fromkeys((Refusal, HTTPException, Exception), answer_error))
    app.router.redirect_slashes = False
    return Frame(Callers(app, means.gate, settings), settings, draining)


class _Routes(Starlette):
    def build_middleware_stack(self) -> ASGIApp:
        """Without Starlette's own answer to unforeseen errors, which is plain text."""
        return ExceptionMiddleware(self.router, handlers=self.exception_handlers)
