"""Run a plan: complete a value, and resolve its open fields.

Nothing is lost where something turns out odd: whatever resolvers have answered by then is kept, and handed to graphql-core
(`execution/executor.py`: `PlanExecutor._bail`), which completes the whole value once more and calls no resolver a second time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, compress, islice
from typing import Any, Protocol

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path
from strawberry.execution import optimized_is_awaitable

from execution.batches import TURNS, Part
from execution.plans.arguments import HasVariables
from execution.plans.compiler import OpenField, Place, Plan
from execution.plans.leaves import OddValueError
from execution.plans.resolvers import BatchResolver, Call, DirectResolver

NULL_BYTES = 4
"""Of `null` in JSON, which stands where a field is open."""
BYTES_PER_TURN = 2**17
"""Of an answer; then others of the event loop have their turn."""
_NONE_YET = object()
_MEASURED_TOGETHER = 16
"""Values of one field at most."""
_FEW_BYTES = 2**12
"""Of values that were measured together; twice as many come next."""


class Host(HasVariables, Protocol):
    """What a run needs of the executor."""

    def info_of(self, field: OpenField, path: Path) -> GraphQLResolveInfo[Any]:
        """What a resolver is told."""

    def measure(self, value: Any, other_bytes: int = 0) -> int:
        """Add a completed value to the answer; its bytes in JSON, and others. It raises what must stop the operation."""


class Outcome:
    """What the resolver of one field has answered for each place: values and exceptions, or what is to be awaited for them.

    Attributes:
        results: For each place.
        awaited: All of them, or nothing.
    """

    __slots__ = ("_is_settled", "awaited", "field", "places", "results")

    def __init__(self, field: OpenField, places: list[Place], results: list[Any], *, are_awaited: bool = False) -> None:
        self.field = field
        self.places = places
        self.results = results
        self.awaited = results if are_awaited else []
        self._is_settled = False

    def settle(self, results: Iterable[Any]) -> None:
        """Let what was awaited be these values and exceptions."""
        self.results, self._is_settled = list(results), True

    def known(self) -> Iterator[Any]:
        """What stands for another call of the resolver at each place; what nobody has awaited runs on by itself."""
        if self._is_settled:
            return (_Settled(result, turns=1) for result in self.results)
        return map(_retrieved, self.results) if self.awaited else iter(self.results)


def _outcomes(field: OpenField, places: list[Place], results: list[Any]) -> list[Outcome]:
    """What is there, and what is to be awaited; most often all is of one class, and there."""
    classes = {result.__class__: result for result in results}
    if not any(map(optimized_is_awaitable, classes.values())):
        return [Outcome(field, places, results)]
    awaited = list(map(optimized_is_awaitable, results))
    there = [not one for one in awaited]
    return [
        Outcome(field, [*compress(places, chosen)], [*compress(results, chosen)], are_awaited=chosen is awaited)
        for chosen in (there, awaited)
        if any(chosen)
    ]


class BatchOutcome:
    """What one call of a batch resolver answers for all places.

    Attributes:
        results: For each place, once it is settled.
        awaited: The one answer for all.
    """

    __slots__ = ("awaited", "field", "places", "results")

    def __init__(self, field: OpenField, places: list[Place], answers: "asyncio.Future[Sequence[Any]]") -> None:
        self.field = field
        self.places = places
        self.awaited = [answers]
        self.results: Sequence[Any] | None = None

    def settle(self, results: Iterable[Any]) -> None:
        """As of an `Outcome`."""
        (answers,) = results
        self.results = [answers] * len(self.places) if isinstance(answers, BaseException) else answers

    def known(self) -> Iterator[Any]:
        """As of an `Outcome`."""
        if self.results is not None:
            yield from (_Settled(value, TURNS) for value in self.results)
        else:
            (answers,) = self.awaited
            yield from (_retrieved(Part(answers, number)) for number in range(len(self.places)))


AnyOutcome = Outcome | BatchOutcome
Level = list[tuple[OpenField, list[Place]]]
"""Open fields that may be resolved at the same time, each with the places where it is open."""
Steps = Generator[list[AnyOutcome], None, None]
"""Outcomes that must be settled before it goes on; none where others of the event loop are to have their turn."""


class PlanRun:
    """One run of a plan.

    Attributes:
        outcomes: Of the resolvers that were called.
        size: Bytes that were added to the answer.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self.outcomes: list[AnyOutcome] = []
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

    def call(self, field: OpenField, source: Any, path: Path | None) -> Any:
        """What the resolver of `field` answers for the source at `path`."""
        return self._bind(field, path)(source, path)

    async def _go_on(self, answer: Any, steps: Iterable[list[AnyOutcome]]) -> Any:
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

    def _call_resolvers(self, level: Level) -> tuple[list[AnyOutcome], list[AnyOutcome]]:
        """Outcomes that are there, and those of which something is to be awaited."""
        called = len(self.outcomes)
        done: list[AnyOutcome] = []
        pending: list[AnyOutcome] = []
        for field, places in level:
            if not places:
                continue
            if isinstance(field.direct, BatchResolver):
                self.outcomes.append(self._call_together(field, field.direct, places))
            else:
                self.outcomes += self._call_each(field, places)
        for outcome in self.outcomes[called:]:
            (pending if outcome.awaited else done).append(outcome)
        return done, pending

    def _bind(self, field: OpenField, path: Path | None) -> Call:
        """The resolver of `field` with its arguments, for all places; `path` is that around the first."""
        arguments, info_of = field.arguments.read(self._host), partial(self._info_of, field)
        direct = field.direct
        if isinstance(direct, DirectResolver) and (bound := direct.bind(arguments, info_of, path)):
            return bound
        return lambda source, path: field.resolve(source, info_of(path), **arguments)

    def _call_together(self, field: OpenField, resolver: BatchResolver, places: list[Place]) -> BatchOutcome:
        """One call for all places."""
        call = resolver.bind(field.arguments.read(self._host), self._info_of(field, places[0][2]))
        return BatchOutcome(field, places, _retrieved(call([source for _, source, _ in places])))

    def _call_each(self, field: OpenField, places: list[Place]) -> list[Outcome]:
        """One call for each place."""
        call, results = self._bind(field, places[0][2]), []
        for _, source, path in places:
            try:
                results.append(call(source, path))
            except Exception as error:  # noqa: BLE001  whatever it is, graphql-core tells of it
                results.append(error)
        return _outcomes(field, places, results)

    def _info_of(self, field: OpenField, path: Path | None) -> GraphQLResolveInfo[Any]:
        return self._host.info_of(field, field.path_below(path))

    def _fill(self, outcomes: list[AnyOutcome], level: Level) -> Steps:
        """Complete what was resolved and put it into the answers around; adds the fields that are open then to `level`."""
        for outcome in outcomes:
            open_fields = outcome.field.plan.open_fields
            places: list[list[Place]] = [[] for _ in open_fields]
            yield from self._fill_field(outcome, places)
            level += [pair for pair in zip(open_fields, places, strict=True) if pair[1]]

    def _fill_field(self, outcome: AnyOutcome, places: list[list[Place]]) -> Steps:
        field, at_once = outcome.field, 1
        complete, name = field.plan.complete, field.name
        last: Any = _NONE_YET
        value: Any = None
        assert outcome.results is not None  # noqa: S101  it was settled
        answers = zip(outcome.places, outcome.results, strict=True)
        while part := list(islice(answers, at_once)):
            before = sum(map(len, places))
            values = []
            for (answer, _, path), result in part:
                if isinstance(result, Exception):
                    raise OddValueError
                if result is not last or places:  # one that has no open fields has the same value everywhere
                    value = complete(result, field.path_below(path) if places else None, places)
                    last = result
                answer[name] = value
                values.append(value)
            size = self._measure(values, sum(map(len, places)) - before, len(values) + 1)
            at_once = min(2 * at_once, _MEASURED_TOGETHER) if size < _FEW_BYTES else 1
            if self.size > self._turn_ends_at:
                self._turn_ends_at = self.size + BYTES_PER_TURN
                yield []

    def _measure(self, value: Any, open_places: int, other_bytes: int = 0) -> int:
        """Add a completed value to the answer, without the bytes of its open places and others; how many it has then."""
        size = self._host.measure(value, -NULL_BYTES * open_places - other_bytes)
        self.size += size
        return size


