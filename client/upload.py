"""Sending a file by tus, with tuspy, the protocol's own Python client."""

import asyncio
import threading
from pathlib import Path

from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from client.api import Waybill

CHUNK_BYTES = 8 * 1024 * 1024
RETRIES = 5
RETRY_SECONDS = 1


async def send_file(url: str, path: Path, chunk_bytes: int = CHUNK_BYTES, pause_seconds: float = 0) -> None:
    """Send `path` to `url`, the `Upload.url` that createUpload answered; goes on where an earlier attempt ended.

    `pause_seconds` is how long to rest after each chunk, for those who want to watch.
    """
    is_given_up = threading.Event()
    try:
        await asyncio.to_thread(_send_to, url, path, chunk_bytes, pause_seconds, is_given_up)
    finally:
        is_given_up.set()


async def send_plainly(waybill: Waybill, path: Path, chunk_bytes: int = CHUNK_BYTES) -> str:
    """Send `path` as a tus client does that knows nothing of Waybill but the endpoint and a token; the upload's URL."""
    client = TusClient(f"{waybill.base_url}/files/", headers=waybill.headers)
    return await asyncio.to_thread(_create_and_send, client, path, chunk_bytes)


def _send_to(url: str, path: Path, chunk_bytes: int, pause_seconds: float, is_given_up: threading.Event) -> None:
    with path.open("rb") as file:
        uploader = Uploader(
            file_stream=file, url=url, chunk_size=chunk_bytes, retries=RETRIES, retry_delay=RETRY_SECONDS
        )
        while uploader.offset < path.stat().st_size and not is_given_up.wait(pause_seconds):
            uploader.upload_chunk()


def _create_and_send(client: TusClient, path: Path, chunk_bytes: int) -> str:
    with path.open("rb") as file:
        metadata = {"filename": path.name}
        uploader = client.uploader(file_stream=file, chunk_size=chunk_bytes, retries=RETRIES, metadata=metadata)
        uploader.retry_delay = RETRY_SECONDS
        uploader.upload()
    return str(uploader.url)
