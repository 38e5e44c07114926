"""The examples of docs/uploads.md, run as they stand there."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from client.api import Waybill
from tests.clients.page import call, choose, opened_page
from tests.clients.programs import FOLDER, Node, program_or_skip
from tests.clients.stored import MB, check_stored, random_file

PAGE = FOLDER.parents[1] / "docs" / "uploads.md"
JS, UPPY = range(2)
TUS, MULTIPART = range(2)


def example(language: str, index: int = 0) -> str:
    """The block of code in this language with this number."""
    return list[str](re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))[index]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose name needs care in a shell and in metadata."""
    path = tmp_path / "a quarter's Größe.csv"
    random_file(path, 2 * MB)
    return path


async def printed(waybill: Waybill, file: Path, *command: str) -> str:
    """What a program prints that finds in its environment what the examples say."""
    known = {"WAYBILL": waybill.base_url, "TOKEN": waybill.token, "FILE": str(file)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=os.environ | known, stdout=pipe, stderr=pipe)
    out, complaints = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, complaints) == (0, b"")
    return out.decode().strip()


@pytest.mark.parametrize("version", [4, 5])
async def test_tus_js_client(node: Node, waybill: Waybill, file: Path, tmp_path: Path, version: int) -> None:
    packages = tmp_path / "node_modules"
    packages.mkdir()
    (packages / "tus-js-client").symlink_to(FOLDER / "node_modules" / f"tus-js-client-{version}")
    (tmp_path / "send.mjs").write_text(example("js", JS))
    (tmp_path / "main.mjs").write_text(
        """import { readFileSync } from "node:fs"
        import { basename } from "node:path"
        import { send } from "./send.mjs"
        const { FILE, WAYBILL, TOKEN } = process.env
        console.log(await send(readFileSync(FILE), { WAYBILL, TOKEN, name: basename(FILE), type: "text/csv" }))"""
    )
    url = await printed(waybill, file, node.path, str(tmp_path / "main.mjs"))
    await check_stored(waybill, url, file.read_bytes(), filename=file.name, contentType="text/csv")


async def test_uppy(node: Node, waybill: Waybill, file: Path) -> None:
    means = {"WAYBILL": waybill.base_url, "TOKEN": waybill.token}
    async with opened_page(node) as page:
        _, url = await page.do(choose(file), call("uploadBy", example("js", UPPY), means))
    await check_stored(waybill, url, file.read_bytes(), filename=file.name)


async def test_tuspy(waybill: Waybill, file: Path) -> None:
    url = await printed(waybill, file, sys.executable, "-c", example("python"))
    await check_stored(waybill, url, file.read_bytes(), filename=file.name)


async def test_curl(waybill: Waybill, file: Path) -> None:
    program_or_skip("curl")
    url = await printed(waybill, file, "sh", "-c", example("sh", TUS))
    await check_stored(waybill, url, file.read_bytes(), filename=file.name)


async def test_curl_after_a_break(waybill: Waybill, file: Path, tmp_path: Path) -> None:
    program_or_skip("curl")
    functions, last_line, _ = example("sh", TUS).partition("URL=$(begin)")
    assert last_line
    content = file.read_bytes()
    begun = await printed(waybill, file, "sh", "-c", f"{functions}\nbegin")
    (tmp_path / "first").write_bytes(content[:MB])
    send = 'curl -sS -X PATCH "$URL" -H "Tus-Resumable: 1.0.0" -H "Upload-Offset: 0" --data-binary "@$FIRST"'
    kind = '-H "Content-Type: application/offset+octet-stream"'
    await printed(waybill, file, "sh", "-c", f"URL='{begun}' FIRST='{tmp_path / 'first'}'\n{send} {kind}")
    await printed(waybill, file, "sh", "-c", f"URL='{begun}'\n{functions}\ngo_on")
    await check_stored(waybill, begun, content, filename=file.name)


async def test_a_form_without_a_tus_client(waybill: Waybill, file: Path) -> None:
    program_or_skip("curl")
    answer = json.loads(await printed(waybill, file, "sh", "-c", example("sh", MULTIPART)))
    upload = answer["data"]["uploadFile"]
    assert upload["status"] == "COMPLETED"
    await check_stored(waybill, upload["url"], file.read_bytes(), filename=file.name)
