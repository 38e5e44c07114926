"""GraphQL requests with files in them (multipart request specification)."""

import errno
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import orjson
import pytest

from models import Upload
from tests.web_app import App, Person, read
from web.bounds import Bounds

QUERY = "mutation ($file: FileUpload!) { uploadFile(file: $file) { id status filename contentType size sha256 url } }"
PREFLIGHT = {"Apollo-Require-Preflight": "true"}
OPERATIONS = {"query": QUERY, "variables": {"file": None}}
NAMED = {"0": ["variables.file"]}


async def post(
    app: App,
    person: Person | None,
    operations: Any = OPERATIONS,
    places: Any = NAMED,
    files: dict[str, Any] | None = None,
    headers: dict[str, str] = PREFLIGHT,
) -> httpx2.Response:
    data = {"operations": orjson.dumps(operations).decode(), "map": orjson.dumps(places).decode()}
    sent = {"0": ("notes.txt", b"a,b\n", "text/plain")} if files is None else files
    return await app.http.post(
        "/graphql", data=data, files=sent, headers={**headers, **(person.header if person else {})}
    )


async def test_a_small_file_comes_in_whole(app: App) -> None:
    person = await app.person()
    answer = read(await post(app, person))
    assert answer.errors == []
    assert answer.data is not None
    upload = answer.data["uploadFile"]
    assert upload == {
        "id": upload["id"], "status": "COMPLETED", "filename": "notes.txt", "contentType": "text/plain", "size": 4,
        "sha256": hashlib.sha256(b"a,b\n").hexdigest(), "url": upload["url"],
    }  # fmt: skip
    assert (await app.http.get(upload["url"])).content == b"a,b\n"
    assert (await Upload.get()).owner_id == person.id


