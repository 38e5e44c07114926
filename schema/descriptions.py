"""Answers by which the schema describes itself; they depend on nothing but the document and its variables."""

from dataclasses import dataclass
from typing import Any

import orjson
from cachetools import LRUCache
from strawberry.types import ExecutionResult

from schema.context import Context
from schema.documents import Document

MAX_BYTES = 8 * 2**20
"""Of them all, with what they answer; what front ends ask is answered with about 200 KiB."""
_BYTES_PER_ANSWER = 500

Question = tuple[Document, str | None, bytes]
"""A document, which of its operations, and the variables in JSON."""


@dataclass(frozen=True, slots=True)
class _Answer:
    json: bytes
    size_bytes: int


class Descriptions:
    """Keeps the answers given last."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._answers: LRUCache[Question, _Answer] = LRUCache(max_bytes, lambda answer: answer.size_bytes)

    def find(self, question: Question, context: Context) -> ExecutionResult | None:
        """The answer that was kept, where the caller may have one so large."""
        answer = self._answers.get(question)
        limit = context.services.settings.max_answer_size - context.answered_bytes
        if answer is None or len(answer.json) > limit:
            return None
        return ExecutionResult(orjson.Fragment(answer.json), None)  # type: ignore[arg-type]  # it is written as it is

    def keep(self, question: Question, result: ExecutionResult) -> None:
        """Keep an answer without errors."""
        if result.errors or result.data is None:
            return
        document, _, variables = question
        json = orjson.dumps(result.data)
        size_bytes = len(json) + len(variables) + document.size_bytes + _BYTES_PER_ANSWER
        if size_bytes <= self._answers.maxsize:
            self._answers[question] = _Answer(json, size_bytes)


def question_in(document: Document, name: str | None, variables: dict[str, Any] | None) -> Question | None:
    """What is asked, where it is nothing but the schema."""
    if not document.is_introspection(name):
        return None
    return document, name, orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS)
