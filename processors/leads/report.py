"""report.json: how many leads came out how, how full each column is, and why."""

from collections import Counter
from typing import Any

from processors.contract import ItemResult, ItemStatus
from processors.leads.fields import LABELS

RULES_VERSION = 1
"""Of the rules in docs/leads.md; a change that gives other results for the same file raises it."""
MOST_REASONS = 50


class Report:
    """Counts while the results pass by."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._totals: Counter[ItemStatus] = Counter()
        self._filled: Counter[str] = Counter()
        self._scores: Counter[int] = Counter()
        self._reasons: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def count(self, item: ItemResult, lead: dict[str, Any]) -> None:
        """Take one result in."""
        self._totals[item.status] += 1
        if item.status is ItemStatus.COMPLETED:
            extra = lead.get("extra") or {}
            self._filled.update([field for field in LABELS if lead.get(field) is not None])
            self._filled.update([f"extra:{name}" for name in extra if extra[name] is not None])
            self._scores[min(lead["score"] // 10, 9)] += 1
            self._reasons.update(lead["reasons"])
        else:
            self._left_out[_kind_of(item)] += 1

    def summary(self, options: dict[str, Any], cut_rows: int) -> dict[str, Any]:
        """The whole report; the same for the same file and options."""
        kept = self._totals[ItemStatus.COMPLETED]
        plan = self._plan
        return {
            "processor": "leads",
            "rules": RULES_VERSION,
            "options": options,
            "source": {name: plan.get(name) for name in ("sheet", "headerRow", "encoding", "delimiter", "columns", "extra")},
            "totals": {
                "leads": self._totals.total(), "kept": kept, "duplicates": self._totals[ItemStatus.SKIPPED],
                "invalid": self._totals[ItemStatus.FAILED],
            },
            "columns": [
                *(self._column(str(field), plan["columns"].get(field), str(field), kept) for field in LABELS),
                *(self._column(name, name, f"extra:{name}", kept) for name in plan["extra"]),
            ],
            "scores": {f"{tens * 10}-{100 if tens == 9 else tens * 10 + 9}": self._scores[tens] for tens in range(10)},
            "reasons": dict(self._reasons.most_common(MOST_REASONS)),
            "notKept": dict(self._left_out.most_common(MOST_REASONS)),
            "rowsMissingInXlsx": cut_rows,
        }

    def _column(self, name: str, heading: str | None, key: str, kept: int) -> dict[str, Any]:
        filled = self._filled[key]
        return {"name": name, "heading": heading, "filled": filled, "percent": round(100 * filled / kept, 1) if kept else 0.0}


def _kind_of(item: ItemResult) -> str:
    """Why a lead was not kept, without what belongs to this one row alone."""
    if item.skip_reason:
        return "duplicate: " + item.skip_reason.partition(": ")[2].rstrip(".")
    return f"invalid: {item.error.code}" if item.error else "cancelled"
