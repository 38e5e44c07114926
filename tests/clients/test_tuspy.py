"""tuspy in all its ways, against a real server."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient

from client.api import Waybill
from tests.clients.stored import MB, check_stored, random_file

WAYS: dict[str, tuple[int, dict[str, Any]]] = {
    "whole": (3 * MB, {}),
    "chunks": (3 * MB, {"chunk_size": MB}),
    "chunks and a rest": (2_500_000, {"chunk_size": MB}),
    "an empty file": (0, {}),
    "checksums": (2_500_000, {"chunk_size": MB, "upload_checksum": True}),
    "the checksum of the whole": (2_500_000, {"upload_checksum": True}),
}


def send(waybill: Waybill, path: Path, **options: Any) -> str:
    """Upload the file at `path` as a program does that knows the endpoint and a token; the upload's URL."""
    client = TusClient(f"{waybill.base_url}/files/", headers=waybill.headers)
    with path.open("rb") as file:
        uploader = client.uploader(file_stream=file, **options)
        uploader.upload()
    return str(uploader.url)


@pytest.mark.parametrize("metadata", [{"filename": "a.bin"}, {}], ids=["metadata", "no metadata"])
@pytest.mark.parametrize(("size", "options"), WAYS.values(), ids=WAYS)
async def test_a_file_arrives_whole(
    waybill: Waybill, tmp_path: Path, size: int, options: dict[str, Any], metadata: dict[str, str]
) -> None:
    content = random_file(tmp_path / "a.bin", size)
    url = await asyncio.to_thread(send, waybill, tmp_path / "a.bin", metadata=metadata, **options)
    await check_stored(waybill, url, content, **metadata)


async def test_metadata_in_another_encoding_does_no_harm(waybill: Waybill, tmp_path: Path) -> None:
    content = random_file(tmp_path / "a.bin", MB)
    said = {"filename": "Größe.csv", "filetype": "text/csv"}
    url = await asyncio.to_thread(
        send, waybill, tmp_path / "a.bin", chunk_size=MB, metadata=said, metadata_encoding="latin-1"
    )
    await check_stored(waybill, url, content, filename="Gr\ufffd\ufffde.csv", contentType="text/csv")
