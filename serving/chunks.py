"""Chunks of a body that are worth sending: small ones put together."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

_LEAST_BYTES = 64 * 1024


async def coalesce_chunks(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The same bytes, with parts below 64 KiB put together: every part that is sent costs a system call."""
    waiting = bytearray()
    async with aclosing(chunks):
        async for chunk in chunks:
            if not waiting and len(chunk) >= _LEAST_BYTES:
                yield chunk
                continue
            waiting += chunk
            if len(waiting) >= _LEAST_BYTES:
                yield bytes(waiting)
                waiting.clear()
    if waiting:
        yield bytes(waiting)
