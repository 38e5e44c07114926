"""The report of an alignment: recordings by outcome, and what each of them lacks."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson

from processors.alignment.missing_words import MissingWord
from processors.contract import ItemResult, ItemStatus


class Tally:
    """Counts the recordings of a job while they are read once."""

    def __init__(self) -> None:
        self._recordings: list[dict[str, Any]] = []
        self._aligned = self._words = self._placed = 0

    def add(self, item: ItemResult) -> None:
        """The next recording."""
        result: dict[str, Any] = orjson.loads(item.result) if item.result else {}
        error = {"error": {"code": item.error.code, "message": item.error.message}} if item.error else {}
        self._recordings.append({"status": str(item.status).lower(), **result, **error})
        self._aligned += item.status is ItemStatus.COMPLETED
        self._words += result.get("wordCount", 0)
        self._placed += result.get("alignedWordCount", 0)

    def report(self, missing: Sequence[MissingWord]) -> dict[str, Any]:
        """Everything, as JSON."""
        return {
            "recordings": self._recordings,
            "words": self._words,
            "alignedWords": self._placed,
            "missingWords": [asdict(one) for one in missing],
        }

    def sentence(self) -> str:
        """For the log."""
        return f"{self._aligned:,} of {len(self._recordings):,} recordings aligned; {self._placed:,} of {self._words:,} words placed."
