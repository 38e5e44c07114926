"""Nested fields in batches: one query per field and request, however many objects there are."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain, islice, repeat
from typing import Any, Generic, TypeVar, cast

from auth.api_tokens import find_api_tokens
from auth.queries import users_by_ids
from auth.viewer import Viewer
from base.errors import Refusal
from jobs.contents import (
    active_items_of_jobs,
    files_of_items,
    files_of_jobs,
    find_files,
    find_items,
    item_files_of_type,
    list_job_uploads,
)
from jobs.inputs import Inputs, states_of_inputs
from jobs.queries import find_jobs, jobs_of_uploads, options_of_jobs, pages_of, summaries_of_jobs
from jobs.retention import Use, ends_of_jobs, uses_of_uploads
from jobs.scheduling.external import Lease, leases_of
from jobs.scheduling.positions import queue_positions
from jobs.snapshots import read_with_retry
from models import ApiToken, File, Job, Upload, User, Webhook
from models.listing import Page, Window
from processors.alignment.outputs import TEXTGRID_TYPE
from uploads.queries import find_uploads
from webhooks.queries import find_webhooks

_TURNS_TO_REFUSE = 50
"""Turns of the event loop in which a refusal is through all levels of an answer, and what waits is cancelled."""
K = TypeVar("K")
V = TypeVar("V")


@dataclass(eq=False)
class _Batch(Generic[K, V]):
    """What was asked for together: keys, and where what is loaded for them is waited for."""

    asked: list[tuple[list[K], "asyncio.Future[list[V | Exception]]"]] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None

    @property
    def is_wanted(self) -> bool:
        return not all(future.cancelled() for _, future in self.asked)

    def leave(self, future: "asyncio.Future[list[V | Exception]]") -> None:
        """Stop what nobody waits for any more."""
        if future.cancelled() and self.task is not None and not self.is_wanted:
            self.task.cancel()


class BatchLoader(Generic[K, V]):
    """Gathers the keys of one turn of the event loop and loads them with one call; it remembers nothing.

    Args:
        load: Takes keys, and answers a value or an exception for each.
    """

    def __init__(self, load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> None:
        self._load = load
        self._gathered: _Batch[K, V] | None = None

    async def load(self, key: K) -> V:
        """What is loaded for `key`; raises why it cannot be."""
        (found,) = await self.load_many([key])
        return found

    async def load_many(self, keys: Iterable[K]) -> list[V]:
        """What is loaded for each of `keys`; raises why the first that cannot be is not."""
        found = await self.load_each(keys)
        for one in found:
            if isinstance(one, Exception):
                raise one
        return cast("list[V]", found)

    def load_each(self, keys: Iterable[K]) -> "asyncio.Future[list[V | Exception]]":
        """What is loaded for each of `keys`, or why it cannot be."""
        loop, wanted = asyncio.get_running_loop(), list(keys)
        future: asyncio.Future[list[V | Exception]] = loop.create_future()
        if not wanted:
            future.set_result([])
            return future
        batch = self._gathered
        if batch is None or not batch.is_wanted:
            batch = self._gathered = _Batch()
            loop.call_soon(self._dispatch, batch)
        batch.asked.append((wanted, future))
        future.add_done_callback(batch.leave)
        return future

    def _dispatch(self, batch: _Batch[K, V]) -> None:
        batch.task = asyncio.ensure_future(self._answer(batch))

    async def _answer(self, batch: _Batch[K, V]) -> None:
        if self._gathered is batch:
            self._gathered = None
        if not batch.is_wanted:
            return
        keys = [key for wanted, _ in batch.asked for key in wanted]
        try:
            values = iter(await self._load(keys))
        except asyncio.CancelledError:
            for _, future in batch.asked:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001  each key has it
            values = repeat(error)
        for wanted, future in batch.asked:
            found = cast("list[V | Exception]", list(islice(values, len(wanted))))
            if not future.cancelled():
                future.set_result(found)


class _OnFirstUse(Generic[K, V]):
    """A loader that is made when it is first used: a connection that only watches needs none."""

    def __init__(self, make: Callable[[], BatchLoader[K, V]]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> BatchLoader[K, V]:
        loader = self._make()
        vars(instance)[self._name] = loader
        return loader


class Loaders:
    """They gather keys and remember nothing: a subscription must not see what an earlier message saw.

    They wait for a database that is away: the last message of a subscription would lack its files for good.
    """

    users: _OnFirstUse[str, User | None] = _OnFirstUse(lambda: _steady(users_by_ids))
    job_files: _OnFirstUse[str, Sequence[File]] = _OnFirstUse(lambda: _steady(files_of_jobs))
    item_files: _OnFirstUse[str, Sequence[File]] = _OnFirstUse(lambda: _steady(files_of_items))
    active_items: _OnFirstUse[str, Sequence[dict[str, Any]]] = _OnFirstUse(lambda: _steady(active_items_of_jobs))
    upload_jobs: _OnFirstUse[tuple[Viewer, str], Sequence[Job]] = _OnFirstUse(lambda: _of_viewer(jobs_of_uploads))
    options: _OnFirstUse[tuple[int, str], str] = _OnFirstUse(lambda: _steady(_in_turn(_options)))
    upload_uses: _OnFirstUse[str, Use] = _OnFirstUse(lambda: _steady(uses_of_uploads))
    summaries: _OnFirstUse[str, dict[str, Any] | None] = _OnFirstUse(lambda: _steady(summaries_of_jobs))
    textgrids: _OnFirstUse[str, Sequence[File]] = _OnFirstUse(
        lambda: _steady(partial(item_files_of_type, TEXTGRID_TYPE))
    )
    job_uploads: _OnFirstUse[tuple[Window, frozenset[str], tuple[str, ...]], list[Page]] = _OnFirstUse(
        lambda: _steady(_pages_of_uploads)
    )
    leases: _OnFirstUse[tuple[Viewer, str], Lease | None] = _OnFirstUse(lambda: _of_viewer(leases_of))
    inputs: _OnFirstUse[str, Inputs] = _OnFirstUse(lambda: _steady(states_of_inputs))
    queue_positions: _OnFirstUse[str, int | None] = _OnFirstUse(lambda: _steady(queue_positions))
    job_ends: _OnFirstUse[str, datetime | None] = _OnFirstUse(lambda: _steady(ends_of_jobs))
    found_jobs: _OnFirstUse[tuple[Viewer, str], Job] = _OnFirstUse(lambda: _of_viewer(find_jobs))
    found_uploads: _OnFirstUse[tuple[Viewer, str], Upload] = _OnFirstUse(lambda: _of_viewer(find_uploads))
    found_files: _OnFirstUse[tuple[Viewer, str], File] = _OnFirstUse(lambda: _of_viewer(find_files))
    found_items: _OnFirstUse[tuple[Viewer, str], dict[str, Any]] = _OnFirstUse(lambda: _of_viewer(find_items))
    found_tokens: _OnFirstUse[tuple[Viewer, str], ApiToken] = _OnFirstUse(lambda: _of_viewer(find_api_tokens))
    found_webhooks: _OnFirstUse[tuple[Viewer, str], Webhook] = _OnFirstUse(lambda: _of_viewer(find_webhooks))


def _steady(load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> BatchLoader[K, V]:
    async def load_with_retry(keys: list[K]) -> Sequence[V | BaseException]:
        return await read_with_retry(load, keys)

    return BatchLoader(load_with_retry)


def _in_turn(load: Callable[[list[K]], Awaitable[Sequence[V]]]) -> Callable[[list[K]], Awaitable[Sequence[V]]]:
    """Batches one after the other; one that is not wanted any more, because the answer is refused already, reads nothing."""
    turn = asyncio.Lock()

    async def load_in_turn(keys: list[K]) -> Sequence[V]:
        has_waited = turn.locked()
        async with turn:
            for _ in range(_TURNS_TO_REFUSE if has_waited else 0):
                await asyncio.sleep(0)
            return await load(keys)

    return load_in_turn


def _of_viewer(
    load: Callable[[Viewer, list[str]], Awaitable[Sequence[V | BaseException]]],
) -> BatchLoader[tuple[Viewer, str], V]:
    """Of one viewer: loaders belong to a request."""

    async def load_visible(keys: list[tuple[Viewer, str]]) -> Sequence[V | BaseException]:
        return await load(keys[0][0], [id_ for _, id_ in keys])

    return _steady(load_visible)


async def _pages_of_uploads(
    keys: list[tuple[Window, frozenset[str], tuple[str, ...]]],
) -> list[list[Page] | BaseException]:
    """For each window, columns and jobs a page of each job, or why the window is refused; fields with the same are read together."""
    pages: dict[Window, dict[str, Page] | Refusal] = {}
    for window in dict.fromkeys(key[0] for key in keys):
        alike = [key for key in keys if key[0] == window]
        columns = frozenset().union(*(columns for _, columns, _ in alike))
        ids = list(dict.fromkeys(chain.from_iterable(ids for _, _, ids in alike)))
        try:
            found = await pages_of(list_job_uploads(columns), ids, window)
        except Refusal as refusal:
            pages[window] = refusal
        else:
            pages[window] = dict(zip(ids, found, strict=True))
    answers: list[list[Page] | BaseException] = []
    for window, _, job_ids in keys:
        of_jobs = pages[window]
        answers.append(of_jobs if isinstance(of_jobs, Refusal) else [of_jobs[id_] for id_ in job_ids])
    return answers


async def _options(keys: list[tuple[int, str]]) -> list[str]:
    """All in one answer, whose size is bounded."""
    return await options_of_jobs([job_id for _, job_id in keys], keys[0][0])
