"""Batch resolvers: a field of many objects, answered by one call.

A plan calls one with all objects of a list. Where graphql-core asks for each object by itself, the objects of one turn of the
event loop are gathered, and the same function is called for them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from inspect import Parameter, signature
from typing import Any, Protocol

import strawberry

BATCH = "batch"
"""Metadata of a field: its batch resolver."""
TURNS = 3
"""Turns of the event loop from asking for one object to its value, where the batch resolver waits for nothing."""

BatchFunction = Callable[..., Awaitable[Sequence[Any]]]
"""Takes objects, `info` and the arguments of their field; answers a value or an exception for each object."""


class HasBatches(Protocol):
    """What a context has."""

    batches: "Batches"


def batch_field(
    resolve: BatchFunction,
    *,
    description: str,
    metadata: Mapping[Any, Any] | None = None,
    deprecation_reason: str | None = None,
) -> Any:
    """A field that `resolve` answers for many objects at once; its type is the one that its class says."""
    return strawberry.field(
        resolver=_one_by_one(resolve),
        description=description,
        deprecation_reason=deprecation_reason,
        metadata={**(metadata or {}), BATCH: resolve},
    )


def _one_by_one(resolve: BatchFunction) -> Callable[..., Awaitable[Any]]:
    """The resolver for one object, with the arguments of `resolve`."""

    async def resolve_one(root: Any, info: Any, **arguments: Any) -> Any:
        return await info.context.batches.join(resolve, root, info, arguments)

    _, info, *arguments = signature(resolve).parameters.values()
    parameters = [Parameter("root", Parameter.POSITIONAL_OR_KEYWORD), info, *arguments]
    resolve_one.__signature__ = signature(resolve).replace(  # type: ignore[attr-defined]  # Strawberry reads it
        parameters=parameters, return_annotation=Parameter.empty
    )
    resolve_one.__annotations__ = {one.name: one.annotation for one in (info, *arguments)}
    resolve_one.__module__ = resolve.__module__
    return resolve_one


@dataclass(slots=True)
class _Batch:
    roots: list[Any] = field(default_factory=list)
    futures: list["asyncio.Future[Any]"] = field(default_factory=list)
    task: "asyncio.Task[Any] | None" = None

    @property
    def is_wanted(self) -> bool:
        return not all(future.cancelled() for future in self.futures)

    def leave(self, future: "asyncio.Future[Any]") -> None:
        """Stop what nobody waits for any more."""
        if future.cancelled() and self.task is not None and not self.is_wanted:
            self.task.cancel()


class Batches:
    """The batches of one request that are being gathered."""

    def __init__(self) -> None:
        self._gathered: dict[Hashable, _Batch] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def join(self, resolve: BatchFunction, root: Any, info: Any, arguments: dict[str, Any]) -> "asyncio.Future[Any]":
        """The value of one object, with those of all others that are asked for the same in this turn of the event loop."""
        loop = asyncio.get_running_loop()
        # The nodes, too: what `resolve` reads may depend on what is selected below it.
        nodes = info._raw_info.field_nodes  # noqa: SLF001  Strawberry's own is deprecated
        key = resolve, *map(id, nodes), *arguments.items()
        batch = self._gathered.get(key)
        if batch is None:
            batch = self._gathered[key] = _Batch()
            loop.call_soon(self._dispatch, key, partial(resolve, info=info, **arguments))
        batch.roots.append(root)
        batch.futures.append(future := loop.create_future())
        future.add_done_callback(batch.leave)
        return future

    def _dispatch(self, key: Hashable, call: BatchFunction) -> None:
        task = asyncio.ensure_future(self._answer(key, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, key: Hashable, call: BatchFunction) -> None:
        batch = self._gathered.pop(key)
        if not batch.is_wanted:
            return
        batch.task = asyncio.current_task()
        try:
            values = await call(batch.roots)
        except Exception as error:  # noqa: BLE001  each object has it
            values = [error] * len(batch.futures)
        for future, value in zip(batch.futures, values, strict=True):
            if future.cancelled():
                continue
            if isinstance(value, BaseException):
                future.set_exception(value)
            else:
                future.set_result(value)


class Part:
    """What a batch answers for one object, to be awaited by itself."""

    __slots__ = ("_place", "batch")

    def __init__(self, batch: "asyncio.Future[Sequence[Any]]", place: int) -> None:
        self.batch = batch
        self._place = place

    def of(self, answers: Sequence[Any] | BaseException) -> Any:
        """The value or exception, when the batch is there."""
        return answers if isinstance(answers, BaseException) else answers[self._place]

    def __await__(self) -> Any:
        answer = self.of((yield from asyncio.shield(self.batch).__await__()))
        if isinstance(answer, BaseException):
            raise answer
        return answer
