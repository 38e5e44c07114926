"""The demo's alignment: a recording and its text become a TextGrid, watched live."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from client.api import Data, Waybill
from client.demo_steps import DemoFailed, fetch_result, unless_stalled
from client.terminal import Screen
from client.upload import send_file

SAMPLES = Path(__file__).resolve().parents[1] / "docs" / "samples"
FILES = ("harbour.flac", "harbour.txt")
CHUNK_BYTES = 64 * 1024

CREATE_UPLOAD = "mutation CreateUpload($input: CreateUploadInput!) { createUpload(input: $input) { id url } }"
CREATE_TASK = "mutation CreateTask($input: CreateTaskInput!) { createTask(input: $input) { id } }"
WATCH = """subscription TaskUpdated($id: ID!) {
  taskUpdated(id: $id) { status statusMessage error { message } progress { percentage } }
}"""
OUTCOME = """query Outcome($id: ID!) {
  task(id: $id) {
    alignment { language duration wordCount missingWords { word suggestion } }
    items { nodes { result files { name size sha256 url } } }
  }
}"""


async def align_and_watch(waybill: Waybill, folder: Path, screen: Screen) -> None:
    """Have the server align a recording with its text, and show where the first words are."""
    screen.title("Speech: a recording and its text become a TextGrid")
    uploads = [await _send(waybill, SAMPLES / name) for name in FILES]
    task_input = {"work": {"alignment": {"language": "en-US"}}, "uploadIds": uploads}
    task = (await waybill.execute(CREATE_TASK, {"input": task_input}))["createTask"]
    await _watch(waybill.subscribe(WATCH, {"id": task["id"]}), screen)
    outcome = (await waybill.execute(OUTCOME, {"id": task["id"]}))["task"]
    alignment = outcome["alignment"]
    screen.fact("Words", f"{alignment['wordCount']} in {alignment['duration']:.1f} s of {alignment['language']}")
    for missing in alignment["missingWords"]:
        screen.fact("Guessed", f"{missing['word']}: {missing['suggestion']}")
    (item,) = outcome["items"]["nodes"]
    for file in item["files"]:
        await fetch_result(waybill, file, folder / "results", screen)


async def _send(waybill: Waybill, path: Path) -> str:
    upload_input = {"filename": path.name, "size": path.stat().st_size}
    upload = (await waybill.execute(CREATE_UPLOAD, {"input": upload_input}))["createUpload"]
    await send_file(upload["url"], path, CHUNK_BYTES)
    return str(upload["id"])


async def _watch(messages: AsyncGenerator[Data], screen: Screen) -> None:
    task: dict[str, Any] = {}
    async for message in unless_stalled(messages, "task"):
        task = message["taskUpdated"]
        screen.bar("Aligning", task["progress"]["percentage"] / 100, str(task["statusMessage"]))
    if task.get("status") != "COMPLETED":
        reason = (task.get("error") or {}).get("message") or task.get("statusMessage")
        raise DemoFailed(f"The task ended as {task.get('status')}: {reason}")