async def _settle(outcomes: list[AnyOutcome]) -> None:
    """Wait for all, or for a turn of the event loop, and let each outcome be its values or exceptions."""
    if not outcomes:
        await asyncio.sleep(0)
        return
    awaited = [one for outcome in outcomes for one in outcome.awaited]
    if len(awaited) == 1:
        outcomes[0].settle([await _value_or_error(awaited[0])])
        return
    results = await asyncio.gather(*awaited, return_exceptions=True)
    for result in results:
        if isinstance(result, asyncio.CancelledError):
            raise result
    answers = iter(results)
    for outcome in outcomes:
        outcome.settle(islice(answers, len(outcome.awaited)))


async def _value_or_error(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except Exception as error:  # noqa: BLE001  as above
        return error


class KnownOutcomes:
    """Middleware that stands before the resolvers of graphql-core, and answers for those that were called already."""

    def __init__(self) -> None:
        self._results: dict[Path, Any] = {}

    def add(self, outcomes: Iterable[AnyOutcome]) -> None:
        for outcome in outcomes:
            for (_, _, path), known in zip(outcome.places, outcome.known(), strict=True):
                self._results[outcome.field.path_below(path)] = known

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


def _retrieved(awaitable: Awaitable[Any]) -> "asyncio.Future[Any]":
    """It goes on by itself: its exception may be needed, or not."""
    future = asyncio.ensure_future(awaitable)
    future.add_done_callback(_retrieve)
    return future


def _retrieve(future: "asyncio.Future[Any]") -> None:
    """So that nobody is warned of an exception that was not needed."""
    if not future.cancelled():
        future.exception()
