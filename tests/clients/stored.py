"""Assertions on an upload that any client finished."""

import hashlib
import random
from pathlib import Path
from typing import Any

from client.api import Waybill

READ = """query ($id: ID!) {
  upload(id: $id) { status size offset percentage sha256 filename contentType externalId url error { code } }
}"""
MB = 1_000_000


def random_bytes(name: str, size: int) -> bytes:
    """`size` bytes, always the same for the same name."""
    return random.Random(name).randbytes(size)


def random_file(path: Path, size: int) -> bytes:
    """Write the random bytes of the name of `path` there, and return them."""
    content = random_bytes(path.name, size)
    path.write_bytes(content)
    return content


def id_in(url: str) -> str:
    """The upload's id in its URL."""
    return url.rpartition("/")[2].partition("~")[0]


async def read_upload(waybill: Waybill, url: str) -> dict[str, Any]:
    """The upload at `url`, as GraphQL tells it."""
    upload: dict[str, Any] = (await waybill.execute(READ, {"id": id_in(url)}))["upload"]
    return upload


async def check_stored(waybill: Waybill, url: str, content: bytes, **fields: Any) -> None:
    """Assert that the upload at `url` is complete and has this content, by its bytes and by what is said of them."""
    assert await waybill.fetch(url) == content
    expected = {
        "status": "COMPLETED",
        "size": len(content),
        "offset": len(content),
        "percentage": 100,
        "sha256": hashlib.sha256(content).hexdigest(),
        "error": None,
        **fields,
    }
    upload = await read_upload(waybill, url)
    assert {name: upload[name] for name in expected} == expected
