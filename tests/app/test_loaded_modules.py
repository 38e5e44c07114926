"""Libraries that a program has loaded once it is open: none that its settings do not ask for."""

import json
import subprocess
import sys
from pathlib import Path

from tests.databases import copied_sqlite

_OPEN = """
import asyncio, json, sys
from pathlib import Path
import server
from app.roles import Role
from base.settings import Settings

async def open_server():
    settings = Settings(data_dir=Path(sys.argv[1]), workers=1, _env_file=None)
    async with server.opened_server(settings, Role.EMBEDDED) as services:
        services.asgi(server.build_schema())
        print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))

asyncio.run(open_server())
"""
_FOR_OTHERS = {
    "redis": {"redis", "hiredis", "docket", "beartype", "key_value", "opentelemetry", "limits", "wrapt"},
    "PostgreSQL": {"asyncpg"},
    "tokens of an outside issuer, secrets of downloads": {"jwt", "cryptography"},
    "tracebacks of structlog": {"rich", "pygments"},
    "children": {"lxml", "numpy", "cv2", "PIL", "phonenumbers", "python_calamine", "xlsxwriter", "av", "pocketsphinx"},
}
"""By what would have them loaded."""


def test_a_server_that_is_alone_loads_nothing_for_others(migrated_file: Path, tmp_path: Path) -> None:
    folder = copied_sqlite(migrated_file, tmp_path / "data")
    command = [sys.executable, "-c", _OPEN, str(folder)]
    root = Path(__file__).parents[2]
    opened = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True, timeout=120)
    loaded = set(json.loads(opened.stdout.splitlines()[-1]))
    assert {"uvicorn", "strawberry", "tortoise", "aiosqlite"} <= loaded
    assert {reason: found for reason, names in _FOR_OTHERS.items() if (found := loaded & names)} == {}
