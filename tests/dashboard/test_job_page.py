"""The page of a job: watched, steered, and right again after its server was killed."""

import asyncio
import contextlib
import csv
import io
import os
import re
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client.api import Waybill, WaybillError
from client.server_process import ServerProcess
from docs.images.make_images import NEW_USER, PASSWORD, send_leads, until_done
from tests.dashboard.browser import Browser
from tests.dashboard.jobs import create_demo, create_download, create_leads
from tests.processes import children_of

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
CANCEL = "mutation ($id: ID!) { cancelJob(id: $id) { id } }"
MESSAGES = "subscription ($id: ID!) { jobUpdated(id: $id) { statusMessage } }"
INDIA = timedelta(hours=5, minutes=30)

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
    assert seen["isFocused"], "a panel stays where it is while other items are read"
    assert seen["stillListed"] == 0
    assert seen["gone"] == "This job does not exist"
    assert seen["complaints"] == []


@pytest.mark.long
async def test_pages_are_right_again_after_their_server_was_killed_in_the_middle_of_a_batch(
    server: ServerProcess, waybill: Waybill, browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("\n".join(("name,email", *(f"Person {row},{email_of(row)}" for row in range(ROWS)))))

    async def processed() -> int:
        batches = await waybill.execute(
            '{ batches(filter: {search: "Survivor"}) { nodes { progress { processedItems } } } }'
        )
        return int(batches["batches"]["nodes"][0]["progress"]["processedItems"])

    async def create(title: str) -> str:
        """A batch that stands still in its midst, however slow the browser is."""
        id_ = await create_leads(waybill, title, path)
        while not await processed():  # noqa: ASYNC110  the work is in other processes
            await asyncio.sleep(0.02)
        for child in children_of(server.pid):
            os.kill(child, signal.SIGSTOP)
        return id_

    async def kill() -> int:
        done = await processed()
        for child in children_of(server.pid):
            os.kill(child, signal.SIGCONT)
        await server.kill()
        return done

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

    async with Waybill(server.base_url) as user:
        await waybill.execute(NEW_USER, {"name": "curious", "password": PASSWORD})
        await user.login("curious", PASSWORD)
        with pytest.raises(WaybillError):
            await user.execute("{ users { id } }")

    async with busy_host() as url:
        jobs["waiting"] = await create_download(waybill, url)
        clock = await clock_of(waybill, jobs["waiting"])
        seen = await browser.play("german.mjs", None, **jobs)
        await waybill.execute(CANCEL, {"id": jobs["waiting"]})

    assert "Die Überschrift sagt etwas anderes." in seen.pop("columns")
    assert seen.pop("deed").startswith("von 127.0.0.1")
    assert seen.pop("refused") == "users: Das dürfen nur Admins. (und 2 weitere)"
    assert (seen.pop("waiting"), seen.pop("listed")) == (f"Wartet bis {clock}, weil localhost darum bat.",) * 2
    assert seen.pop("duplicate").startswith("Das wurde schon einmal abgerufen: download-")
    assert seen == {
        "status": "4 von 5 Elementen sind fertig, 1 fehlgeschlagen.",
        "stages": ["Wird vorbereitet", "Wird gespielt", "Das Ergebnis wird geschrieben"],
        "kind": "Eine Angabe passt nicht: Die Art „Leads“ nimmt .csv, .xlsx; „a.pdf“ gehört nicht dazu.",
        "failed": "Die Arbeit ist fehlgeschlagen: Fehlgeschlagen, wie befohlen.",
        "skipped": "Dublette von Zeile 27: dieselbe Telefonnummer.",
        "english": [],
        "invalid": 'Eine Angabe passt nicht: Zeile 17 hat keine E-Mail-Adresse und keine gültige Telefonnummer: "12345".',
        "complaints": [],
    }


@contextlib.asynccontextmanager
async def busy_host() -> AsyncIterator[str]:
    """A host that asks to be left alone for 50 minutes; the URL of one of its files."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nRetry-After: 3000\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}/file.bin"


async def clock_of(waybill: Waybill, id_: str) -> str:
    """Until when it says that it waits, as clocks in India show it."""
    async with contextlib.aclosing(waybill.subscribe(MESSAGES, {"id": id_})) as states:
        async for state in states:
            if waits := re.match(r"Waiting until (\d\d:\d\d) UTC", state["jobUpdated"]["statusMessage"]):
                return f"{datetime.fromisoformat(f'2026-01-01T{waits[1]}') + INDIA:%H:%M}"
    pytest.fail("It has ended, but should wait.")
