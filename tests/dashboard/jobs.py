"""Jobs that people look at."""

from pathlib import Path
from typing import Any

from client.api import Waybill
from client.upload import send_file
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import answers_for, encode, fill, printed, scan

ALIASES = 100
NEW_DOWNLOAD = """mutation ($input: StartDownloadsInput!) {
  startDownloads(input: $input) { download { id } error { message } }
}"""
NEW_DEMO = """mutation ($demo: DemoOptionsInput!, $title: String) {
  createTask(input: {work: {demo: $demo}, title: $title}) { id }
}"""
NEW_SHEETS = """mutation ($uploads: [ID!]!, $title: String) {
  createBatch(input: {work: {omr: {strategy: IMAGES, reference: "12345678"}}, uploadIds: $uploads, title: $title}) { id }
}"""
NEW_LEADS = """mutation ($uploads: [ID!]!, $title: String!) {
  createBatch(input: {work: {leads: {country: "DE", batchSize: 5}}, uploadIds: $uploads, title: $title}) { id }
}"""
NEW_CSV = 'mutation ($size: BigInt!) { createUpload(input: {filename: "leads.csv", size: $size}) { id url } }'
NEW_UPLOAD = 'mutation ($size: BigInt!) { createUpload(input: {filename: "doubtful.jpg", size: $size}) { id url } }'


async def create_demo(waybill: Waybill, title: str, **options: Any) -> str:
    """A task of the kind `demo`; its id."""
    created = await waybill.execute(NEW_DEMO, {"demo": options, "title": title})
    return str(created["createTask"]["id"])


async def create_download(waybill: Waybill, url: str, title: str | None = None, **options: Any) -> str:
    """A download of `url`; its id."""
    started = await waybill.execute(NEW_DOWNLOAD, {"input": {"urls": [url], "title": title, "options": options}})
    return str(started["startDownloads"][0]["download"]["id"])


async def create_waiting(waybill: Waybill, count: int) -> None:
    """So many tasks that wait for a worker, `Number 0` first; `count` is a multiple of 100."""
    for start in range(0, count, ALIASES):
        fields = [
            f't{number}: createTask(input: {{work: {{external: {{}}}}, title: "Number {number}"}}) {{ id }}'
            for number in range(start, start + ALIASES)
        ]
        await waybill.execute(f"mutation {{ {' '.join(fields)} }}")


async def create_leads(waybill: Waybill, title: str, path: Path) -> str:
    """A batch of leads in slices of five rows, so that it takes its time; its id."""
    upload = (await waybill.execute(NEW_CSV, {"size": path.stat().st_size}))["createUpload"]
    created = await waybill.execute(NEW_LEADS, {"uploads": [upload["id"]], "title": title})
    await send_file(upload["url"], path)
    return str(created["createBatch"]["id"])


async def create_sheet(waybill: Waybill, title: str, folder: Path) -> str:
    """A batch of one answer sheet with two marks at q3; its id."""
    template = built_in_template()
    answers = {**answers_for(2, template), "q3": "AB"}
    path = folder / "doubtful.jpg"
    path.write_bytes(encode(scan(fill(printed(template, "x"), template, answers, 2), 2)))
    upload = (await waybill.execute(NEW_UPLOAD, {"size": path.stat().st_size}))["createUpload"]
    await send_file(upload["url"], path, 2**20)
    created = await waybill.execute(NEW_SHEETS, {"uploads": [upload["id"]], "title": title})
    return str(created["createBatch"]["id"])
