"""Columns of the result tables, and a lead's row."""

from collections.abc import Mapping as Map
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from processors.contract import ItemResult, ItemStatus
from processors.leads.fields import LABELS, PROFILE
from processors.leads.mapping import Mapping, name_apart
from processors.tables.cells import Values

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
ENRICHED = (("industry", "Industry"), ("summary", "Summary"), ("priority", "Priority"))
"""The same of what another machine says of leads, in batches in which it is asked."""
ENRICHMENT = "Enrichment"
"""The heading of the column that says who said it, or why nobody did."""
REASONS_COLUMN = [key for key, _ in FIXED].index("reasons")
NOT_KEPT = ("Row", "Status", "Reason", "Name", "E-mail", "Phone", "Company")


class LeadSheet:
    """The columns of the table of kept leads; `is_enriched` adds those of what another machine says."""

    def __init__(self, mapping: Mapping, *, is_enriched: bool = False) -> None:
        self.extras = [column.heading for column in mapping.extras()]
        self.is_enriched = is_enriched
        enriched = [*(label for _, label in ENRICHED), ENRICHMENT] if is_enriched else []
        self.headings = unique_headings([*(label for _, label in FIXED), *enriched], self.extras)

    def values(self, lead: Map[str, Any]) -> Values:
        """The cells of one result."""
        extra, aside = lead["extra"].get, lead["setAside"]
        return [
            *plain_values(lead),
            " ".join(lead["reasons"]),
            lead["row"],
            "; ".join(f"{LABELS_BY_KEY[key]}: {value}" for key, value in aside.items()) if aside else None,
            *(enriched_values(lead["enrichment"]) if self.is_enriched else ()),
            *map(extra, self.extras),
        ]


def enriched_values(enrichment: Map[str, Any]) -> Values:
    """The cells of one `enrichment`."""
    step = " ".join(part for key in ("step", "version", "model") if (part := enrichment.get(key)))
    return [*(enrichment.get(key) for key, _ in ENRICHED), enrichment.get("problem") or step]


plain_values = itemgetter(*(key for key, _ in FIXED[:-3]))
LABELS_BY_KEY: dict[str, str] = {field.value: label for field, label in LABELS.items()} | {PROFILE: "Profile"}


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
