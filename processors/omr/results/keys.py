"""Answer keys: right answers by column, with points; and scores by them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from processors.omr.template.layout import Template

MAX_ENTRIES = 2_000
MAX_POINTS = 1_000_000
FORM = 'Give it as "B", as ["A", "B"] for several right ones, or as {"answer": "B", "points": 2, "wrong": -0.5}.'


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """The right answers of one column, and what they are worth."""

    answers: frozenset[str]
    points: float = 1.0
    wrong: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """Points of a sheet; `right` has for each column of the key whether its answer is right."""

    points: float
    most: float
    right: dict[str, bool]


AnswerKey = dict[str, KeyEntry]


def check_key(given: Mapping[str, Any]) -> AnswerKey:
    """The key that `given` describes. Raises ValueError with a sentence that names the column."""
    if len(given) > MAX_ENTRIES:
        raise ValueError(f"The answer key has {len(given):,} entries; at most {MAX_ENTRIES:,} are taken.")
    return {name: _entry_of(name, value) for name, value in given.items()}


def check_fit(key: AnswerKey, template: Template) -> None:
    """Raise ValueError for a column that the sheet does not have, and for an answer that nobody can give on it."""
    fields = {field.label: field for field in template.fields}
    for name, entry in key.items():
        labels = template.columns.get(name)
        if labels is None:
            shown = ", ".join(list(template.columns)[:5])
            raise ValueError(
                f'The answer key names "{name[:60]}", which the sheet does not have. Its columns: {shown} …'
            )
        if len(labels) > 1:
            continue
        field = fields[labels[0]]
        for answer in sorted(entry.answers):
            if answer != field.empty_value and not field.can_say(answer):
                values = ", ".join(field.values)
                raise ValueError(f"The answer key says “{answer[:60]}” of {name}, whose bubbles are {values}.")


def _entry_of(name: str, value: Any) -> KeyEntry:
    points, wrong = 1.0, 0.0
    if isinstance(value, dict):
        if "answer" not in value or set(value) - {"answer", "points", "wrong"}:
            raise ValueError(f'The answer key says of "{name[:60]}" what cannot be read. {FORM}')
        points, wrong = _points_of(name, value.get("points", 1)), _points_of(name, value.get("wrong", 0))
        value = value["answer"]
    answers = value if isinstance(value, list) else [value]
    if not answers or not all(isinstance(one, str) and one for one in answers):
        raise ValueError(f'The answer key says of "{name[:60]}" what cannot be read. {FORM}')
    return KeyEntry(frozenset(answers), points, wrong)


def _points_of(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f'The points of "{name[:60]}" are no number.')
    if abs(value) > MAX_POINTS:
        raise ValueError(f'The points of "{name[:60]}" are too many: at most {MAX_POINTS:,}.')
    return float(value)


def score_sheet(values: Mapping[str, str], key: AnswerKey) -> Score:
    """The score of a sheet whose columns have `values`; what is left empty gives nothing and costs nothing."""
    right = {name: values.get(name, "") in entry.answers for name, entry in key.items()}
    points = sum(
        entry.points if right[name] else entry.wrong if values.get(name) else 0.0 for name, entry in key.items()
    )
    return Score(round(points, 6), round(sum(entry.points for entry in key.values()), 6), right)
