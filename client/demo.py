"""The demo, on a server of its own.

One file goes up, is worked on and comes back, watched live; another is fetched by its URL; sheets and speech follow.
"""

import argparse
import asyncio
import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
from tusclient.exceptions import TusCommunicationError

from client.api import Data, Waybill, WaybillError
from client.demo_download import download_and_watch
from client.demo_sheets import read_and_watch
from client.demo_speech import align_and_watch
from client.demo_steps import DemoFailed, fetch_result, unless_stalled
from client.server_process import ROOT, ServerFailed, ServerProcess
from client.terminal import Screen, size_text
from client.upload import send_file

SAMPLE = ROOT / "docs" / "samples" / "leads.xlsx"
MIN_CHUNK_BYTES = 1024
CHUNKS = 24
PAUSE_SECONDS = 0.05
"""After each chunk, so that the bar can be seen to move: a small file would be there at once."""
PREVIEW_ROWS = 5
PREVIEW_COLUMNS = ("name", "email", "phone", "company", "country", "score")

CREATE_UPLOAD = """mutation CreateUpload($input: CreateUploadInput!) { createUpload(input: $input) { id url } }"""
CREATE_BATCH = """mutation CreateBatch($input: CreateBatchInput!) { createBatch(input: $input) { id } }"""
UPLOAD_UPDATED = """subscription UploadUpdated($id: ID!) {
  uploadUpdated(id: $id, maxPerSecond: 20) { status offset size percentage error { message } }
}"""
BATCH_UPDATED = """subscription BatchUpdated($id: ID!) {
  batchUpdated(id: $id, maxPerSecond: 20) {
    status isActive statusMessage error { message }
    progress { percentage totalItems processedItems etaSeconds }
  }
}"""
OUTCOME = """query Outcome($id: ID!, $first: Int!) {
  batch(id: $id) {
    progress { totalItems failedItems skippedItems }
    items(status: COMPLETED, first: $first) { nodes { result } }
    files { name role size sha256 url }
  }
}"""


