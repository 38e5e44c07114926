"""Answer sheets at size: 300 scans of A4 at 300 dpi in a ZIP, from the last byte to COMPLETED.

Prints sheets per second of one core alone, with the peak memory of its process; what is flagged of hard marks; and
then sheets per second of the whole product on all cores. The targets: 6 sheets a second and core, 300 MB, 15 %. OMRChecker reads other sheets, so it is not run beside it; its
figure is that of a run on its own samples, and is printed for comparison.

    python -m benchmarks.sheets [sheets]
"""

import asyncio
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from benchmarks.machine import describe_machine, watched
from client.api import Waybill
from client.server_process import ServerProcess
from client.upload import send_file
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import answers_for, encode, filled_sheet, scan

SHEETS, DRAWN, DPI = 300, 20, 300
HARD_SEED, HARD_SHEETS = 9_000, 30
OMRCHECKER = (
    "OMRChecker on its own samples of 0.1 to 2 megapixels, another machine: 1.6 to 26 sheets/s of CPU, typically 10"
)
CREATE_UPLOAD = """mutation ($name: String!, $size: BigInt!) {
  createUpload(input: {filename: $name, size: $size}) { id url }
}"""
CREATE_BATCH = """mutation ($upload: ID!) {
  createBatch(input: {work: {omr: {strategy: ZIP_WITH_QR}}, uploadIds: [$upload]}) { id }
}"""
WATCH = "subscription ($id: ID!) { batchUpdated(id: $id) { status stage statusMessage } }"
READ = """query ($id: ID!) {
  batch(id: $id) { items(first: 20) { nodes { result } } doubtful: items(needsReview: true) { totalCount } }
}"""


def main() -> None:
    """Run it and print the figures."""
    sheets = int(sys.argv[1]) if len(sys.argv) > 1 else SHEETS
    print(
        f"sheets: {sheets} of A4 at {DPI} dpi ({DRAWN} different ones)\n{describe_machine()}\n{OMRCHECKER}", flush=True
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = _write_archive(folder, sheets)
        print(f"archive: {path.stat().st_size / 1e6:.0f} MB", flush=True)
        subprocess.run([sys.executable, "-m", "benchmarks.omr.alone", str(path), str(DRAWN)], check=True)
        subprocess.run([sys.executable, "-m", "benchmarks.omr.hard", str(HARD_SEED), str(HARD_SHEETS)], check=True)
        asyncio.run(_run(folder, path, sheets))


def _write_archive(folder: Path, sheets: int) -> Path:
    path = folder / "sheets.zip"
    drawn = [encode(scan(filled_sheet(seed, dpi=DPI)[0], seed, noise=3), quality=85) for seed in range(DRAWN)]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(sheets):
            archive.writestr(f"sheet {number}.jpg", drawn[number % DRAWN])
    return path


async def _run(folder: Path, path: Path, sheets: int) -> None:
    size = (await asyncio.to_thread(path.stat)).st_size
    async with ServerProcess(folder / "data") as server, Waybill(server.base_url) as waybill:
        await waybill.login(server.admin_name, server.admin_password)
        data = await waybill.execute(CREATE_UPLOAD, {"name": path.name, "size": size})
        batch = (await waybill.execute(CREATE_BATCH, {"upload": data["createUpload"]["id"]}))["createBatch"]
        async with watched(server.pid) as usage:
            watching = asyncio.create_task(_watch(waybill, batch["id"]))
            await send_file(data["createUpload"]["url"], path, 2**23)
            seconds = await watching
        seen = (await waybill.execute(READ, {"id": batch["id"]}))["batch"]
    print(f"last byte to COMPLETED: {seconds:.1f} s = {sheets / seconds:.1f} sheets/s on all cores")
    print(f"CPU {usage.cpu_seconds:.1f} s; peak memory, all processes: {usage.peak_bytes / 1e6:.0f} MB")
    right = fields = 0
    for seed, item in enumerate(seen["items"]["nodes"]):
        answers = answers_for(seed, built_in_template())
        read = {field["field"]: field["value"] for field in item["result"]["fields"]}
        right += sum(read[label] == value for label, value in answers.items())
        fields += len(answers)
    print(f"fields right: {right:,} of {fields:,}; sheets to be looked at: {seen['doubtful']['totalCount']}")


async def _watch(waybill: Waybill, batch_id: str) -> float:
    """Seconds from the last byte to the end."""
    began = 0.0
    async for message in waybill.subscribe(WATCH, {"id": batch_id}):
        state = message["batchUpdated"]
        if state["status"] != "UPLOADING" and not began:
            began = time.perf_counter()
        if state["status"] == "FAILED":
            sys.exit(f"The batch failed: {state['statusMessage']}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
