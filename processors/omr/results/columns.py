"""Columns of the results: fields joined as customLabels say, the place of every blank kept."""

from collections.abc import Mapping
from typing import Any

from processors.omr.template.layout import Template

BLANK, SEVERAL = "_", "?"
"""Within a number of several digits: a blank one, and one with several marks."""


def column_values(template: Template, fields: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The value of each column, from the fields of a sheet by label (as `reading.sheet` has them)."""
    empty = {field.label: field.empty_value for field in template.fields}
    values = {}
    for name, labels in template.columns.items():
        if len(labels) == 1:
            values[name] = str(fields[labels[0]]["value"]) or empty[labels[0]]
        elif all(fields[label]["status"] == "empty" for label in labels):
            values[name] = empty[labels[0]]
        else:
            values[name] = "".join(_digit(fields[label], empty[label]) for label in labels)
    return values


def _digit(field: Mapping[str, Any], empty: str) -> str:
    if field["status"] == "multi":
        return SEVERAL
    return str(field["value"]) or empty or BLANK
