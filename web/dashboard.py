"""The dashboard at `/`, from our own assets under a strict policy.

Its sources are in `frontend/dashboard/`. No script is inline; styles that its libraries make in the browser carry the nonce
of the answer.
"""

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from web.page_files import PageFiles

DASHBOARD = Path(__file__).parent / "assets" / "dashboard"
NONCE = "NONCE-OF-THE-ANSWER"
"""What stands for the nonce in the built page."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class DashboardPage:
    """Answers GET with the page, each time under a nonce of its own."""

    def __init__(self) -> None:
        self._page = (DASHBOARD / "index.html").read_text(encoding="utf-8")

    async def answer(self, _request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        policy = _POLICY.format(nonce=nonce)
        return HTMLResponse(self._page.replace(NONCE, nonce), headers={**_HEADERS, "Content-Security-Policy": policy})


def dashboard_files() -> PageFiles:
    return PageFiles(DASHBOARD / "assets", "default-src 'none'")
