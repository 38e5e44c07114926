"""Answer sheets through HTTP alone: an archive up by tus, read, scored, and handed back."""

import asyncio
import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from client.api import Data, Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import REFERENCE, answers_for, encode, fill, filled_sheet, printed, scan

CREATE_UPLOAD = (
    "mutation ($name: String!, $size: BigInt!) { createUpload(input: {filename: $name, size: $size}) { id url } }"
)
CREATE_BATCH = """mutation ($work: BatchWork!, $uploads: [ID!]!) {
  createBatch(input: {work: $work, uploadIds: $uploads}) { id status }
}"""
READ = """query ($id: ID!) {
  batch(id: $id) {
    status isActive reference statusMessage error { code message }
    progress { totalItems failedItems skippedItems }
    files { name role url }
    items { nodes { id name status skipReason needsReview result files { name url } error { code message } } }
    doubtful: items(needsReview: true) { totalCount nodes { id name } }
    attempt

  }
}"""


@pytest.fixture
def server(shared_server: ServerProcess) -> ServerProcess:
    return shared_server


def archive_of(folder: Path) -> Path:
    """Two sheets, of which the second has a doubtful field, and a blank back."""
    template = built_in_template()
    answers = {**answers_for(2, template), "q3": "AB"}
    files = {
        "1.jpg": encode(scan(filled_sheet(1)[0], 1)),
        "1b.jpg": encode(scan(printed(template, "x") * 0 + 255, 1)),
        "2.jpg": encode(scan(fill(printed(template, "x"), template, answers, 2), 2)),
    }
    with zipfile.ZipFile(folder / "class.zip", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return folder / "class.zip"


async def upload(waybill: Waybill, path: Path) -> str:
    created = await waybill.execute(CREATE_UPLOAD, {"name": path.name, "size": path.stat().st_size})
    await send_file(created["createUpload"]["url"], path, 2**20)
    return str(created["createUpload"]["id"])


async def finished(waybill: Waybill, batch_id: str) -> Data:
    """The batch once it is done."""
    for _ in range(600):
        batch: Data = (await waybill.execute(READ, {"id": batch_id}))["batch"]
        if not batch["isActive"]:
            return batch
        await asyncio.sleep(0.2)
    raise AssertionError(batch)


async def answers_of(waybill: Waybill, batch: Data) -> list[dict[str, Any]]:
    url = next(file["url"] for file in batch["files"] if file["name"] == "answers.csv")
    return list(csv.DictReader(io.StringIO((await waybill.fetch(url)).decode("utf-8-sig"))))


async def create(waybill: Waybill, tmp_path: Path) -> str:
    upload_id = await upload(waybill, archive_of(tmp_path))
    work = {"omr": {"strategy": "ZIP_WITH_QR", "answerKey": {"q1": "A", "q2": {"answer": "B", "points": 2}}}}
    return str((await waybill.execute(CREATE_BATCH, {"work": work, "uploads": [upload_id]}))["createBatch"]["id"])


async def test_an_archive_of_sheets_comes_back_as_answers_with_their_proof(waybill: Waybill, tmp_path: Path) -> None:
    batch = await finished(waybill, await create(waybill, tmp_path))

    assert (batch["status"], batch["reference"]) == ("COMPLETED", REFERENCE), batch
    assert [file["name"] for file in batch["files"]] == [
        "answers.csv",
        "answers.xlsx",
        "review.csv",
        "annotated.pdf",
        "report.json",
    ]
    first, back, second = await answers_of(waybill, batch)
    answers = answers_for(1, built_in_template())
    assert {name: first[name] for name in answers if name.startswith("q")} == {
        name: value for name, value in answers.items() if name.startswith("q")
    }
    assert (back["status"], second["q3"], second["needsReview"]) == ("skipped", "AB", "yes")
    names = [[file["name"] for file in item["files"]] for item in batch["items"]["nodes"]]
    assert names == [["sheet.jpg", "marked.jpg"], [], ["sheet.jpg", "marked.jpg", "page.jpg", "q3.jpg"]]
    pdf = await waybill.fetch(next(file["url"] for file in batch["files"] if file["name"] == "annotated.pdf"))
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) == 2


REVIEW = """mutation ($id: ID!, $input: ReviewItemInput!) {
  reviewItem(id: $id, input: $input) { needsReview reviewedAt reviewedBy { username } }
}"""


async def test_a_person_settles_a_doubtful_field_and_the_results_are_written_anew(
    waybill: Waybill, tmp_path: Path
) -> None:
    batch = await finished(waybill, batch_id := await create(waybill, tmp_path))
    before = {item["name"]: item for item in batch["items"]["nodes"]}
    (doubtful,) = batch["doubtful"]["nodes"]
    given = {"values": [{"field": "q3", "value": "B"}]}
    answer = (await waybill.execute(REVIEW, {"id": doubtful["id"], "input": given}))["reviewItem"]
    assert (answer["needsReview"], answer["reviewedBy"]) == (False, {"username": "admin"})
    assert answer["reviewedAt"] is not None

    batch = await finished(waybill, batch_id)
    assert (batch["status"], batch["attempt"], batch["doubtful"]["totalCount"]) == ("COMPLETED", 2, 0)
    rows = await answers_of(waybill, batch)
    assert [(row["sheet"], row["q3"], row["needsReview"]) for row in rows][2] == ("2.jpg", "B", "no")
    after = {item["name"]: item for item in batch["items"]["nodes"]}
    assert after["1.jpg"] == before["1.jpg"] | {"files": after["1.jpg"]["files"]}
    assert [file["name"] for file in after["2.jpg"]["files"]] == ["sheet.jpg", "marked.jpg"]
    log = await waybill.execute("query ($id: ID) { auditLog(objectId: $id) { action detail } }", {"id": doubtful["id"]})
    assert log["auditLog"] == [{"action": "REVIEWED", "detail": "q3"}]


async def test_a_key_that_comes_later_scores_without_reading_again(waybill: Waybill, tmp_path: Path) -> None:
    batch = await finished(waybill, batch_id := await create(waybill, tmp_path))
    read_at = "query ($id: ID!) { batch(id: $id) { items { nodes { name attempt updatedAt } } } }"
    items = await waybill.execute(read_at, {"id": batch_id})
    start = "mutation ($id: ID!, $options: JSON!) { startJob(id: $id, input: {options: $options}) { status } }"
    key = {name: value for name, value in answers_for(1, built_in_template()).items() if name.startswith("q")}
    await waybill.execute(start, {"id": batch_id, "options": {"answerKey": key}})
    batch = await finished(waybill, batch_id)

    assert (await answers_of(waybill, batch))[0]["score"] == "60"
    assert await waybill.execute(read_at, {"id": batch_id}) == items
