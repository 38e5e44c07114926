"""The dashboard's page at `/`, and its files."""

import re

import pytest

from tests.web_app import App
from web.dashboard import DASHBOARD, NONCE

POLICY = (
    r"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-([\w-]{22})'; img-src 'self' data: blob:; "
    r"font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)


async def test_every_answer_has_a_nonce_of_its_own_in_the_page_and_its_policy(app: App) -> None:
    answers = [await app.http.get("/") for _ in range(2)]
    nonces = []
    for answer in answers:
        found = re.fullmatch(POLICY, answer.headers["Content-Security-Policy"])
        assert found
        assert answer.text.count(found[1]) >= 2
        assert NONCE not in answer.text
        nonces.append(found[1])

    assert nonces[0] != nonces[1]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-cache"}


async def test_a_probe_by_head_gets_no_body(app: App) -> None:
    answer = await app.http.head("/")

    assert (answer.status_code, answer.content) == (200, b"")


async def test_files_may_be_kept_for_ever_and_are_sent_compressed(app: App) -> None:
    name = next(file.name for file in (DASHBOARD / "assets").iterdir() if file.suffix == ".js")
    answer = await app.http.get(f"/assets/{name}", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.content == (DASHBOARD / "assets" / name).read_bytes()


@pytest.mark.parametrize("name", ["none.js", "../index.html", "%2e%2e/index.html", "..%2f..%2fdashboard.py", ""])
async def test_nothing_but_files_of_the_dashboard_lies_beside_them(app: App, name: str) -> None:
    answer = await app.http.get(f"/assets/{name}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
