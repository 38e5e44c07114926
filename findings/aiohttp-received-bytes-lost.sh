#!/usr/bin/env bash
# Bytes of a body that had arrived are lost to the reader when the connection breaks before it reads them.
#
# aiohttp 3.14.5: StreamReader.read(), readany() and read_nowait() raise the error of the connection as soon as there is
# one, although the reader still holds bytes that came before. A client that is busy for a moment (with a disk, say)
# loses up to twice read_bufsize, and cannot resume from where the server stopped. No public method gives these bytes.
#
# Seen (aiohttp 3.14.5; Python 3.11; a local server that announces 2,000 bytes, sends 1,000 and closes):
#   a reader that waits gets 1000 bytes, then ClientPayloadError
#   a reader that comes after the break: total_bytes 1000; read() ClientPayloadError; readany() ClientPayloadError; read_nowait() ClientPayloadError
#   still held: 1000 bytes
# Expected: whoever reads late gets the same 1,000 bytes, and then the error.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check aiohttp==3.14.5
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio

import aiohttp

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n"
SENT = b"x" * 1000


async def name_of_error(read) -> str:
    try:
        got = read()
        got = await got if asyncio.iscoroutine(got) else got
    except aiohttp.ClientError as error:
        return type(error).__name__
    return f"{len(got)} bytes"


async def main() -> None:
    may_break = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD + SENT)
        await writer.drain()
        await may_break.wait()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    print(f"aiohttp {aiohttp.__version__}")
    async with server, aiohttp.ClientSession() as session, asyncio.timeout(20):
        async with session.get(url) as response:
            prompt = b""
            while len(prompt) < len(SENT):
                prompt += await response.content.read(2000)
            may_break.set()
            prompt_error = await name_of_error(lambda: response.content.read(2000))
        print(f"a reader that waits gets {len(prompt)} bytes, then {prompt_error}")

        may_break.clear()
        async with session.get(url) as response:
            content = response.content
            end = asyncio.ensure_future(content.wait_eof())
            await asyncio.sleep(0)
            while content.total_bytes < len(SENT):
                await asyncio.sleep(0.01)
            may_break.set()
            await asyncio.wait([end])
            assert isinstance(end.exception(), aiohttp.ClientPayloadError), end
            calls = {
                "read": lambda: content.read(2000),
                "readany": content.readany,
                "read_nowait": content.read_nowait,
            }
            late = {name: await name_of_error(call) for name, call in calls.items()}
            held = sum(map(len, content._buffer))
        said = "; ".join(f"{name}() {what}" for name, what in late.items())
        print(f"a reader that comes after the break: total_bytes {content.total_bytes}; {said}")
        print(f"still held: {held} bytes")
    assert (len(prompt), prompt_error) == (1000, "ClientPayloadError")
    assert set(late.values()) == {"ClientPayloadError"}, late
    assert held == 1000, held


asyncio.run(main())
PYTHON
