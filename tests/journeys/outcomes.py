"""Outcome of a job, without anything that differs between runs."""

import json
import re
import zipfile
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from tests.journeys.loads import Load, all_pages
from tests.journeys.retrying_client import IS_AWAY, RetryingClient

READ = """query ($id: ID!) { job(id: $id) {
  status hasFailures attempt error { code }
  progress { percentage totalItems processedItems failedItems skippedItems completedBatches totalBatches }
  files { name role contentType size sha256 url } } }"""
_ITEM = "index name status result skipReason error { code message }"
_IDS_AND_TIMES = re.compile(r"\b[a-z]+-\d{10}-[0-9a-f]{12}\b|\d{4}-\d\d-\d\dT[\d:.]+Z")


async def outcome_of(load: Load, caller: RetryingClient) -> dict[str, Any]:
    """All that two runs of the same load have in common."""
    job = (await caller.ask(READ, id=load.job_id))["job"]
    files = {file["name"]: _comparable(file["name"], await _fetch(caller, file["url"])) for file in job.pop("files")}
    return {**job, "files": files, "items": await all_pages(caller, load.job_id, "items", _ITEM)}


async def _fetch(caller: RetryingClient, url: str) -> bytes:
    parts = urlsplit(url)
    while True:
        try:
            async with caller.session.get(f"{caller.next_url()}{parts.path}?{parts.query}") as answer:
                assert answer.status == 200, await answer.text()
                return await answer.read()
        except IS_AWAY:
            continue


def _comparable(name: str, content: bytes) -> Any:
    """The content; of a workbook its parts but the one that holds times, of a report its text without ids and times."""
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(BytesIO(content)) as book:
            return {part: book.read(part) for part in book.namelist() if part != "docProps/core.xml"}
    return json.loads(_IDS_AND_TIMES.sub("*", content.decode())) if name.endswith(".json") else content
