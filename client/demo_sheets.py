"""The demo's answer sheets: a ZIP of scans is read and scored, and one of them asks for a person."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

from client.api import Data, Waybill
from client.demo_steps import DemoFailed, fetch_result, unless_stalled
from client.terminal import Screen
from client.upload import send_file

ARCHIVE = Path(__file__).resolve().parents[1] / "docs" / "samples" / "sheets.zip"
ANSWER_KEY = {f"q{number}": answer for number, answer in enumerate("BDACEBCADEABDCEADBCE" * 3, 1)}
CHUNK_BYTES = 64 * 1024
PREVIEW_ROWS = 5

CREATE_UPLOAD = "mutation CreateUpload($input: CreateUploadInput!) { createUpload(input: $input) { id url } }"
CREATE_BATCH = "mutation CreateBatch($input: CreateBatchInput!) { createBatch(input: $input) { id } }"
WATCH = """subscription BatchUpdated($id: ID!) {
  batchUpdated(id: $id) { status statusMessage error { message } progress { percentage processedItems totalItems } }
}"""
OUTCOME = """query Outcome($id: ID!, $first: Int!) {
  batch(id: $id) {
    reference
    items(first: $first) { totalCount nodes { result } }
    doubtful: items(needsReview: true, first: $first) { totalCount nodes { name result } }
    files { name role size sha256 url }
  }
}"""


async def read_and_watch(waybill: Waybill, folder: Path, screen: Screen) -> None:
    """Have the server read a ZIP of answer sheets, and show their scores and what a person should look at."""
    screen.title("Answer sheets: a ZIP of scans is read and scored")
    upload_input = {"filename": ARCHIVE.name, "size": ARCHIVE.stat().st_size}
    upload = (await waybill.execute(CREATE_UPLOAD, {"input": upload_input}))["createUpload"]
    work = {"omr": {"strategy": "ZIP_WITH_QR", "answerKey": ANSWER_KEY}}
    batch_input = {"work": work, "uploadIds": [upload["id"]]}
    batch = (await waybill.execute(CREATE_BATCH, {"input": batch_input}))["createBatch"]
    await send_file(upload["url"], ARCHIVE, CHUNK_BYTES)
    await _watch(waybill.subscribe(WATCH, {"id": batch["id"]}), screen)
    outcome = (await waybill.execute(OUTCOME, {"id": batch["id"], "first": PREVIEW_ROWS}))["batch"]
    screen.fact("Reference", f"{outcome['reference']}, from the QR code of the first sheet")
    screen.fact("Sheets", str(outcome["items"]["totalCount"]))
    for item in outcome["doubtful"]["nodes"]:
        fields = [field for field in item["result"]["fields"] if field["needsReview"]]
        doubts = ", ".join(f"{field['field']} reads {field['value'] or 'nothing'}" for field in fields)
        screen.fact("To look at", f"{item['name']}: {doubts}")
    screen.table([_row(item["result"]) for item in outcome["items"]["nodes"]])
    for file in outcome["files"]:
        if file["name"] in {"answers.csv", "annotated.pdf"}:
            await fetch_result(waybill, file, folder / "results", screen)


async def _watch(messages: AsyncGenerator[Data], screen: Screen) -> None:
    batch: dict[str, Any] = {}
    async for message in unless_stalled(messages, "batch"):
        batch = message["batchUpdated"]
        screen.bar("Reading", batch["progress"]["percentage"] / 100, _progress_text(batch))
    if batch.get("status") != "COMPLETED":
        reason = (batch.get("error") or {}).get("message") or batch.get("statusMessage")
        raise DemoFailed(f"The batch ended as {batch.get('status')}: {reason}")


def _progress_text(batch: dict[str, Any]) -> str:
    progress = batch["progress"]
    if progress["totalItems"] is None:
        return str(batch["statusMessage"])
    return f"{progress['processedItems']} of {progress['totalItems']} sheets"


def _row(result: dict[str, Any]) -> dict[str, str]:
    score = f"{result['score']:g} of {result['maxScore']:g}"
    return {"sheet": result["name"], "student": result["student"], "score": score}
