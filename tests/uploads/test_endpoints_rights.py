"""Rights to uploads over HTTP."""

import pytest

from tests.uploads.app_for_tests import ADMIN, STRANGER, UNKNOWN, Client, Recorder, error_of, id_in, unread
from tests.wire import OFFSET_TYPE


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("is_finished", [True, False])
async def test_a_forged_right_reaches_nothing(
    client: Client, recorder: Recorder, method: str, is_finished: bool
) -> None:
    url, other = await client.create(2), await client.create(2)
    await client.patch(url, 0, b"ab" if is_finished else b"a")
    stored, told = client.stored(url), len(recorder.events)
    headers = {"Upload-Offset": str(len(stored or b"")), "Content-Type": OFFSET_TYPE}
    for signature in ("x" * 43, other.rpartition("~")[2]):
        forged = f"/files/{id_in(url)}~{signature}"
        answer = await client.send(method, forged, headers=headers, content=unread() if method == "PATCH" else None)
        assert answer.status_code == 404
    assert (client.stored(url), len(recorder.events), recorder.gone) == (stored, told, [])


async def test_a_wrong_right_an_unknown_and_a_foreign_upload_look_the_same(client: Client) -> None:
    url = await client.create(5)
    await client.patch(url, 0, b"abcde")
    stranger = {"Authorization": f"Bearer {STRANGER}"}
    answers = [
        await client.send("GET", f"/files/{id_in(url)}~{'x' * 43}"),
        await client.send("GET", f"/files/{id_in(url)}~{'x' * 43}", owner=True),
        await client.send("GET", f"/files/{id_in(url)}~short"),
        await client.send("GET", url + "x"),
        await client.send("GET", url + "/deeper"),
        await client.send("GET", client.url_of(UNKNOWN)),
        await client.send("GET", f"/files/{UNKNOWN}", headers=stranger),
        await client.send("GET", f"/files/{id_in(url)}", headers=stranger),
        await client.send("GET", "/files/%00", headers=stranger),
        await client.send("GET", "/files/..%2f..%2fetc%2fpasswd", headers=stranger),
    ]
    assert {error_of(answer) for answer in answers} == {(404, "UPLOAD_NOT_FOUND")}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
async def test_a_bare_id_needs_the_token_of_its_owner(client: Client, method: str) -> None:
    url = await client.create(2)
    await client.patch(url, 0, b"ab")
    bare = f"/files/{id_in(url)}"
    headers = {"Upload-Offset": "2", "Content-Type": OFFSET_TYPE}
    assert (await client.send(method, bare, headers=headers)).status_code == 401
    assert (await client.send(method, bare, headers=headers | {"Authorization": "Bearer bad"})).status_code == 401
    assert (
        await client.send(method, bare, headers=headers | {"Authorization": f"Bearer {STRANGER}"})
    ).status_code == 404
    assert (await client.send(method, bare, headers=headers, owner=True)).status_code in {200, 204}


async def test_an_admin_reaches_a_bare_id_of_anybody(client: Client) -> None:
    url = await client.create(5)
    answer = await client.send("HEAD", f"/files/{id_in(url)}", headers={"Authorization": f"Bearer {ADMIN}"})
    assert answer.status_code == 200


async def test_the_right_in_the_url_outlives_a_token_that_ended(client: Client) -> None:
    url = await client.create(2)
    answer = await client.patch(url, 0, b"ab", Authorization="Bearer bad")
    assert answer.status_code == 204
