"""curl, by hand: an upload without any library."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

from client.api import Waybill
from tests.clients.programs import program_or_skip
from tests.clients.stored import MB, check_stored, random_file

TUS = ("-H", "Tus-Resumable: 1.0.0")
PATCH = (*TUS, "-X", "PATCH", "-H", "Content-Type: application/offset+octet-stream")


@pytest.fixture
def curl() -> str:
    return program_or_skip("curl")


def ask(curl: str, *arguments: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what curl is answered."""
    said = subprocess.run([curl, "-sS", "-i", *arguments], capture_output=True, check=True).stdout
    head, body = b"HTTP/1.1 100 Continue", said
    while head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status.split()[1]), headers, body


async def test_a_file_is_announced_sent_in_two_parts_and_read_in_ranges(
    curl: str, waybill: Waybill, tmp_path: Path
) -> None:
    content = random_file(tmp_path / "a.bin", 3 * MB)
    (tmp_path / "first").write_bytes(content[:MB])
    (tmp_path / "rest").write_bytes(content[MB:])
    token = ("-H", f"Authorization: Bearer {waybill.token}")
    name = f"Upload-Metadata: filename {base64.b64encode(b'a.bin').decode()}"
    length = f"Upload-Length: {len(content)}"
    status, headers, _ = ask(curl, *TUS, *token, "-X", "POST", "-H", length, "-H", name, f"{waybill.base_url}/files/")
    assert status == 201
    url = headers["location"]
    status, headers, _ = ask(curl, *PATCH, "-H", "Upload-Offset: 0", "--data-binary", f"@{tmp_path / 'first'}", url)
    assert (status, headers["upload-offset"]) == (204, str(MB))
    status, headers, _ = ask(curl, *TUS, "--head", url)
    assert (status, headers["upload-offset"], headers["upload-length"]) == (200, str(MB), str(3 * MB))
    chunked = ("-H", "Transfer-Encoding: chunked", "--data-binary", f"@{tmp_path / 'rest'}")
    status, headers, _ = ask(curl, *PATCH, "-H", f"Upload-Offset: {MB}", *chunked, url)
    assert (status, headers["upload-offset"]) == (204, str(3 * MB))
    await check_stored(waybill, url, content, filename="a.bin")

    status, headers, body = ask(curl, "-r", "1000000-1000009", url)
    assert (status, headers["content-range"], body) == (206, "bytes 1000000-1000009/3000000", content[MB : MB + 10])
    status, _, body = ask(curl, "-r", "-5", url)
    assert (status, body) == (206, content[-5:])
    status, headers, _ = ask(curl, "-r", "3000000-", url)
    assert (status, headers["content-range"]) == (416, "bytes */3000000")


async def test_curl_goes_on_with_a_download_where_it_ended(curl: str, waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "a.bin", 2 * MB)
    token = ("-H", f"Authorization: Bearer {waybill.token}")
    kind = ("-H", "Content-Type: application/offset+octet-stream", "-H", f"Upload-Length: {len(content)}")
    whole = ("--data-binary", f"@{tmp_path / 'a.bin'}", f"{waybill.base_url}/files/")
    status, headers, _ = ask(curl, *TUS, *token, *kind, *whole)
    assert (status, headers["upload-offset"]) == (201, str(len(content)))
    (tmp_path / "copy").write_bytes(content[:1_234_567])
    subprocess.run([curl, "-sSf", "-C", "-", "-o", str(tmp_path / "copy"), headers["location"]], check=True)
    assert (tmp_path / "copy").read_bytes() == content


async def test_a_body_that_is_refused_is_not_sent(curl: str, waybill: Waybill, tmp_path: Path) -> None:
    """RFC 9110, section 10.1.1: with Expect: 100-continue a final answer may come instead of the 100."""
    random_file(tmp_path / "a.bin", 5 * MB)
    asking = ("-H", "Upload-Offset: 0", "-H", "Expect: 100-continue", "-T", str(tmp_path / "a.bin"))
    telling = ("-sS", "-o", str(tmp_path / "answer"), "-w", "%{http_code} %{size_upload}")
    url = f"{waybill.base_url}/files/upload-1754556928-12a41dbec0f3~{'x' * 43}"
    done = subprocess.run([curl, *telling, *PATCH, *asking, url], capture_output=True, check=True, text=True)
    assert done.stdout == "404 0"
    assert json.loads((tmp_path / "answer").read_text())["error"]["code"] == "UPLOAD_NOT_FOUND"
