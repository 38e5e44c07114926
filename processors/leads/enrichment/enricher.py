"""The enricher of leads: asks about some at a time, and marks those that it got no answer about."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import orjson

from base.errors import ErrorCode, Refusal
from processors.contract import ItemError, ItemResult, ItemStatus, Log, LogLevel, Options
from processors.leads.enrichment.answers import FIELDS, INSTRUCTIONS, SCHEMA, LeadAnswer, read_answer, write_question
from processors.leads.enrichment.steps import HTTP
from processors.leads.options import EnrichStep, LeadsOptions
from processors.tables.text import clean_text, one_line

LEADS_PER_REQUEST = 20
_NO_ENDPOINT = "This worker has no endpoint for it (WAYBILL_ENRICH_URL)."
_OVER_BUDGET = "Not asked: it is beyond the first {budget:,} rows of the file, which is what a batch may ask about."

T = TypeVar("T")


class Chat(Protocol):
    """A model that answers questions with JSON."""

    @property
    def model(self) -> str:
        """What the endpoint calls it."""

    async def ask(self, instructions: str, content: str, schema: Mapping[str, Any], read: Callable[[str], T]) -> T:
        """What `read` makes of the answer to `content`, which fits `schema`; `read` raises ValueError for one that does not.

        Raises:
            Refusal: There is no such answer; the sentence is for people.
        """


class LeadsEnricher:
    """See `Enricher`.

    Args:
        chat: What is asked; None where the operator has named no endpoint.
        budget: About so many rows of a batch, the first ones, may be asked; 0 = all.
    """

    def __init__(self, chat: Chat | None = None, budget: int = 0) -> None:
        self._chat = chat
        self._budget = budget

    async def enrich(self, options: Options, results: Sequence[ItemResult], log: Log) -> Sequence[ItemResult]:
        """The leads that are kept with their `enrichment`; nothing is asked where the step is LOCAL_RULES."""
        if cast("LeadsOptions", options).enrich is not EnrichStep.HTTP:
            return results
        kept = [result for result in results if result.status is ItemStatus.COMPLETED and result.result]
        within = [result for result in kept if self._is_within(result)]
        parts = [within[start : start + LEADS_PER_REQUEST] for start in range(0, len(within), LEADS_PER_REQUEST)]
        enriched = {result.index: self._over_budget(result) for result in kept if not self._is_within(result)}
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._enrich_part(part, log)) for part in parts]
        for task in asked:
            enriched.update((result.index, result) for result in task.result())
        return [enriched.get(result.index, result) for result in results]

    def _is_within(self, result: ItemResult) -> bool:
        return not self._budget or result.index < self._budget

    async def _enrich_part(self, part: Sequence[ItemResult], log: Log) -> list[ItemResult]:
        leads = {lead["row"]: (result, lead) for result in part for lead in (orjson.loads(result.result or b"{}"),)}
        try:
            answers = await self._ask([lead for _, lead in leads.values()])
        except Refusal as refusal:
            rows = f"Rows {min(leads)} to {max(leads)} were" if len(leads) > 1 else f"Row {min(leads)} was"
            log(LogLevel.WARNING, f"{rows} not enriched: {refusal.message}")
            return [self._failed(result, lead, refusal) for result, lead in leads.values()]
        return [self._answered(result, lead, answers[row]) for row, (result, lead) in leads.items()]

    async def _ask(self, leads: Sequence[Mapping[str, Any]]) -> dict[int, LeadAnswer]:
        if self._chat is None:
            raise Refusal(ErrorCode.SERVICE_UNAVAILABLE, _NO_ENDPOINT)
        read = partial(read_answer, ids=[lead["row"] for lead in leads])
        return await self._chat.ask(INSTRUCTIONS, write_question(leads), SCHEMA, read)

    def _answered(self, result: ItemResult, lead: dict[str, Any], answer: LeadAnswer) -> ItemResult:
        said = answer.model_dump(include=set(FIELDS))
        return self._with(result, lead, {**{name: _clean(value) for name, value in said.items()}, "problem": None})

    def _over_budget(self, result: ItemResult) -> ItemResult:
        problem = _OVER_BUDGET.format(budget=self._budget)
        return self._with(result, orjson.loads(result.result or b"{}"), {**_nothing(), "problem": problem})

    def _failed(self, result: ItemResult, lead: dict[str, Any], refusal: Refusal) -> ItemResult:
        marked = self._with(result, lead, {**_nothing(), "problem": refusal.message})
        sentence = f"Row {lead['row']} was not enriched: {refusal.message}"
        return replace(marked, status=ItemStatus.FAILED, error=ItemError(refusal.code, sentence, is_retryable=True))

    def _with(self, result: ItemResult, lead: dict[str, Any], said: Mapping[str, str | None]) -> ItemResult:
        model = self._chat.model if self._chat else None
        enrichment = {**HTTP.to_json(), "model": model, **said}
        return replace(result, result=orjson.dumps({**lead, "enrichment": enrichment}))


def _clean(value: str | None) -> str | None:
    """As a cell of a table is cleaned."""
    cleaned = clean_text(value or "")
    return one_line(cleaned) if cleaned else None


def _nothing() -> dict[str, str | None]:
    return dict.fromkeys(FIELDS)
