"""Calls of the processor of tests, and what came back from them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from background.calls.messages import Call, Message, ResultBatch
from background.executors.executor import Executor
from base.words import SlicePhase
from processors.contract import AssignedSlice, ItemResult, Source
from tests.background.scripted.kind import REFERENCE
from tests.background.worker_harness import wait_until


def call_of(
    folder: Path,
    act: str = "nothing",
    *,
    reference: str = REFERENCE,
    items: int = 8,
    acts: dict[int, str] | None = None,
    is_careful: bool = False,
    **script: Any,
) -> Call:
    """A call of `process` with `act` at item 3, or with `acts`; `folder` is made where there is none."""
    folder.mkdir(exist_ok=True)
    spool = folder.with_name(f"{folder.name}-spool.txt")
    spool.write_text("spooled")
    part = AssignedSlice(0, range(items), {"first": 0, "text": "spooled"})
    options = {"acts": {str(index): name for index, name in (acts or {3: act}).items()}, **script}
    return Call(
        reference, SlicePhase.PROCESS, options, folder, {"spool.txt": spool}, parts=[part], is_careful=is_careful
    )


def call_of_parts(folder: Path, begin_seconds: float, acts: dict[int, str] | None = None) -> Call:
    """A call of `process` with two parts of two items each."""
    parts = [AssignedSlice(first, [first, first + 1], {"first": first, "text": "spooled"}) for first in (0, 2)]
    return replace(call_of(folder, acts=acts or {9: "nothing"}), parts=parts, begin_seconds=begin_seconds)


def plan_of(folder: Path, reference: str, source: Path, **script: Any) -> Call:
    """A call of `plan` with one input, which is made."""
    source.write_text("a b")
    inputs = [Source(source.name, source, 3, "text/plain")]
    return Call(reference, SlicePhase.PLAN, script, folder, inputs=inputs)


async def perform(executor: Executor, call: Call, into: list[Message] | None = None) -> list[Message]:
    """All that came back; also in `into`, for a call that ends badly."""
    received: list[Message] = [] if into is None else into

    async def keep(message: Message) -> None:
        received.append(message)

    await executor.run(call, keep)
    return received


def results_of(messages: list[Message]) -> list[ItemResult]:
    return [item for message in messages if isinstance(message, ResultBatch) for item in message.results]


def values_of(messages: list[Message]) -> list[dict[str, Any]]:
    return [orjson.loads(item.result or b"null") for item in results_of(messages)]


async def number_told(folder: Path, name: str = "pid", seconds: float = 30) -> int:
    """The number that an act tells under `name`, as soon as it does."""
    await wait_until((folder / name).exists, seconds)
    return int((folder / name).read_text())
