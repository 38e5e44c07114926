"""Enrichment: what is asked of whom, what is taken, and how leads without an answer are marked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson
import pytest

from base.errors import ErrorCode, Refusal
from processors.contract import ItemResult, ItemStatus, LogLevel
from processors.leads.enrichment.answers import (
    FIELDS,
    MAX_COLUMN_CHARACTERS,
    MAX_COLUMNS,
    MAX_NOTES_CHARACTERS,
    read_answer,
    write_question,
)
from processors.leads.enrichment.enricher import LEADS_PER_REQUEST, LeadsEnricher
from processors.leads.enrichment.steps import HTTP, LOCAL_RULES
from processors.leads.finishing import finish_leads
from processors.leads.options import EnrichStep, LeadsOptions
from tests.chat_server import WRONG_ANSWERS, well_answered
from tests.processors.fake_work import FakeWork
from tests.processors.leads.conftest import Run, RunLeads

T = TypeVar("T")
ASKING = LeadsOptions(enrich=EnrichStep.HTTP)
AWAY = Refusal(ErrorCode.SERVICE_UNAVAILABLE, "The endpoint answered 500.")


@dataclass
class FakeChat:
    """Answers well, but about leads in `rows_refused` not at all."""

    model: str = "a-model"
    rows_refused: frozenset[int] = frozenset()
    asked: list[str] = field(default_factory=list)

    async def ask(self, instructions: str, content: str, schema: Mapping[str, Any], read: Callable[[str], T]) -> T:
        assert instructions
        assert schema["required"] == ["leads"]
        self.asked.append(content)
        if self.rows_refused & {lead["id"] for lead in orjson.loads(content)["leads"]}:
            raise AWAY
        return read(well_answered({"messages": [{"content": content}]}))


@dataclass
class Enriched:
    """Results, and the lines for the job's log."""

    results: Sequence[ItemResult]
    lines: list[tuple[LogLevel, str]]

    @property
    def enrichments(self) -> list[dict[str, Any]]:
        return [orjson.loads(result.result or b"{}").get("enrichment") for result in self.results]


async def enrich(enricher: LeadsEnricher, results: Sequence[ItemResult], options: LeadsOptions = ASKING) -> Enriched:
    lines: list[tuple[LogLevel, str]] = []
    found = await enricher.enrich(options, results, lambda level, message: lines.append((level, message)))
    return Enriched(found, lines)


def csv_of(count: int) -> bytes:
    rows = "".join(f"p{number}@example{number}.com,Person {number}\n" for number in range(count))
    return b"email,name\n" + rows.encode()


@pytest.fixture
def run(run_leads: RunLeads) -> Run:
    """Fifty leads, a duplicate of the first and a row that reaches nobody."""
    return run_leads("leads.csv", csv_of(50) + b"p0@example0.com,Again\n,Nobody\n", enrich="HTTP")


async def test_each_lead_says_the_step_that_judged_it_and_its_version(run: Run) -> None:
    assert run.results[0]["enrichment"] == {"step": "local-rules", "version": "2"} == LOCAL_RULES.to_json()
    enriched = await enrich(LeadsEnricher(FakeChat()), run.items)
    assert enriched.enrichments[0] == {
        "step": "http",
        "version": "1",
        "model": "a-model",
        "industry": "Steel",
        "summary": "Row 2 asks.",
        "priority": "high",
        "problem": None,
    }


async def test_nothing_is_asked_where_rules_are_enough(run: Run) -> None:
    chat = FakeChat()
    enriched = await enrich(LeadsEnricher(chat), run.items, LeadsOptions())
    assert enriched.results is run.items
    assert chat.asked == []


async def test_only_leads_that_are_kept_are_asked_about_some_at_a_time(run: Run) -> None:
    chat = FakeChat()
    enriched = await enrich(LeadsEnricher(chat), run.items)
    sizes = [len(orjson.loads(content)["leads"]) for content in chat.asked]
    assert sizes == [LEADS_PER_REQUEST, LEADS_PER_REQUEST, 10]
    assert [result.index for result in enriched.results] == list(range(52))
    assert enriched.results[50:] == run.items[50:]


async def test_what_the_file_says_is_never_replaced(run: Run) -> None:
    enriched = await enrich(LeadsEnricher(FakeChat()), run.items)
    for before, after in zip(run.results, enriched.results, strict=True):
        assert {**orjson.loads(after.result or b"{}"), "enrichment": None} == {**before, "enrichment": None}


async def test_leads_without_an_answer_are_marked_and_the_others_are_not(run: Run) -> None:
    enriched = await enrich(LeadsEnricher(FakeChat(rows_refused=frozenset({25}))), run.items)
    statuses = [result.status for result in enriched.results[:50]]
    assert statuses == [ItemStatus.COMPLETED] * 20 + [ItemStatus.FAILED] * 20 + [ItemStatus.COMPLETED] * 10
    marked = enriched.results[20]
    assert marked.error is not None
    assert (marked.error.code, marked.error.is_retryable) == (ErrorCode.SERVICE_UNAVAILABLE, True)
    assert marked.error.message == "Row 22 was not enriched: The endpoint answered 500."
    assert enriched.enrichments[20] == {
        **HTTP.to_json(), "model": "a-model", **dict.fromkeys(FIELDS), "problem": "The endpoint answered 500.",
    }  # fmt: skip
    assert enriched.lines == [(LogLevel.WARNING, "Rows 22 to 41 were not enriched: The endpoint answered 500.")]


