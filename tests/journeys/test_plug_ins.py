"""Packages by others: the documented one is installed and used, broken ones are named and stop nothing."""

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from client.api import Waybill, WaybillError
from client.server_process import ServerProcess
from client.upload import send_file
from tests.databases import copied_sqlite
from tests.journeys.commands import Done, run_server_command
from tests.processors.documented import PAGE, documented_wheel, make_wheel

GROUP = "waybill.processors"
BROKEN = {
    "missing": (
        "missing.kind:KIND",
        "import no_such_module\n",
        "ModuleNotFoundError: No module named 'no_such_module'",
    ),
    "leaving": ("leaving.kind:KIND", "import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "listed": ("listed.kind:KIND", "KIND = []\n", "listed.kind:KIND is no processors.contract.Kind"),
}
KINDS = "{ serverInfo { processors { kind type optionsSchema } } }"
TEXT = b"a bee sees\nthe sea\n\nno\n"
UPLOAD = 'mutation ($size: BigInt!) { createUpload(input: {filename: "a.txt", size: $size}) { id url } }'
READ = """query ($id: ID!) { batch(id: $id) { status kind
  items { nodes { name status result } } files(role: RESULT) { name url } } }"""


async def install(target: Path, *wheels: Path) -> None:
    """Have pip put the wheels into `target`, without asking any index."""
    pip = ("-m", "pip", "--isolated", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps")
    process = await asyncio.create_subprocess_exec(sys.executable, *pip, "--target", str(target), *map(str, wheels))
    assert await process.wait() == 0


def broken_wheel(folder: Path, name: str) -> Path:
    reference, module, _ = BROKEN[name]
    return make_wheel(folder, name, "0.1", {f"{name}/kind.py": module}, {GROUP: {name: reference}})


@pytest.fixture
async def target(tmp_path: Path) -> Path:
    """Where the documented package is installed, and beside it some that cannot be used."""
    false_leads = make_wheel(tmp_path, "falseleads", "9", {}, {GROUP: {"leads": "falseleads:KIND"}})
    folder = tmp_path / "packages"
    await install(folder, documented_wheel(tmp_path), false_leads, *(broken_wheel(tmp_path, name) for name in BROKEN))
    return folder


def documented_mutation(upload_id: str) -> str:
    """The mutation of the page."""
    (block,) = re.findall(r"```graphql\n(.*?)```", PAGE, re.DOTALL)
    assert block.count("upload-…") == 1
    return str(block).replace("upload-…", upload_id)


async def until_completed(waybill: Waybill, batch_id: str) -> dict[str, Any]:
    watch = "subscription ($id: ID!) { batchUpdated(id: $id) { status } }"
    async with asyncio.timeout(60):
        states = [data["batchUpdated"]["status"] async for data in waybill.subscribe(watch, {"id": batch_id})]
    assert states[-1] == "COMPLETED"
    return dict((await waybill.execute(READ, {"id": batch_id}))["batch"])


async def test_the_documented_package_is_installed_and_works_while_broken_ones_stop_nothing(
    tmp_path: Path, migrated_file: Path, target: Path
) -> None:
    settings = {"PYTHONPATH": str(target), "WAYBILL_WORKERS": "1"}
    server = ServerProcess(copied_sqlite(migrated_file, tmp_path / "data"), settings)
    async with server, Waybill(server.base_url) as waybill:
        kinds = {one["kind"]: one for one in (await waybill.execute(KINDS))["serverInfo"]["processors"]}
        await waybill.login(server.admin_name, server.admin_password)
        text = tmp_path / "a.txt"
        text.write_bytes(TEXT)
        upload = (await waybill.execute(UPLOAD, {"size": len(TEXT)}))["createUpload"]
        await send_file(upload["url"], text)
        batch_id = (await waybill.execute(documented_mutation(upload["id"])))["createBatch"]["id"]
        batch = await until_completed(waybill, batch_id)
        (file,) = batch["files"]
        table = await waybill.fetch(file["url"])
        refusals = {name: await refusal_of(waybill, name, upload["id"]) for name in ("wordcount", *BROKEN)}

    assert kinds["wordcount"]["type"] == "BATCH"
    assert kinds["wordcount"]["optionsSchema"]["properties"]["minLetters"]["maximum"] == 100
    assert set(kinds) & set(BROKEN) == set()
    assert {"leads", "omr", "demo"} <= set(kinds)
    assert [node["result"] for node in batch["items"]["nodes"]] == [{"words": count} for count in (2, 2, 0, 0)]
    assert (file["name"], table) == ("words.csv", b"0,2\n1,2\n2,0\n3,0\n")
    assert refusals["wordcount"] == "BAD_INPUT: input.work.custom.options.minLetters: Give 1 or more."
    for name in BROKEN:
        assert refusals[name].startswith(f'BAD_INPUT: "{name}" is installed here, but it cannot be loaded')
        assert re.search(rf"plug_in_broken .*kind={name}\b", server.output())
    assert re.search(r"plug_in_left_out .*kind=leads\b.*falseleads 9", server.output())


async def refusal_of(waybill: Waybill, kind: str, upload_id: str) -> str:
    """What somebody is told who asks for `kind` with an option that does not fit."""
    create = "mutation ($input: CreateBatchInput!) { createBatch(input: $input) { id } }"
    work = {"custom": {"kind": kind, "options": {"minLetters": 0}}}
    with pytest.raises(WaybillError) as caught:
        await waybill.execute(create, {"input": {"work": work, "uploadIds": [upload_id]}})
    return str(caught.value)


def plug_in_lines(done: Done) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("PLUG-IN: ")]


async def test_check_names_each_package_that_cannot_be_used_with_the_reason(tmp_path: Path, target: Path) -> None:
    module = 'from wordcount.kind import KIND as K\nfrom dataclasses import replace\nKIND = replace(K, name="late", processor="late.work:Late")\n'
    late = make_wheel(
        tmp_path, "late", "2", {"late/kind.py": module, "late/work.py": "1 / 0\n"}, {GROUP: {"late": "late.kind:KIND"}}
    )
    await install(target, late)
    done = await run_server_command(tmp_path / "data", "--check", settings={"PYTHONPATH": str(target)})

    lines = plug_in_lines(done)
    expected = {
        **{name: ("0.1", reason) for name, (_, _, reason) in BROKEN.items()},
        "late": ("2", "ZeroDivisionError: "),
    }
    assert (done.code, done.stderr) == (0, "")
    for name, (version, reason) in expected.items():
        (line,) = (line for line in lines if f"The kind {name} of {name} {version} cannot be used: " in line)
        assert reason in line
    assert "PLUG-IN: The kind leads of falseleads 9 cannot be used: The name is that of a built-in kind." in lines
    assert len(lines) == len(expected) + 1
