"""Watch one thing to its end, from its first state on."""

import asyncio

from client.api import Data, Waybill


async def begin_watching(waybill: Waybill, subscription: str, id_: str) -> asyncio.Task[list[Data]]:
    """The states of `id_`; the first has come when this returns, so that whatever is done next is seen as a change."""
    messages = waybill.subscribe(subscription, {"id": id_})
    first = await asyncio.wait_for(anext(messages), 20)

    async def watch_to_the_end() -> list[Data]:
        return [state for data in [first, *[data async for data in messages]] for state in data.values()]

    return asyncio.create_task(watch_to_the_end())