async def test_a_worker_without_an_endpoint_marks_all(run: Run) -> None:
    enriched = await enrich(LeadsEnricher(), run.items[:1])
    assert [result.status for result in enriched.results] == [ItemStatus.FAILED]
    assert enriched.lines == [
        (LogLevel.WARNING, "Row 2 was not enriched: This worker has no endpoint for it (WAYBILL_ENRICH_URL).")
    ]


@pytest.mark.parametrize("size", [7, 52])
async def test_rows_beyond_the_budget_are_not_asked_about_however_the_results_come(run: Run, size: int) -> None:
    chat = FakeChat()
    enricher = LeadsEnricher(chat, budget=30)
    parts = [await enrich(enricher, run.items[start : start + size]) for start in range(0, 52, size)]
    enrichments = [enrichment for part in parts for enrichment in part.enrichments][:50]
    assert sum(len(orjson.loads(content)["leads"]) for content in chat.asked) == 30
    assert [bool(enrichment["problem"]) for enrichment in enrichments] == [False] * 30 + [True] * 20
    assert {result.status for part in parts for result in part.results[:50]} >= {ItemStatus.COMPLETED}
    assert enrichments[30]["problem"] == (
        "Not asked: it is beyond the first 30 rows of the file, which is what a batch may ask about."
    )


def finished(run: Run, results: Sequence[ItemResult], work: FakeWork) -> Run:
    """`run` with the files that `finish` makes of other results."""
    for name, data in run.spooled.items():
        work.spool[name] = work.folder / name
        work.spool[name].write_bytes(data)
    files = {made.name: made for made in finish_leads(work, ASKING, iter(results))}
    return replace(run, items=list(results), files=files)


async def test_the_tables_hold_the_enriched_leads_and_those_that_are_marked(run: Run, tmp_path: Any) -> None:
    enriched = await enrich(LeadsEnricher(FakeChat(rows_refused=frozenset({25}))), run.items)
    folder = tmp_path / "finish again"
    folder.mkdir()
    work = FakeWork(ASKING, folder)
    made = finished(run, enriched.results, work)
    rows = made.csv_rows

    assert len(rows) == 50
    assert [rows[0][name] for name in ("Industry", "Summary", "Priority", "Enrichment")] == [
        "Steel", "Row 2 asks.", "high", "http 1 a-model",
    ]  # fmt: skip
    assert [rows[20][name] for name in ("E-mail", "Industry", "Enrichment")] == [
        "p20@example20.com", "", "The endpoint answered 500.",
    ]  # fmt: skip
    assert made.report["totals"] == {"leads": 52, "kept": 50, "duplicates": 1, "invalid": 1}
    assert made.report["enrichment"] == {
        "step": "http",
        "version": "1",
        "models": ["a-model"],
        "enriched": 30,
        "notEnriched": 20,
        "notEnrichedBecause": [{"reason": "The endpoint answered 500.", "count": 20}],
    }
    assert (LogLevel.WARNING, "20 leads were not enriched; report.json says why.") in work.lines


def test_tables_of_rules_alone_are_as_they_were(run_leads: RunLeads) -> None:
    plain = run_leads("leads.csv", csv_of(2))
    assert "Industry" not in plain.csv_rows[0]
    assert plain.report["enrichment"] == {"step": "local-rules", "version": "2"}


def test_a_question_shows_no_name_no_mailbox_and_no_phone_number_and_is_bounded() -> None:
    lead = {
        "row": 7, "name": "Anna Smith", "firstName": "Anna", "lastName": "Smith", "email": "anna@acme.example",
        "phone": "+442079460123", "company": "Acme", "website": None, "country": "UK", "notes": "n" * 5_000,
        "extra": {f"Column {number}": "v" * 500 for number in range(30)},
    }  # fmt: skip
    (shown,) = orjson.loads(write_question([lead]))["leads"]
    assert {"Anna", "Smith", "anna", "4420"} & set(str(shown).split()) == set()
    assert "anna@" not in str(shown)
    assert (shown["id"], shown["company"], shown["emailDomain"], shown["country"]) == (7, "Acme", "acme.example", "UK")
    assert "website" not in shown
    assert len(shown["notes"]) == MAX_NOTES_CHARACTERS
    assert [len(value) for value in shown["columns"].values()] == [MAX_COLUMN_CHARACTERS] * MAX_COLUMNS


GOOD = '{"leads": [{"id": 1, "industry": "Steel", "summary": null, "priority": "low"}]}'


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f"\n {GOOD}\n"])
def test_an_answer_that_fits_is_taken(text: str) -> None:
    assert read_answer(text, [1])[1].industry == "Steel"


@pytest.mark.parametrize("name", [name for name, text in WRONG_ANSWERS.items() if text is not None])
def test_an_answer_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^it |^leads"):
        read_answer(WRONG_ANSWERS[name], [1])


@pytest.mark.parametrize("ids", [[2], [1, 2], []])
def test_an_answer_about_other_leads_is_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="it is not about the leads that were asked about, each once"):
        read_answer(GOOD, ids)


def test_a_lead_that_is_answered_twice_is_refused() -> None:
    one = '{"id": 1, "industry": null, "summary": null, "priority": null}'
    with pytest.raises(ValueError, match="each once"):
        read_answer(f'{{"leads": [{one}, {one}]}}', [1])
