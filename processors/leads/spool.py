"""Spool from plan to slices: rows, duplicates, columns."""

from array import array
from collections.abc import Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from processors.contract import AssignedSlice
from processors.leads.duplicates import Duplicate, Rule
from processors.leads.mapping import Mapping

ROWS, DUPLICATES, PLAN = "rows.ndjson", "duplicates.bin", "plan.json"
"""Names of the INTERMEDIATE files.

`rows.ndjson` has one line per item: a JSON list of the row's number and its clean cells. `duplicates.bin` has 8 bytes
per item: 0, or 4 times the number of the kept row plus the rule by which the item repeats it.
"""
WORD = array("Q").itemsize
RULE_BITS = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What concerns the whole file. `about` and `file_name` are for people; `items` counts the leads."""

    mapping: Mapping
    file_name: str
    about: str
    sheet: str | None
    items: int
    warnings: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """As plan.json holds it."""
        value = {
            "file": self.file_name,
            "about": self.about,
            "sheet": self.sheet,
            "items": self.items,
            "warnings": self.warnings,
            **self.mapping.to_json(),
        }
        return orjson.dumps(value)

    @staticmethod
    def from_bytes(data: bytes) -> "Plan":
        """What `to_bytes` wrote."""
        value: dict[str, Any] = orjson.loads(data)
        return Plan(
            Mapping.from_json(value),
            value["file"],
            value["about"],
            value["sheet"],
            value["items"],
            tuple(value["warnings"]),
        )


def pack_duplicates(items: int, duplicates: Map[int, Duplicate]) -> bytes:
    """The content of duplicates.bin."""
    words = array("Q", bytes(WORD * items))
    for item, duplicate in duplicates.items():
        words[item] = duplicate.row << RULE_BITS | duplicate.rule
    return words.tobytes()


def read_slice(
    spool: Map[str, Path], part: AssignedSlice
) -> Iterator[tuple[int, int, list[str | None], Duplicate | None]]:
    """The item number, row number, cells and duplicate of each item of `part.indices`."""
    with spool[ROWS].open("rb") as file:
        file.seek(part.payload["offset"])
        lines = file.read(part.payload["bytes"]).splitlines()
    with spool[DUPLICATES].open("rb") as file:
        file.seek(part.first_index * WORD)
        words = array("Q", file.read(len(lines) * WORD))
    for index in part.indices:
        place = index - part.first_index
        number, *cells = orjson.loads(lines[place])
        word = words[place]
        yield index, number, cells, Duplicate(word >> RULE_BITS, Rule(word % 2**RULE_BITS)) if word else None
