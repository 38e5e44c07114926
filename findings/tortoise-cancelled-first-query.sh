#!/usr/bin/env bash
# A query that is cancelled while it opens its connection leaves the connection locked for ever.
#
# tortoise-orm 1.1.9, SQLite: a connection is opened by the first query that needs it. The wrapper takes the connection's
# lock and then opens it, inside of __aenter__; when the query is cancelled there, nothing gives the lock back. Every
# later query of that connection waits without an error and without an end.
#
# Seen (tortoise-orm 1.1.9; Python 3.11):
#   first query cancelled after 1 turn of the loop
#   second query after 3 s: no answer
#   without the cancelled query: [{'1': 1}]
# Expected: the second query opens the connection and answers.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tortoise-orm==1.1.9 2>/dev/null
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
from importlib.metadata import version

from tortoise.backends.sqlite.client import SqliteClient


async def answer(*, is_first_cancelled: bool) -> str:
    client = SqliteClient(f"{is_first_cancelled}.sqlite3", connection_name="default")
    if is_first_cancelled:
        first = asyncio.create_task(client.execute_query_dict("SELECT 1"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert first.cancelled()
    try:
        return str(await asyncio.wait_for(client.execute_query_dict("SELECT 1"), 3))
    except TimeoutError:
        return "no answer"
    finally:
        await client.close()


async def main() -> None:
    print(f"tortoise-orm {version('tortoise-orm')}")
    late = await answer(is_first_cancelled=True)
    print(f"first query cancelled after 1 turn of the loop\nsecond query after 3 s: {late}")
    plain = await answer(is_first_cancelled=False)
    print(f"without the cancelled query: {plain}")
    assert (late, plain) == ("no answer", "[{'1': 1}]"), (late, plain)


asyncio.run(main())
PYTHON
