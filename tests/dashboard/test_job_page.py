"""The page of a job: watched, steered, and right again after its server was killed."""

import csv
import io
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.api import Waybill
from client.server_process import ServerProcess
from docs.images.make_images import send_leads, until_done
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo, create_download, create_leads

ROWS = 4_000
INVALID = ROWS // 100
DUPLICATES = ROWS // 10 - INVALID
COUNTS = """query ($id: ID!) {
  batch(id: $id) {
    completed: items(status: COMPLETED) { totalCount }
    failed: items(status: FAILED) { totalCount }
    skipped: items(status: SKIPPED) { totalCount }
    files { name url }
  }
}"""

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_job_is_watched_paused_resumed_and_deleted(waybill: Waybill, browser: Browser) -> None:
    async def create(title: str, options: dict[str, Any]) -> str:
        return await create_demo(waybill, title, **options)

    seen = await browser.play("job_page.mjs", {"create": create})

    assert "Waybill" in seen["title"]
    assert "%" in seen["title"]
    assert seen["eta"].endswith("left")
    assert seen["pausedActions"] == ["Resume", "Cancel"]
    assert seen["logLines"] >= 2
    assert seen["failedItems"] == 1
    assert seen["stillListed"] == 0
    assert seen["gone"] == "This job does not exist"
    assert seen["complaints"] == []


async def test_pages_are_right_again_after_their_server_was_killed_in_the_middle_of_a_batch(
    server: ServerProcess, waybill: Waybill, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(("name,email", *(f"Person {row},{email_of(row)}" for row in range(ROWS)))))

    async def create(title: str) -> str:
        return await create_leads(waybill, title, path)

    async def kill() -> int:
        batches = await waybill.execute(
            '{ batches(filter: {search: "Survivor"}) { nodes { progress { processedItems } } } }'
        )
        await server.kill()
        return int(batches["batches"]["nodes"][0]["progress"]["processedItems"])

    seen = await browser.play("server_away.mjs", {"create": create, "kill": kill, "start": server.start}, rows=ROWS)

    assert 0 < seen["done"] < ROWS
    assert seen["areTheSame"] == [True, True]
    assert seen["numbers"] == f"{ROWS:,} of {ROWS:,} · {INVALID:,} failed · {DUPLICATES:,} skipped"
    batch = (await waybill.execute(COUNTS, {"id": seen["id"]}))["batch"]
    assert {name: batch[name]["totalCount"] for name in ("completed", "failed", "skipped")} == {
        "completed": ROWS - INVALID - DUPLICATES,
        "failed": INVALID,
        "skipped": DUPLICATES,
    }
    url = next(file["url"] for file in batch["files"] if file["name"] == "leads.csv")
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        kept = list(csv.DictReader(io.StringIO((await answer.read()).decode("utf-8-sig"))))
    assert [row["Name"] for row in kept] == [f"Person {row}" for row in range(ROWS) if email_of(row) == own_email(row)]


def own_email(row: int) -> str:
    return f"person{row}@company{row}.example.org"


def email_of(row: int) -> str:
    """Of a row of the batch: every hundredth has none, and every tenth but these that of the row before."""
    if row % 100 == 0:
        return ""
    return own_email(row - 1 if row % 10 == 0 else row)


async def test_a_download_gets_a_fresh_link_and_another_bandwidth_while_it_runs(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    url = f"{server.base_url}/schema.graphql"

    seen = await browser.play("downloads.mjs", id=await create_download(waybill, url, bandwidthLimit=1))

    assert seen == {
        "bandwidth": "1",
        "refusal": "Diese Adresse darf der Server nicht abrufen.",
        "source": f"{url}?fresh",
    }


async def test_what_the_server_says_of_jobs_is_read_in_german(
    server: ServerProcess, waybill: Waybill, browser: Browser
) -> None:
    url = f"{server.base_url}/schema.graphql?twice"
    jobs = {
        "leads": await send_leads(waybill, "Leads in German"),
        "demo": await create_demo(waybill, "Demo in German", items=5, seconds=0, failItems=[1]),
    }
    await until_done(waybill, await create_download(waybill, url))
    jobs["duplicate"] = await create_download(waybill, url)
    for job in jobs.values():
        await until_done(waybill, job)

    seen = await browser.play("german.mjs", None, **jobs)

    assert "Die Überschrift sagt etwas anderes." in seen.pop("columns")
    assert seen.pop("deed").startswith("von 127.0.0.1")
    assert seen.pop("duplicate").startswith("Das wurde schon einmal abgerufen: download-")
    assert seen == {
        "status": "4 von 5 Elementen sind fertig, 1 fehlgeschlagen.",
        "stages": ["Wird vorbereitet", "Wird gespielt", "Das Ergebnis wird geschrieben"],
        "failed": "Die Arbeit ist fehlgeschlagen: Fehlgeschlagen, wie befohlen.",
        "skipped": "Dublette von Zeile 27: dieselbe Telefonnummer.",
        "english": [],
        "invalid": 'Eine Angabe passt nicht: Zeile 17 hat keine E-Mail-Adresse und keine gültige Telefonnummer: "12345".',
        "complaints": [],
    }
