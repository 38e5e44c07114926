"""Recordings through HTTP alone: up by tus, aligned, asked about, and handed back."""

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from client.api import Data, Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from processors.alignment.textgrid import read_textgrid
from tests.processors.alignment.conftest import wav
from tests.processors.alignment.espeak import say

TEXT = (
    "The old harbour was quiet in the morning, and the men of Blorfkin carried their baskets across the wooden bridge."
)
CREATE_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
CREATE_TASK = """mutation ($alignment: AlignmentOptionsInput!, $uploads: [ID!]!) {
  createTask(input: {work: {alignment: $alignment}, uploadIds: $uploads}) { id status cost alignment { language } }
}"""
START = "mutation ($id: ID!, $more: [ID!]!) { startJob(id: $id, input: {addUploadIds: $more}) { id status } }"
READ = """query ($id: ID!) {
  task(id: $id) {
    status isActive awaiting statusMessage cost error { code message } bundleUrl
    files { name role }
    items { nodes { name status result files { name url } } }
    alignment {
      language duration wordCount hasMissingWords missingWordCount missingWords { word count suggestion }
      missingWordsHtml textgridUrl missingDictUrl
    }
  }
}"""


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


async def upload(waybill: Waybill, folder: Path, name: str, data: bytes) -> str:
    path = folder / name
    path.write_bytes(data)
    created = await waybill.execute(CREATE_UPLOAD, {"name": name, "size": len(data)})
    await send_file(created["createUpload"]["url"], path, 2**20)
    return str(created["createUpload"]["id"])


async def create(waybill: Waybill, uploads: list[str], **options: Any) -> str:
    created = await waybill.execute(CREATE_TASK, {"alignment": options, "uploads": uploads})
    assert created["createTask"]["alignment"] is None
    return str(created["createTask"]["id"])


async def ended(waybill: Waybill, task_id: str) -> Data:
    """The task once it is done, or waits for its owner."""
    for _ in range(600):
        task: Data = (await waybill.execute(READ, {"id": task_id}))["task"]
        if not task["isActive"] or task["awaiting"]:
            return task
        await asyncio.sleep(0.1)
    raise AssertionError(task)


async def pair(waybill: Waybill, folder: Path, stem: str, text: str = TEXT) -> list[str]:
    sound = await upload(waybill, folder, f"{stem}.wav", wav(say(text).samples))
    return [sound, await upload(waybill, folder, f"{stem}.txt", text.encode())]


async def test_a_recording_and_its_text_come_back_as_a_textgrid(waybill: Waybill, tmp_path: Path) -> None:
    task = await ended(waybill, await create(waybill, await pair(waybill, tmp_path, "talk")))

    assert task["status"] == "COMPLETED", task
    assert task["cost"] == 0.0
    alignment = task["alignment"]
    assert (alignment["language"], alignment["wordCount"]) == ("en-US", len(TEXT.split()))
    assert (alignment["hasMissingWords"], alignment["missingWordCount"]) == (True, 1)
    assert [(word["word"], word["count"]) for word in alignment["missingWords"]] == [("blorfkin", 1)]
    assert "<td>blorfkin</td>" in alignment["missingWordsHtml"]
    grid = read_textgrid(await waybill.fetch(alignment["textgridUrl"]))
    assert [tier.name for tier in grid.tiers] == ["words", "phones"]
    assert abs(grid.end - alignment["duration"]) < 0.001
    assert (await waybill.fetch(alignment["missingDictUrl"])).startswith(b"blorfkin  ")
    (item,) = task["items"]["nodes"]
    assert [file["name"] for file in item["files"]] == ["talk.TextGrid", "talk.wav"]
    assert [file["name"] for file in task["files"]] == ["missing.dict", "report.json"]


async def test_two_recordings_come_back_in_the_bundle(waybill: Waybill, tmp_path: Path) -> None:
    uploads = [*await pair(waybill, tmp_path, "a"), *await pair(waybill, tmp_path, "b")]
    task = await ended(waybill, await create(waybill, uploads))

    assert task["alignment"]["textgridUrl"] == task["bundleUrl"]
    with zipfile.ZipFile(io.BytesIO(await waybill.fetch(task["bundleUrl"]))) as bundle:
        names = {Path(name).name for name in bundle.namelist()}
    assert names >= {"a.TextGrid", "b.TextGrid", "a.wav", "b.wav", "a.txt", "b.txt", "missing.dict"}


async def test_who_wants_to_be_asked_corrects_the_dictionary_and_goes_on(waybill: Waybill, tmp_path: Path) -> None:
    task_id = await create(waybill, await pair(waybill, tmp_path, "talk"), askAboutMissingWords=True)
    asked = await ended(waybill, task_id)
    assert (asked["status"], asked["awaiting"]) == ("AWAITING_INPUT", "missingWords")
    assert asked["alignment"]["missingWords"][0]["word"] == "blorfkin"
    assert asked["alignment"]["textgridUrl"] is None
    guessed = await waybill.fetch(asked["alignment"]["missingDictUrl"])

    corrected = await upload(waybill, tmp_path, "missing.dict", guessed.split()[0] + b"  B L AO R F K IH N\n")
    await waybill.execute(START, {"id": task_id, "more": [corrected]})
    task = await ended(waybill, task_id)
    assert (task["status"], task["alignment"]["missingWordCount"]) == ("COMPLETED", 0), task
    assert [file["name"] for file in task["files"]] == ["report.json"]
    assert task["alignment"]["missingDictUrl"] is None


async def test_the_reason_why_the_only_recording_failed_is_that_of_the_task(waybill: Waybill, tmp_path: Path) -> None:
    sound = await upload(waybill, tmp_path, "talk.wav", wav(say(TEXT).samples * 0))
    task = await ended(
        waybill, await create(waybill, [sound, await upload(waybill, tmp_path, "talk.txt", TEXT.encode())])
    )

    assert task["status"] == "FAILED"
    assert task["error"]["message"].startswith("The recording is silent")
    assert task["cost"] is None


async def test_languages_are_told_and_others_refused_at_once(waybill: Waybill, tmp_path: Path) -> None:
    info = await waybill.execute("{ serverInfo { processors { kind languages } } }")
    languages = {one["kind"]: one["languages"] for one in info["serverInfo"]["processors"]}
    assert languages["alignment"][0] == "en-US"
    assert languages["leads"] == []
