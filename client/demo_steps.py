"""Steps of the demo that several of its parts take."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from client.api import Data, Waybill
from client.terminal import GREEN, Screen, size_text

STALL_SECONDS = 60.0


class DemoFailed(Exception):  # noqa: N818 (it reads as what happened)
    """What went wrong and what to do about it."""


async def unless_stalled(messages: AsyncGenerator[Data], what: str) -> AsyncGenerator[Data]:
    """The messages of a subscription, as long as they keep coming."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(STALL_SECONDS) as limit, aclosing(messages):
            async for message in messages:
                limit.reschedule(loop.time() + STALL_SECONDS)
                yield message
    except TimeoutError:
        raise DemoFailed(f"Nothing was heard of the {what} for {STALL_SECONDS:.0f} s.") from None


async def fetch_result(waybill: Waybill, file: dict[str, Any], folder: Path, screen: Screen) -> None:
    """Fetch one result by its signed link and compare what arrived with what the API says."""
    # A name is the server's word: only its last part may choose where we write.
    digest = await waybill.download(file["url"], folder / Path(file["name"]).name)
    if digest != file["sha256"]:
        raise DemoFailed(
            f"{file['name']} did not arrive as the API describes it: SHA-256 {digest}, not {file['sha256']}."
        )
    screen.line(f"  {file['name']:20}{size_text(file['size']):>10}  {screen.paint('matches its SHA-256:', GREEN)}")
    screen.line(f"    {digest}")
