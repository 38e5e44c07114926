"""What the result tables look like: their columns, and one row of text for each lead."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any

from processors.contract import ItemResult, ItemStatus
from processors.leads.fields import LABELS
from processors.leads.mapping import Mapping, name_apart

Values = list[str | int | None]

FIXED = (
    *((key.value, label) for key, label in LABELS.items()),
    ("phoneExtension", "Phone extension"),
    ("countryCode", "Country code"),
    ("score", "Score"),
    ("reasons", "Reasons"),
    ("row", "Row"),
    ("setAside", "Set aside"),
)
"""Keys of a result and their headings; the extra columns follow."""
REASONS_COLUMN = [key for key, _ in FIXED].index("reasons")
NOT_KEPT = ("Row", "Status", "Reason", "Name", "E-mail", "Phone", "Company")
FORMULA_STARTS = frozenset("=+-@\t\r")
"""First characters that make a spreadsheet take text for a formula."""


class LeadSheet:
    """The columns of the table of kept leads."""

    def __init__(self, mapping: Mapping) -> None:
        self.extras = [column.heading for column in mapping.extras()]
        self.headings = unique_headings([label for _, label in FIXED], self.extras)

    def values(self, lead: Map[str, Any]) -> Values:
        """The cells of one result."""
        extra = lead["extra"].get
        return [
            *(lead[key] for key in PLAIN_KEYS),
            " ".join(lead["reasons"]),
            lead["row"],
            "; ".join(f"{LABELS_BY_KEY[key]}: {value}" for key, value in lead["setAside"].items()) or None,
            *map(extra, self.extras),
        ]


PLAIN_KEYS = tuple(key for key, _ in FIXED[:-3])
LABELS_BY_KEY: dict[str, str] = {field.value: label for field, label in LABELS.items()}


def unique_headings(own: list[str], extras: list[str]) -> list[str]:
    """Our own headings, then those of the file, with a number where one of them is already there."""
    taken = {name.casefold(): 2 for name in own}
    return [*own, *(name_apart(heading, taken) for heading in extras)]


def not_kept_values(item: ItemResult, result: Map[str, Any]) -> Values:
    """The cells of a row that was left out."""
    is_duplicate = item.status is ItemStatus.SKIPPED
    reason = item.skip_reason if is_duplicate else item.error.message if item.error else None
    given: Sequence[str | None] = [result.get(key) for key in ("name", "email", "phone", "company")]
    return [result.get("row"), "Duplicate" if is_duplicate else "Not reachable", reason, *given]
