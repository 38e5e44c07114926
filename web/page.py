"""GraphiQL at GET /graphql, from our own assets under a strict policy.

Its sources are in `web/graphiql/`.
"""

import re
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from web.page_files import PageFiles

GRAPHIQL = Path(__file__).parent / "assets" / "graphiql"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-cache",
    "Vary": "Accept",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NAMES_QUERY = re.compile(r"(?:^|&)query=")


def read_page() -> Response:
    """The page, ready to be sent again and again."""
    return HTMLResponse((GRAPHIQL / "index.html").read_text(encoding="utf-8"), headers=_PAGE_HEADERS)


def is_page_wanted(method: str, headers: Headers, query: str) -> bool:
    """Only for who asks for HTML: a program that sends `*/*` and no query is told that the query is missing.

    Args:
        method: Of the request.
        headers: Of the request.
        query: Its query string.
    """
    return method == "GET" and "text/html" in headers.get("accept", "") and not _NAMES_QUERY.search(query)


def graphiql_assets() -> PageFiles:
    """The files of GraphiQL."""
    return PageFiles(GRAPHIQL / "assets", CONTENT_SECURITY_POLICY)
