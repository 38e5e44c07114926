"""The executors that a worker has, as the settings say."""

from collections.abc import Callable, Mapping

from background.executors.async_io import AsyncIoExecutor, slots_for
from background.executors.child import ChildExecutor
from background.executors.executor import Executor
from base.settings import Settings
from processors.contract import AsyncProcessor, ExecutorName
from processors.registry import kinds_of


def executors_for(
    settings: Settings, makers: Mapping[str, Callable[[], AsyncProcessor]] | None = None
) -> dict[ExecutorName, Executor]:
    """As many child processes as `WAYBILL_WORKERS`, and coroutines that share the memory of one more, where a kind needs them.

    `makers` make the processors of those kinds that need more than a call gives.
    """
    silence_seconds = settings.item_timeout.total_seconds()
    executors: dict[ExecutorName, Executor] = {
        ExecutorName.CHILD: ChildExecutor(settings.workers, settings.worker_memory, silence_seconds)
    }
    if slots := slots_for(kinds_of(ExecutorName.ASYNC_IO), settings.worker_memory):
        executors[ExecutorName.ASYNC_IO] = AsyncIoExecutor(slots, silence_seconds, makers=makers)
    return executors
