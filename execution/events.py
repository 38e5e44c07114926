"""Execution of a subscription's events: by its plan, else by an executor for each."""

from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any

import orjson
from graphql import ExecutionResult, execute_subscription_event
from graphql.pyutils import AwaitableOrValue

from execution.executor import PlanExecutor
from execution.plans.compiler import Plan


class Events:
    """Executes the events of one subscription; between two of them it keeps no executor, which takes 3 KB."""

    def __init__(self, make_executor: Callable[[], PlanExecutor]) -> None:
        self._make_executor = make_executor
        self._known: tuple[str, Plan] | None = None
        self._max_bytes: float = inf

    def execute(self, value: Any) -> AwaitableOrValue[ExecutionResult]:
        """The result of one event, which is what the field at the root answers.

        Where a plan completes it without a resolver, nothing else is done; graphql-core tells of all that is odd.
        """
        executor = None
        if self._known is None:
            executor = self._make_executor()
            self._known, self._max_bytes = executor.find_event(), executor.max_bytes
        if self._known is not None:
            name, plan = self._known
            with suppress(Exception):
                json = orjson.dumps({name: plan.complete_at_once(value)})
                if len(json) <= self._max_bytes:
                    return ExecutionResult(orjson.Fragment(json), None)  # type: ignore[arg-type]  # it is written as it is
        executor = executor or self._make_executor()
        executor.root_value = value
        return execute_subscription_event(executor)
