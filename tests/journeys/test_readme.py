"""The examples of README, pasted one after the other."""

import asyncio
import os
import re
from pathlib import Path

from client.api import Waybill
from client.server_process import ROOT, ServerProcess
from tests.clients.programs import program_or_skip

BLOCKS: list[tuple[str, str]] = re.findall(r"(?s)```(graphql|sh)\n(.*?)```", (ROOT / "README.md").read_text("utf-8"))
SAMPLE = Path("docs", "samples", "leads.xlsx")


def pasted(opening: str, **blanks: str) -> str:
    """The block that begins so, with its blanks (`…`) filled in by what stands before each."""
    (block,) = [text for _language, text in BLOCKS if text.startswith(opening)]
    for before, value in blanks.items():
        block = block.replace(f'"{before}-…"', f'"{value}"')
    assert "…" not in block
    return block


def test_the_sample_is_announced_with_its_size() -> None:
    assert f"size: {(ROOT / SAMPLE).stat().st_size}}}" in pasted("mutation { createUpload")


async def test_what_the_readme_shows_brings_a_file_from_upload_to_results(server: ServerProcess) -> None:
    program_or_skip("curl")
    async with Waybill(server.base_url) as waybill:
        login = next(text for _language, text in BLOCKS if text.startswith("mutation { login"))
        session = await waybill.execute(login.replace("…", server.admin_password))
        waybill.token = session["login"]["accessToken"]
        upload = (await waybill.execute(pasted("mutation { createUpload")))["createUpload"]
        create = pasted("mutation { createBatch", upload=upload["id"])
        batch_id = (await waybill.execute(create))["createBatch"]["id"]

        await send(pasted("curl -X PATCH"), upload["url"])
        watched = pasted("subscription {", batch=batch_id)
        async with asyncio.timeout(120):
            states = [message["batchUpdated"] async for message in waybill.subscribe(watched)]
        outcome = (await waybill.execute(pasted("query {", batch=batch_id)))["batch"]

        assert states[-1]["status"] == outcome["status"] == "COMPLETED"
        assert states[-1]["progress"]["percentage"] == 100
        assert outcome["items"]["totalCount"] == outcome["progress"]["skippedItems"] > 0
        assert len(await waybill.fetch(outcome["bundleUrl"])) > 0
        for file in states[-1]["files"]:
            assert len(await waybill.fetch(file["url"])) == int(file["size"])


async def send(command: str, url: str) -> None:
    """Run a command of the README where it is meant to be typed."""
    process = await asyncio.create_subprocess_shell(command, cwd=ROOT, env=os.environ | {"URL": url})
    assert await process.wait() == 0
