"""GraphiQL's page at `/graphql`, and its assets."""

import pytest

from tests.web_app import App
from web.page import CONTENT_SECURITY_POLICY, GRAPHIQL


async def test_a_browser_gets_graphiql(app: App) -> None:
    response = await app.http.get("/graphql", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert response.headers["Cache-Control"] == "no-cache"
    assert response.content == (GRAPHIQL / "index.html").read_bytes()


async def test_assets_of_graphiql_may_be_kept_for_ever(app: App) -> None:
    name = next(file.name for file in (GRAPHIQL / "assets").iterdir() if file.suffix == ".js")
    response = await app.http.get(f"/graphql/assets/{name}")

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["none.js", "../index.html", "%2e%2e/index.html", "..%2f..%2fgraphql.py", ""])
async def test_nothing_but_assets_lies_beside_them(app: App, name: str) -> None:
    response = await app.http.get(f"/graphql/assets/{name}")

    assert (response.status_code, response.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_the_page_with_a_slash_too_many_is_sent_to_where_its_assets_are(app: App) -> None:
    response = await app.http.get("/graphql/", headers={"Accept": "text/html"})

    assert (response.status_code, response.headers["Location"]) == (307, "../graphql")
