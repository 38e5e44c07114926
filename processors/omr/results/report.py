"""report.json: how many pages became what, students and their pages, and how the questions were answered."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from processors.contract import ItemResult, ItemStatus
from processors.omr.results.keys import AnswerKey, Score
from processors.omr.roster import Roster

VERSION = 1
MAX_LISTED = 10_000
"""Names in any list of the report."""


@dataclass
class StudentPages:
    """The pages of one student: numbers that were read, how many there should be, and the points on them."""

    pages: list[int] = field(default_factory=list)
    wanted: int = 1
    points: float = 0.0


class SheetTally:
    """Counts pages while they are written."""

    def __init__(self, roster: Roster | None) -> None:
        self._roster = roster
        self._ends: Counter[str] = Counter()
        self._reviews = 0
        self._failed: list[dict[str, str]] = []
        self._skipped: list[dict[str, str]] = []
        self._students: dict[str, StudentPages] = {}
        self._right: Counter[str] = Counter()
        self._scored = 0
        self._unknown: list[dict[str, str]] = []

    def add(self, item: ItemResult, result: dict[str, Any], score: Score | None) -> None:
        """One page."""
        self._ends[item.status] += 1
        self._reviews += item.needs_review
        name = str(result.get("name", item.index))
        if item.status is ItemStatus.FAILED and item.error:
            self._failed.append({"sheet": name, "code": str(item.error.code), "reason": item.error.message})
        elif item.status is ItemStatus.SKIPPED:
            self._skipped.append({"sheet": name, "reason": item.skip_reason or ""})
        elif "student" in result:
            self._add_student(name, result, score)
        if score is not None:
            self._scored += 1
            self._right.update(name for name, is_right in score.right.items() if is_right)

    def _add_student(self, name: str, result: dict[str, Any], score: Score | None) -> None:
        if result.get("match") == "none" or not result["student"]:
            self._unknown.append({"sheet": name, "student": result["student"]})
        if not result["student"]:
            return
        pages = self._students.setdefault(result["student"], StudentPages())
        pages.pages.append(result.get("page") or 1)
        pages.wanted = max(pages.wanted, result.get("pages") or 1)
        pages.points += score.points if score else 0.0

    def report(self, key: AnswerKey | None) -> dict[str, Any]:
        """The whole of it."""
        return {
            "version": VERSION,
            "totals": {
                "pages": self._ends.total(),
                "read": self._ends[ItemStatus.COMPLETED],
                "failed": self._ends[ItemStatus.FAILED],
                "skipped": self._ends[ItemStatus.SKIPPED],
                "needReview": self._reviews,
            },
            "failed": self._failed[:MAX_LISTED],
            "skipped": self._skipped[:MAX_LISTED],
            "students": [self._student(id_, pages) for id_, pages in sorted(self._students.items())][:MAX_LISTED],
            "unknownStudents": self._unknown[:MAX_LISTED],
            "withoutSheet": self._absent()[:MAX_LISTED],
            "questions": [self._question(name) for name in key] if key else [],
        }

    def _student(self, id_: str, pages: StudentPages) -> dict[str, Any]:
        counts = Counter(pages.pages)
        doubles = sorted(number for number, count in counts.items() if count > 1)
        return {
            "student": id_,
            "name": self._roster.names.get(id_) if self._roster else None,
            "pages": sorted(counts),
            "missingPages": [number for number in range(1, pages.wanted + 1) if number not in counts],
            "doublePages": doubles,
            "points": round(pages.points, 6) if self._scored and not doubles else None,
        }

    def _absent(self) -> list[dict[str, str]]:
        """Those of the roster who have no sheet."""
        names = self._roster.names if self._roster else {}
        return [{"student": id_, "name": name} for id_, name in names.items() if id_ not in self._students]

    def _question(self, name: str) -> dict[str, Any]:
        share = round(self._right[name] / self._scored, 4) if self._scored else None
        return {"question": name, "right": self._right[name], "share": share}

    def sentence(self) -> str:
        """The end, for the log."""
        read, total = self._ends[ItemStatus.COMPLETED], self._ends.total()
        rest = f"{self._ends[ItemStatus.FAILED]:,} failed, {self._ends[ItemStatus.SKIPPED]:,} skipped"
        return f"{read:,} of {total:,} pages read, {rest}; {self._reviews:,} to be looked at."