def main() -> int:
    """Run the demo. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="dev.py demo", description=__doc__)
    parser.add_argument("--file", type=Path, default=SAMPLE, help="leads to send: .xlsx, .xls, .ods or .csv")
    parser.add_argument("--keep", action="store_true", help="leave the server running until Ctrl-C")
    arguments = parser.parse_args()
    if not arguments.file.is_file():
        print(f"There is no file {arguments.file}: give --file the path of a table of leads.", file=sys.stderr)
        return 1
    try:
        folder = Path(tempfile.mkdtemp(prefix="waybill-demo-"))
    except OSError as error:
        print(
            f"The demo needs a temporary folder and cannot make one: {error.strerror}. Free some disk.", file=sys.stderr
        )
        return 1
    try:
        asyncio.run(_demonstrate(arguments.file, folder, is_kept=arguments.keep))
    except (KeyboardInterrupt, asyncio.CancelledError):
        shutil.rmtree(folder, ignore_errors=True)
        print("\nStopped; nothing is left behind.")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: `… | head`
        return 1
    except Exception as error:  # noqa: BLE001 (whatever it is, a person reads it)
        print(f"\nThe demo failed. {_sentence(error)}\nThe log and all else that it wrote: {folder}", file=sys.stderr)
        return 1
    return 0


async def _demonstrate(file: Path, folder: Path, *, is_kept: bool) -> None:
    screen, began = Screen(), time.monotonic()
    _end_on(signal.SIGTERM, signal.SIGHUP)
    screen.title("Waybill: from upload to result, live")
    # The file server of the download is on this machine, too.
    settings = {"WAYBILL_DOWNLOAD_ALLOW_PRIVATE": "true"}
    async with ServerProcess(folder / "data", settings) as server, Waybill(server.base_url) as waybill:
        screen.fact("Server", f"{server.base_url} (started in {time.monotonic() - began:.1f} s)")
        await waybill.login(server.admin_name, server.admin_password)
        screen.fact("File", f"{file.name}, {size_text(file.stat().st_size)}")
        screen.line()
        batch_id = await _send_and_watch(waybill, file, screen)
        await _show_outcome(waybill, batch_id, folder / "results", screen)
        await download_and_watch(waybill, folder, Screen())
        await read_and_watch(waybill, folder, Screen())
        await align_and_watch(waybill, folder, Screen())
        _show_addresses(server, folder, screen, is_kept=is_kept)
        if is_kept:
            await _until_interrupted()
    if is_kept:
        screen.line("\nThe server has stopped.")


async def _send_and_watch(waybill: Waybill, file: Path, screen: Screen) -> str:
    """Send the file while both subscriptions move the bars. Returns the batch's id, once it is completed."""
    upload_input = {"filename": file.name, "size": file.stat().st_size}
    upload = (await waybill.execute(CREATE_UPLOAD, {"input": upload_input}))["createUpload"]
    batch_input = {"work": {"leads": {"batchSize": 25}}, "uploadIds": [upload["id"]]}
    batch = (await waybill.execute(CREATE_BATCH, {"input": batch_input}))["createBatch"]
    screen.bar("Upload", 0, "")
    screen.bar("Processing", 0, "")
    upload_watched, batch_watched = asyncio.Event(), asyncio.Event()

    async def send() -> None:
        await upload_watched.wait()
        await batch_watched.wait()
        await send_file(upload["url"], file, max(MIN_CHUNK_BYTES, file.stat().st_size // CHUNKS), PAUSE_SECONDS)

    await asyncio.gather(
        _watch_upload(waybill.subscribe(UPLOAD_UPDATED, {"id": upload["id"]}), upload_watched, screen),
        _watch_batch(waybill.subscribe(BATCH_UPDATED, {"id": batch["id"]}), batch_watched, screen),
        send(),
    )
    return str(batch["id"])


async def _watch_upload(messages: AsyncGenerator[Data], watched: asyncio.Event, screen: Screen) -> None:
    async for message in unless_stalled(messages, "upload"):
        upload = message["uploadUpdated"]
        amount = f"{size_text(upload['offset'])} of {size_text(upload['size'])}"
        screen.bar("Upload", (upload["percentage"] or 0) / 100, amount)
        watched.set()
        if upload["error"]:
            raise DemoFailed(f"The upload was rejected: {upload['error']['message']}")


async def _watch_batch(messages: AsyncGenerator[Data], watched: asyncio.Event, screen: Screen) -> None:
    batch: dict[str, Any] = {}
    async for message in unless_stalled(messages, "batch"):
        batch = message["batchUpdated"]
        screen.bar("Processing", batch["progress"]["percentage"] / 100, _progress_text(batch))
        watched.set()
    if batch.get("status") != "COMPLETED":
        reason = (batch.get("error") or {}).get("message") or batch.get("statusMessage")
        raise DemoFailed(f"The batch ended as {batch.get('status')}: {reason}")


def _progress_text(batch: dict[str, Any]) -> str:
    progress = batch["progress"]
    if progress["totalItems"] is None:
        return str(batch["statusMessage"])
    eta = progress["etaSeconds"] if batch["isActive"] else None
    return f"{progress['processedItems']} of {progress['totalItems']} leads" + (
        f", {eta:.0f} s left" if eta and eta >= 1 else ""
    )


async def _show_outcome(waybill: Waybill, batch_id: str, folder: Path, screen: Screen) -> None:
    batch = (await waybill.execute(OUTCOME, {"id": batch_id, "first": PREVIEW_ROWS}))["batch"]
    progress = batch["progress"]
    kept = progress["totalItems"] - progress["failedItems"] - progress["skippedItems"]
    screen.title("Totals")
    for label, number in (
        ("Leads", progress["totalItems"]),
        ("Kept", kept),
        ("Duplicates", progress["skippedItems"]),
        ("Invalid", progress["failedItems"]),
    ):
        screen.fact(label, f"{number:,}")
    screen.title(f"The first {PREVIEW_ROWS} leads that were kept")
    leads = [node["result"] for node in batch["items"]["nodes"]]
    screen.table([{name: lead.get(name) for name in PREVIEW_COLUMNS} for lead in leads])
    screen.title("Results")
    folder.mkdir()
    for file in batch["files"]:
        if file["role"] in {"RESULT", "REPORT"}:
            await fetch_result(waybill, file, folder, screen)


def _show_addresses(server: ServerProcess, folder: Path, screen: Screen, *, is_kept: bool) -> None:
    screen.title("Look around")
    screen.fact("Results", str(folder / "results"))
    screen.fact("Data", str(folder / "data"))
    screen.fact("GraphiQL", f"{server.base_url}/graphql")
    screen.fact("Sign in", f"user name {server.admin_name}, password {server.admin_password}")
    if is_kept:
        screen.line("\nThe server goes on running. Ctrl-C stops it and this demo.")
        return
    screen.line("\nThe server stops now. To leave it running: python3 dev.py demo --keep")
    screen.line("To look at this data again:")
    screen.line(f"  WAYBILL_DATA_DIR={shlex.quote(str(folder / 'data'))} python3 dev.py run")


async def _until_interrupted() -> None:
    """Wait for Ctrl-C, which is here how the demo is meant to end."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()


def _end_on(*signals: signal.Signals) -> None:
    """Let these signals end the demo as Ctrl-C does, so that it takes its server along."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 (for mypy: a coroutine runs in a task)
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)


def _sentence(error: Exception) -> str:
    """The error as a person can use it."""
    if isinstance(error, DemoFailed):
        return str(error)
    if isinstance(error, ServerFailed):
        return f"{error.what} {f'Its last line was: {error.last_line}' if error.last_line else ''}".rstrip()
    if isinstance(error, WaybillError) and error.code.startswith("SOCKET_"):
        return f"{error.message} Its log says why."
    if isinstance(error, WaybillError):
        return f"The server refused: {error.message} ({error.code})"
    if isinstance(error, aiohttp.ClientError | TusCommunicationError):
        return f"The connection to the server broke: {error}. Its log says why."
    return f"This was not foreseen: {type(error).__name__}: {error}. Please report it with the log."


if __name__ == "__main__":
    sys.exit(main())
