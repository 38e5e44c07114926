"""CORS on every route."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.web_app import App, opened_app

KNOWN, FOREIGN = "https://app.example.com", "https://evil.example.com"
ORIGIN = {"Origin": KNOWN}
PATHS = ["/graphql", "/health", "/ready", "/metrics", "/schema.graphql", "/files/", "/results/x/y", "/nothing"]
BYTE_ROUTES = ["/files/", "/files/upload-1754556928-12a41dbec0f3~x", "/results/x/y", "/bundles/x.zip", "/guides/x.pdf"]
OF_CLIENTS = [
    "apollographql-client-name", "apollographql-client-version", "traceparent", "tracestate", "baggage", "sentry-trace",
    "x-tenant", "if-modified-since", "x~odd!name",
]  # fmt: skip
READABLE_ANYWAY = {"cache-control", "content-language", "content-length", "content-type", "expires", "last-modified"}
FOR_BROWSERS = {
    "connection", "vary", "content-security-policy", "cross-origin-opener-policy", "referrer-policy",
    "x-content-type-options", "transfer-encoding",
}  # fmt: skip


def names_in(response: httpx2.Response, header: str) -> list[str]:
    return [name.strip().lower() for name in response.headers.get(header, "").split(",")]


async def preflight(
    app: App, path: str, *, origin: str = KNOWN, method: str = "POST", asked: str = ""
) -> httpx2.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": method}
    if asked:
        headers["Access-Control-Request-Headers"] = asked
    return await app.http.options(path, headers=headers)


@pytest.fixture
async def strict_app(tmp_path: Path, empty_database: Path) -> AsyncIterator[App]:
    """Only one origin may call."""
    async with opened_app(tmp_path, empty_database, cors_origins=[KNOWN]) as app:
        yield app


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_may_be_read_by_pages_of_other_origins(app: App, path: str) -> None:
    response = await app.http.get(path, headers=ORIGIN)

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert {"Location", "Upload-Offset", "X-Request-ID", "Retry-After"} <= set(
        response.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("path", PATHS)
async def test_only_the_named_origin_may_read_where_one_is_named(strict_app: App, path: str) -> None:
    known = await strict_app.http.get(path, headers=ORIGIN)
    unknown = await strict_app.http.get(path, headers={"Origin": FOREIGN})
    none = await strict_app.http.get(path)

    assert known.headers["Access-Control-Allow-Origin"] == KNOWN
    assert "Access-Control-Allow-Origin" not in unknown.headers
    assert "Access-Control-Allow-Origin" not in none.headers
    assert all("Origin" in answer.headers["Vary"] for answer in (known, unknown, none))


async def test_vary_keeps_what_the_route_says(strict_app: App) -> None:
    response = await strict_app.http.get("/graphql", headers={**ORIGIN, "Accept": "text/html"})

    assert response.headers["Vary"] == "Accept, Origin"


@pytest.mark.parametrize("path", [*PATHS, "/files/upload-1754556928-12a41dbec0f3~x", "/deep/er/nothing"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "HEAD", "DELETE", "GET", "QUERY"])
async def test_a_preflight_is_answered_on_every_path_without_a_token(app: App, path: str, method: str) -> None:
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    response = await app.http.options(path, headers={**ORIGIN, **asked})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"authorization", "content-type", "tus-resumable", "x-request-id", "apollo-require-preflight"} <= set(
        response.headers["Access-Control-Allow-Headers"].lower().split(", ")
    )


async def check_any_header_may_be_sent(app: App, path: str) -> None:
    response = await preflight(app, path, asked=",".join(OF_CLIENTS))
    allowed = names_in(response, "Access-Control-Allow-Headers")

    assert set(OF_CLIENTS) <= set(allowed)
    assert len(allowed) == len(set(allowed))
    assert "*" not in allowed
    assert response.headers["Access-Control-Max-Age"] == "86400"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert {"origin", "access-control-request-headers"} <= set(names_in(response, "Vary"))


@pytest.mark.parametrize("path", ["/graphql", *BYTE_ROUTES])
async def test_a_page_may_send_any_header_that_it_asks_for(app: App, path: str) -> None:
    await check_any_header_may_be_sent(app, path)


async def test_a_page_of_the_named_origin_may_send_any_header_that_it_asks_for(strict_app: App) -> None:
    await check_any_header_may_be_sent(strict_app, "/graphql")


@pytest.mark.parametrize("asked", ["a b", "a:b", "x\ty", "(x)", '"x"', "x" * 129, ",,", "@"])
async def test_what_is_no_name_of_a_header_is_not_repeated(app: App, asked: str) -> None:
    usual = await preflight(app, "/graphql")
    response = await preflight(app, "/graphql", asked=f"x-good, {asked}")
    allowed = names_in(response, "Access-Control-Allow-Headers")

    assert allowed == [*names_in(usual, "Access-Control-Allow-Headers"), "x-good"]


@pytest.mark.parametrize("path", ["/graphql", *BYTE_ROUTES])
async def test_an_origin_that_may_not_call_is_told_nothing(strict_app: App, path: str) -> None:
    for response in (
        await preflight(strict_app, path, origin=FOREIGN, asked="authorization,x-own"),
        await strict_app.http.get(path, headers={"Origin": FOREIGN}),
    ):
        assert [name for name in response.headers if name.lower().startswith("access-control-")] == []
        assert "origin" in names_in(response, "Vary")


@pytest.mark.parametrize("path", PATHS)
async def test_a_cache_tells_apart_whether_a_page_of_another_origin_asked(app: App, path: str) -> None:
    for headers in ({}, ORIGIN):
        assert "origin" in names_in(await app.http.get(path, headers=headers), "Vary")


async def test_every_header_that_says_something_to_a_program_may_be_read(app: App) -> None:
    person = await app.person()
    tus = {**person.header, **ORIGIN, "Tus-Resumable": "1.0.0"}
    name = "filename YS50eHQ="
    created = await app.http.post("/files/", headers={**tus, "Upload-Length": "3", "Upload-Metadata": name})
    url = created.headers["Location"]
    patch = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    answers = [
        created,
        await app.http.options("/files/", headers=tus),
        await app.http.head(url, headers=tus),
        await app.http.patch(url, headers={**tus, **patch}, content=b"abc"),
        await app.http.get(url, headers={**ORIGIN, "Range": "bytes=0-1"}),
        await app.http.get(url, headers={**ORIGIN, "Range": "bytes=9-"}),
        await app.http.put(url, headers=tus),
        await app.http.post("/files/", headers={**ORIGIN, "Tus-Resumable": "1.0.0", "Upload-Length": "3"}),
        await app.http.post("/graphql", headers={**person.header, **ORIGIN}, json={"query": "{ __typename }"}),
        await app.http.put("/graphql", headers=ORIGIN),
        await app.http.get("/graphql", headers={**ORIGIN, "Accept": "text/html"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 204, 206, 416, 405, 401, 200, 405, 200]
    said = {
        name.lower() for answer in answers for name in answer.headers if not name.lower().startswith("access-control")
    }

    exposed = set(names_in(created, "Access-Control-Expose-Headers"))
    assert said - READABLE_ANYWAY - FOR_BROWSERS <= exposed
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after", "date"} <= exposed
