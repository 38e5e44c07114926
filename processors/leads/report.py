"""report.json: what became of a file of leads, in numbers."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from processors.contract import ItemStatus
from processors.leads.enrichment.steps import HTTP, LOCAL_RULES
from processors.leads.options import EnrichStep, LeadsOptions
from processors.leads.spool import Plan
from processors.tables.cells import Values

BAND = 10


class Tally:
    """Counts while the results go by."""

    def __init__(self) -> None:
        self.left_out: Counter[ItemStatus] = Counter()
        self.problems: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.scores: Counter[tuple[int, tuple[str, ...]]] = Counter()
        self.filled: Counter[bytes] = Counter()
        self.models: Counter[str | None] = Counter()
        self.not_enriched: Counter[str] = Counter()

    @property
    def kept(self) -> int:
        """How many leads are kept."""
        return self.filled.total()

    def add_kept(self, lead: dict[str, Any], values: Values) -> None:
        """One lead that is kept, be it that it was not enriched."""
        self.scores[lead["score"], tuple(lead["reasons"])] += 1
        self.filled[bytes([value is not None for value in values])] += 1
        enrichment = lead.get("enrichment", {})
        if enrichment.get("problem"):
            self.not_enriched[enrichment["problem"]] += 1
        else:
            self.models[enrichment.get("model")] += 1

    def add_left_out(self, status: ItemStatus, result: dict[str, Any]) -> None:
        """One row that is not kept."""
        self.left_out[status] += 1
        if "problem" in result:
            self.problems[f"It has {result['problem']}."] += 1
        if "duplicateBy" in result:
            self.repeats[result["duplicateBy"]] += 1


def make_report(
    plan: Plan, options: LeadsOptions, tally: Tally, headings: Sequence[str], notes: Sequence[str]
) -> dict[str, Any]:
    """The report as docs/leads.md describes it."""
    kept = tally.kept
    layout = plan.mapping.to_json()
    return {
        "processor": {"kind": "leads", "version": LOCAL_RULES.version},
        "file": plan.file_name,
        "sheet": plan.sheet,
        "readAs": plan.about,
        "options": options.model_dump(mode="json", by_alias=True),
        "headerRow": layout["headerRow"],
        "columns": [{key: value for key, value in one.items() if key != "index"} for one in layout["columns"]],
        "totals": {
            "leads": kept + tally.left_out.total(),
            "kept": kept,
            "duplicates": tally.left_out[ItemStatus.SKIPPED],
            "invalid": tally.left_out[ItemStatus.FAILED],
        },
        "duplicatesBy": {rule: tally.repeats[rule] for rule in ("email", "phone", "name")},
        "invalidBecause": counted(tally.problems),
        "fill": fill_counts(tally.filled, headings, kept),
        "score": {
            "average": round(sum(points * count for (points, _), count in tally.scores.items()) / kept, 1)
            if kept
            else None,
            "histogram": histogram(tally.scores),
        },
        "reasons": counted(single_reasons(tally.scores)),
        "enrichment": enrichment_counts(options, tally),
        "notes": [*plan.warnings, *notes],
    }


def enrichment_counts(options: LeadsOptions, tally: Tally) -> dict[str, Any]:
    """The step that was asked for, its version, and what became of it; a retry may have asked another model."""
    if options.enrich is not EnrichStep.HTTP:
        return LOCAL_RULES.to_json()
    return {
        **HTTP.to_json(),
        "models": sorted(model for model in tally.models if model),
        "enriched": tally.models.total(),
        "notEnriched": tally.not_enriched.total(),
        "notEnrichedBecause": counted(tally.not_enriched),
    }


def counted(counts: Counter[str]) -> list[dict[str, Any]]:
    """Sentences with how often each applies, the commonest first."""
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [{"reason": reason, "count": count} for reason, count in ordered]


def single_reasons(scores: Counter[tuple[int, tuple[str, ...]]]) -> Counter[str]:
    """How often each reason applies."""
    single: Counter[str] = Counter()
    for (_, reasons), count in scores.items():
        for reason in reasons:
            single[reason] += count
    return single


def fill_counts(filled: Counter[bytes], headings: Sequence[str], kept: int) -> list[dict[str, Any]]:
    """For each column of leads.csv, how many of the kept leads have a value in it, and what percentage that is."""
    counts = [0] * len(headings)
    for pattern, count in filled.items():
        for place, is_filled in enumerate(pattern):
            counts[place] += count * is_filled
    return [
        {"column": heading, "count": count, "percent": round(100 * count / kept, 1) if kept else 0.0}
        for heading, count in zip(headings, counts, strict=True)
    ]


def histogram(scores: Counter[tuple[int, tuple[str, ...]]]) -> list[dict[str, int]]:
    """Ten bands of scores: 0 to 9, 10 to 19, …, 90 to 100."""
    bands = Counter({min(points // BAND, BAND - 1): 0 for points in range(100)})
    for (points, _), count in scores.items():
        bands[min(points // BAND, BAND - 1)] += count
    return [
        {"from": band * BAND, "to": 100 if band == BAND - 1 else band * BAND + BAND - 1, "count": bands[band]}
        for band in range(BAND)
    ]
