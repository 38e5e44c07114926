"""Nested fields in batches: one query per field and request, however many objects there are."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from strawberry.dataloader import DataLoader

from auth.api_tokens import find_api_tokens
from auth.queries import users_by_ids
from auth.viewer import Viewer
from jobs.contents import (
    active_items_of_jobs,
    files_of_items,
    files_of_jobs,
    find_files,
    find_items,
    item_files_of_type,
)
from jobs.inputs import Inputs, states_of_inputs
from jobs.queries import find_jobs, jobs_of_uploads, options_of_jobs, pages_of, summaries_of_jobs
from jobs.retention import Use, ends_of_jobs, uses_of_uploads
from jobs.scheduling.external import Lease, leases_of
from jobs.scheduling.positions import queue_positions
from jobs.snapshots import read_with_retry
from models import ApiToken, File, Job, Upload, User, Webhook
from models.listing import Listing, Page, Window
from processors.alignment.outputs import TEXTGRID_TYPE
from uploads.queries import find_uploads
from webhooks.queries import find_webhooks

_TURNS_TO_REFUSE = 50
"""Turns of the event loop in which a refusal is through all levels of an answer, and what waits is cancelled."""
K = TypeVar("K")
V = TypeVar("V")
K_contra = TypeVar("K_contra", contravariant=True)
V_co = TypeVar("V_co", covariant=True)


class _OnFirstUse(Generic[K, V]):
    """A loader that is made when it is first used: a connection that only watches needs none."""

    def __init__(self, make: Callable[[], DataLoader[K, V]]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> DataLoader[K, V]:
        loader = self._make()
        vars(instance)[self._name] = loader
        return loader


class BatchLoader(DataLoader[K, V]):
    """Strawberry's loader, without batches that nobody waits for.

    Where all keys of a batch are cancelled before it is dispatched, strawberry-graphql 0.341 never dispatches it, and lets later keys
    join it: they would wait for ever, on a connection or in a group of subscribers that lives on.
    """

    def load(self, key: K) -> Awaitable[V]:
        if self.batch is not None and all(task.future.cancelled() for task in self.batch.tasks):
            self.batch = None
        return super().load(key)


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
    leases: _OnFirstUse[tuple[Viewer, str], Lease | None] = _OnFirstUse(lambda: _of_viewer(leases_of))
    inputs: _OnFirstUse[str, Inputs] = _OnFirstUse(lambda: _steady(states_of_inputs))
    queue_positions: _OnFirstUse[str, int | None] = _OnFirstUse(lambda: _steady(queue_positions))
    job_ends: _OnFirstUse[str, datetime | None] = _OnFirstUse(lambda: _steady(ends_of_jobs))
    pages: _OnFirstUse[tuple[Listing, Window], Page] = _OnFirstUse(lambda: _steady(pages_of))
    found_jobs: _OnFirstUse[tuple[Viewer, str], Job] = _OnFirstUse(lambda: _of_viewer(find_jobs))
    found_uploads: _OnFirstUse[tuple[Viewer, str], Upload] = _OnFirstUse(lambda: _of_viewer(find_uploads))
    found_files: _OnFirstUse[tuple[Viewer, str], File] = _OnFirstUse(lambda: _of_viewer(find_files))
    found_items: _OnFirstUse[tuple[Viewer, str], dict[str, Any]] = _OnFirstUse(lambda: _of_viewer(find_items))
    found_tokens: _OnFirstUse[tuple[Viewer, str], ApiToken] = _OnFirstUse(lambda: _of_viewer(find_api_tokens))
    found_webhooks: _OnFirstUse[tuple[Viewer, str], Webhook] = _OnFirstUse(lambda: _of_viewer(find_webhooks))


class _Loads(Protocol[K_contra, V_co]):
    def load(self, key: K_contra) -> Awaitable[V_co]: ...


async def load_each(loader: _Loads[K, V], keys: Iterable[K]) -> list[V | Exception]:
    """What is loaded for each of `keys`, or why it cannot be."""
    found = await asyncio.gather(*map(loader.load, keys), return_exceptions=True)
    return [_value_or_error(one) for one in found]


def _value_or_error(found: V | BaseException) -> V | Exception:
    if isinstance(found, BaseException) and not isinstance(found, Exception):
        raise found
    return found


def _steady(load: Callable[[list[K]], Awaitable[Sequence[V | BaseException]]]) -> DataLoader[K, V]:
    async def load_with_retry(keys: list[K]) -> Sequence[V | BaseException]:
        return await read_with_retry(load, keys)

    return BatchLoader(load_fn=load_with_retry, cache=False)


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
) -> DataLoader[tuple[Viewer, str], V]:
    """Of one viewer: loaders belong to a request."""

    async def load_visible(keys: list[tuple[Viewer, str]]) -> Sequence[V | BaseException]:
        return await load(keys[0][0], [id_ for _, id_ in keys])

    return _steady(load_visible)


async def _options(keys: list[tuple[int, str]]) -> list[str]:
    """All in one answer, whose size is bounded."""
    return await options_of_jobs([job_id for _, job_id in keys], keys[0][0])
