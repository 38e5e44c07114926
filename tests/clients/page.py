"""A page of another origin than the server's, in a real browser."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.clients.programs import BROWSERS, FOLDER, Node, program_or_skip

Step = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """`uppy.html` on an origin of its own.

    Attributes:
        origin: Where it comes from, as CORS names it.
    """

    node: Node
    browser: str
    origin: str

    async def do(self, *steps: Step) -> list[Any]:
        """Open the page, do `steps` as browser.mjs has them, and return what each of them returned."""
        url = f"{self.origin}/uppy.html"
        results: list[Any] = await self.node.run("browser.mjs", executablePath=self.browser, url=url, steps=steps)
        return results


def call(name: str, *args: Any) -> Step:
    """A step: a function of the page."""
    return {"call": name, "args": args}


def ask(method: str, url: str, headers: dict[str, str] | None = None, body: str | None = None) -> Step:
    """A step: one request; GET and HEAD can have no body."""
    return call("ask", method, url, headers or {}, *([] if body is None else [body]))


def choose(*paths: Path) -> Step:
    """A step: these files, in the page's file input."""
    return {"files": [str(path) for path in paths]}


@asynccontextmanager
async def opened_page(node: Node) -> AsyncIterator[Page]:
    """The page, served on a free port."""
    browser = program_or_skip(BROWSERS[0], also=BROWSERS[1:])
    app = web.Application()
    for path in (FOLDER / "uppy.html", FOLDER / "node_modules" / "uppy" / "dist" / "uppy.min.mjs"):
        app.router.add_get(f"/{path.name}", _sender_of(path))
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield Page(node, browser, f"http://127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


def _sender_of(path: Path) -> Any:
    async def send(_request: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    return send
