"""Run a plan: complete a value, and resolve its open fields.

Nothing is lost where something turns out odd: whatever resolvers have answered by then is kept, and handed to graphql-core, which
completes the whole value once more and calls no resolver a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from functools import partial
from itertools import chain
from typing import Any, Protocol

from graphql import GraphQLResolveInfo
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable

from execution.batches import TURNS, Part
from execution.plans.compiler import OpenField, Place, Plan
from execution.plans.leaves import OddValueError
from execution.plans.resolvers import BatchResolver, Call, DirectResolver

NULL_BYTES = 4
"""Of `null` in JSON, which stands where a field is open."""
BYTES_PER_TURN = 2**17
"""Of an answer; then others of the event loop have their turn."""


class Host(Protocol):
    """What a run needs of the executor."""

    variable_values: VariableValues
    hide_suggestions: bool

    def info_of(self, field: OpenField, path: Path) -> GraphQLResolveInfo[Any]:
        """What a resolver is told."""

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        """Add a completed value to the answer; its bytes in JSON, and others. It raises what must stop the operation."""


class Outcome:
    """What one resolver has answered: a value, an exception, or something to await."""

    __slots__ = ("field", "is_awaited", "is_settled", "place", "result")

    def __init__(self, field: OpenField, place: Place, result: Any) -> None:
        self.field = field
        self.place = place
        self.result = result
        self.is_awaited = optimized_is_awaitable(result)
        self.is_settled = False

    def settle(self, result: Any) -> None:
        self.result, self.is_settled = result, True


Level = list[tuple[OpenField, list[Place]]]
"""Open fields that may be resolved at the same time, each with the places where it is open."""
Steps = Generator[list[Outcome], None, None]
"""Outcomes that must be settled before it goes on; none where others of the event loop are to have their turn."""


class PlanRun:
    """One run of a plan.

    Attributes:
        outcomes: Of the resolvers that were called.
        size: Bytes that were added to the answer.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.outcomes: list[Outcome] = []
        self.size = 0
        self._turn_ends_at = BYTES_PER_TURN

    def complete(self, plan: Plan, value: Any, path: Path) -> Any:
        """The completed value, or an awaitable for it.

        Raises:
            Exception: Something is odd.
        """
        places: list[list[Place]] = [[] for _ in plan.open_fields]
        answer = plan.complete(value, path, places)
        self._measure(answer, sum(map(len, places)))
        steps = self._steps(list(zip(plan.open_fields, places, strict=True)))
        for first in steps:
            return self._go_on(answer, chain([first], steps))
        return answer

    async def _go_on(self, answer: Any, steps: Iterable[list[Outcome]]) -> Any:
        for outcomes in steps:
            await _settle(outcomes)
        return answer

    def _steps(self, level: Level) -> Steps:
        """Resolve and complete one level after the other."""
        while level:
            done, pending = self._call_resolvers(level)
            level = []
            yield from self._fill(done, level)
            if pending:
                yield pending
                yield from self._fill(pending, level)

    def _call_resolvers(self, level: Level) -> tuple[list[Outcome], list[Outcome]]:
        """Outcomes that are there, and those that are to be awaited."""
        done: list[Outcome] = []
        pending: list[Outcome] = []
        for field, places in level:
            if not places:
                continue
            if isinstance(field.direct, BatchResolver):
                pending += self._call_together(field, field.direct, places)
                continue
            call = self._bind(field, places[0][2])
            for place in places:
                outcome = self._call(field, place, call)
                (pending if outcome.is_awaited else done).append(outcome)
        return done, pending

    def _bind(self, field: OpenField, path: Path) -> Call:
        """The resolver of `field` with its arguments, for all places; `path` is that of the first."""
        arguments, info_of = self._arguments(field), partial(self._host.info_of, field)
        direct = field.direct
        if isinstance(direct, DirectResolver) and (bound := direct.bind(arguments, info_of, path)):
            return bound
        return lambda source, path: field.resolve(source, info_of(path), **arguments)

    def _call_together(self, field: OpenField, resolver: BatchResolver, places: list[Place]) -> list[Outcome]:
        """One call for all places."""
        call = resolver.bind(self._arguments(field), self._host.info_of(field, places[0][2]))
        batch = asyncio.ensure_future(call([source for _, source, _ in places]))  # noqa: RUF006  its parts hold it
        batch.add_done_callback(_retrieve)
        outcomes = [Outcome(field, place, Part(batch, number)) for number, place in enumerate(places)]
        self.outcomes += outcomes
        return outcomes

    def _call(self, field: OpenField, place: Place, call: Call) -> Outcome:
        _, source, path = place
        try:
            result = call(source, path)
        except Exception as error:  # noqa: BLE001  whatever it is, graphql-core tells of it
            result = error
        outcome = Outcome(field, place, result)
        self.outcomes.append(outcome)
        return outcome

    def _fill(self, outcomes: list[Outcome], level: Level) -> Steps:
        """Complete what was resolved and put it into the answers around; adds the fields that are open then to `level`."""
        opened: dict[OpenField, list[list[Place]]] = {}
        for outcome in outcomes:
            field, (answer, _, path) = outcome.field, outcome.place
            if isinstance(outcome.result, Exception):
                raise OddValueError
            places = opened.get(field)
            if places is None:
                places = opened[field] = [[] for _ in field.plan.open_fields]
            before = sum(map(len, places))
            answer[field.name] = value = field.plan.complete(outcome.result, path, places)
            self._measure(value, sum(map(len, places)) - before)
            if self.size > self._turn_ends_at:
                self._turn_ends_at = self.size + BYTES_PER_TURN
                yield []
        level += [
            pair
            for field, places in opened.items()
            for pair in zip(field.plan.open_fields, places, strict=True)
            if pair[1]
        ]

    def _arguments(self, field: OpenField) -> dict[str, Any]:
        node, _, fragment_variables = field.details[0]
        if not field.definition.args and not node.arguments:
            return {}
        host = self._host
        return get_argument_values(
            field.definition, node, host.variable_values, fragment_variables, host.hide_suggestions
        )

    def _measure(self, value: Any, open_places: int) -> None:
        self.size += self._host.measure(value, -NULL_BYTES * open_places)