@pytest.mark.parametrize("content", [b"", bytes(range(256)) * 20_000])
async def test_files_of_no_bytes_and_of_many_come_in(app: App, content: bytes) -> None:
    answer = read(await post(app, await app.person(), files={"0": ("a.bin", content, "")}))
    assert answer.data is not None
    upload = answer.data["uploadFile"]
    assert (upload["size"], upload["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (await app.http.get(upload["url"])).content == content


async def test_one_file_may_fill_two_fields(app: App) -> None:
    query = (
        "mutation ($file: FileUpload!) { a: uploadFile(file: $file) { sha256 } b: uploadFile(file: $file) { sha256 } }"
    )
    answer = read(await post(app, await app.person(), {"query": query, "variables": {"file": None}}))
    sha256 = hashlib.sha256(b"a,b\n").hexdigest()
    assert answer.data == {"a": {"sha256": sha256}, "b": {"sha256": sha256}}


async def test_several_files_may_come_in_one_request(app: App) -> None:
    query = "mutation ($a: FileUpload!, $b: FileUpload!) { a: uploadFile(file: $a) { filename } b: uploadFile(file: $b) { filename } }"
    operations = {"query": query, "variables": {"a": None, "b": None}}
    files = {"1": ("b.txt", b"b", "text/plain"), "0": ("a.txt", b"a", "text/plain")}
    answer = read(await post(app, await app.person(), operations, {"0": ["variables.a"], "1": ["variables.b"]}, files))
    assert answer.data == {"a": {"filename": "a.txt"}, "b": {"filename": "b.txt"}}


@pytest.mark.parametrize("headers", [{}, {"Apollo-Require-Preflight": ""}, {"Authorization": "Basic YTpi"}])
async def test_a_form_that_a_foreign_page_could_send_is_refused(app: App, headers: dict[str, str]) -> None:
    answer = read(await post(app, None, headers=headers))
    assert (answer.response.status_code, answer.code) == (422, "BAD_INPUT")
    assert await Upload.all().count() == 0


async def test_a_form_with_a_token_needs_no_other_header(app: App) -> None:
    answer = read(await post(app, await app.person(), headers={}))
    assert answer.data is not None
    assert answer.data["uploadFile"]["status"] == "COMPLETED"


async def test_a_form_of_nobody_is_refused_unread(app: App) -> None:
    async def body() -> AsyncIterator[bytes]:
        pytest.fail("the body was read")
        yield b""

    headers = PREFLIGHT | {"Content-Type": "multipart/form-data; boundary=x"}
    for more, code in (({}, "UNAUTHENTICATED"), ({"Authorization": "Bearer x"}, "INVALID_TOKEN")):
        answer = read(await app.http.post("/graphql", content=body(), headers=headers | more))
        assert (answer.response.status_code, answer.code) == (401, code)


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        (3, NAMED),
        ([OPERATIONS], NAMED),
        ("x", NAMED),
        (OPERATIONS, 3),
        (OPERATIONS, []),
        (OPERATIONS, {"0": "variables.file"}),
        (OPERATIONS, {"0": []}),
        (OPERATIONS, {"0": [3]}),
        (OPERATIONS, {"0": ["variables.file", "variables.other"]}),
        (OPERATIONS, {"0": ["variables.other"]}),
        (OPERATIONS, {"0": ["variables.file.deeper"]}),
        (OPERATIONS, {"0": ["query"]}),
        (OPERATIONS, {"0": ["variables"]}),
        (OPERATIONS, {"0": [""]}),
        (OPERATIONS, {"0": ["variables.0"]}),
        (OPERATIONS, {"0": [f"variables.{'9' * 5_000}"]}),
        (OPERATIONS, {"0": ["variables.\uff10"]}),
        (OPERATIONS, {"1": ["variables.file"]}),
        ({"query": QUERY, "variables": {"file": "x"}}, NAMED),
        ({"query": QUERY, "variables": None}, NAMED),
    ],
)
async def test_a_form_of_the_wrong_shape_is_bad_input(app: App, operations: Any, places: Any) -> None:
    answer = read(await post(app, await app.person(), operations, places))
    assert (answer.response.status_code, answer.code) == (422, "BAD_INPUT")
    assert await Upload.all().count() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{}\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{\r\n--x--\r\n',
        b"--x\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; name="operations"; filename="a"\r\n\r\n{}\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + b"x" * (2**20 + 1) + b"\r\n--x--\r\n",
    ],
)
@pytest.mark.parametrize("boundary", ["; boundary=x", ""])
async def test_what_is_no_such_form_is_bad_input_and_never_a_500(app: App, body: bytes, boundary: str) -> None:
    headers = PREFLIGHT | (await app.person()).header | {"Content-Type": f"multipart/form-data{boundary}"}
    answer = read(await app.http.post("/graphql", content=body, headers=headers))
    assert answer.response.status_code in {400, 422}
    assert answer.code == "BAD_INPUT"


async def test_a_file_cannot_be_written_in_json_or_in_the_query(app: App) -> None:
    person = await app.person()
    assert (await app.ask(QUERY, person, file="text")).code == "BAD_INPUT"
    assert (await app.ask(QUERY, person, file={})).code == "BAD_INPUT"
    assert (await app.ask('mutation { uploadFile(file: "text") { id } }', person)).code == "BAD_INPUT"
    assert await Upload.all().count() == 0


@pytest.mark.parametrize("bounds", [Bounds(form_bytes=10_000)])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_form_that_is_too_large_is_413(app: App, is_announced: bool) -> None:
    assert Bounds().form_bytes == 100 * 2**20

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 10_001

    headers = PREFLIGHT | (await app.person()).header | {"Content-Type": "multipart/form-data; boundary=x"}
    length = {"Content-Length": "10001"} if is_announced else {}
    answer = read(await app.http.post("/graphql", content=body(), headers=headers | length))
    assert (answer.response.status_code, answer.code) == (413, "FILE_TOO_LARGE")


async def test_a_form_for_which_there_is_no_room_is_told_so(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("starlette.datastructures.UploadFile.write", fail)
    assert read(await post(app, await app.person())).code == "INSUFFICIENT_STORAGE"
