"""Commands of an operator: `server.py` with an option, which ends by itself."""

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from client.server_process import ROOT


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, and what it printed."""

    code: int
    stdout: str
    stderr: str


async def run_server_command(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> Done:
    """Run `server.py` with `arguments` on a data folder until it ends, within a minute."""
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    own = {"WAYBILL_DATA_DIR": str(data_dir), "WAYBILL_PORT": "0", "WAYBILL_WORKERS": "0"}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "server.py"),
        *arguments,
        env={**kept, **own, **(settings or {})},
        cwd=data_dir,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(60):
            stdout, stderr = await process.communicate()
    except BaseException:
        process.kill()
        raise
    return Done(process.returncode or 0, stdout.decode(), stderr.decode())