async def _settle(outcomes: list[Outcome]) -> None:
    """Wait for all, or for a turn of the event loop, and let each outcome be its value or exception."""
    if not outcomes:
        await asyncio.sleep(0)
        return
    if len(outcomes) == 1 and not isinstance(outcomes[0].result, Part):
        outcomes[0].settle(await _value_or_error(outcomes[0].result))
        return
    for outcome in outcomes:
        if not isinstance(outcome.result, Part):
            outcome.result = asyncio.ensure_future(outcome.result)
    futures = [_future_of(outcome) for outcome in outcomes]
    awaited = list(dict.fromkeys(futures))
    results = dict(zip(awaited, await asyncio.gather(*awaited, return_exceptions=True), strict=True))
    for outcome, future in zip(outcomes, futures, strict=True):
        result = results[future]
        if isinstance(result, asyncio.CancelledError):
            raise result
        outcome.settle(outcome.result.of(result) if isinstance(outcome.result, Part) else result)


def _future_of(outcome: Outcome) -> "asyncio.Future[Any]":
    """What is awaited: outcomes of one batch await the same."""
    awaited: asyncio.Future[Any] = outcome.result.batch if isinstance(outcome.result, Part) else outcome.result
    return awaited


async def _value_or_error(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except Exception as error:  # noqa: BLE001  as above
        return error


class KnownOutcomes:
    """Middleware that stands before the resolvers of graphql-core, and answers for those that were called already."""

    def __init__(self) -> None:
        self._results: dict[Path, Any] = {}

    def add(self, outcomes: list[Outcome]) -> None:
        """Keep outcomes. What nobody has awaited runs on by itself: graphql-core may need it, or not."""
        for outcome in outcomes:
            result = outcome.result
            if outcome.is_settled:
                result = _Settled(result, TURNS if isinstance(outcome.field.direct, BatchResolver) else 1)
            elif outcome.is_awaited:
                result = asyncio.ensure_future(result)
                result.add_done_callback(_retrieve)
            self._results[outcome.place[2]] = result

    def get_field_resolver(self, resolve: Callable[..., Any]) -> Callable[..., Any]:
        """`resolve`, for fields that were not resolved before."""

        def known_or_resolved(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
            if info.path in self._results:
                return self._results.pop(info.path)
            return resolve(source, info, **arguments)

        return known_or_resolved


class _Settled:
    """Something to await that is there already: errors keep the order in which graphql-core tells them.

    It takes as many turns of the event loop as a resolver that is called then takes at least.
    """

    def __init__(self, result: Any, turns: int) -> None:
        self._result = result
        self._turns = turns

    def __await__(self) -> Generator[Any, Any, Any]:
        for _ in range(self._turns):
            yield from asyncio.sleep(0).__await__()
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


def _retrieve(future: "asyncio.Future[Any]") -> None:
    """So that nobody is warned of an exception that was not needed."""
    if not future.cancelled():
        future.exception()
