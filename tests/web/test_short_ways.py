"""Ways to uploads and GraphQL past the table of routes."""

import pytest
from starlette.routing import Match, Route

from tests.web_app import App


@pytest.mark.parametrize("path", ["/files", "/files/", "/files/upload-1754556928-12a41dbec0f3", "/graphql"])
async def test_what_is_asked_most_is_found_without_a_look_at_other_routes(
    app: App, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    looked = list[str]()

    def look(route: Route, _scope: object) -> tuple[Match, dict[str, object]]:
        looked.append(route.path)
        return Match.NONE, {}

    monkeypatch.setattr(Route, "matches", look)
    answer = await app.http.options(path)

    assert (answer.headers.get("Tus-Resumable"), looked) == ("1.0.0" if path != "/graphql" else None, [])


@pytest.mark.parametrize("path", ["/filesystem", "/file", "/files.txt"])
async def test_a_path_that_only_begins_like_that_of_uploads_is_not_theirs(app: App, path: str) -> None:
    answer = await app.http.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert "Tus-Resumable" not in answer.headers


async def test_a_refusal_of_uploads_says_which_tus_is_spoken_and_by_whom_it_was_asked(app: App) -> None:
    answer = await app.http.put("/files/", headers={"X-Request-Id": "asked-1"})

    assert (answer.status_code, answer.headers["Tus-Resumable"]) == (405, "1.0.0")
    assert answer.json()["error"]["requestId"] == "asked-1"
