"""Notes on a sheet for its reader: hidden rows, formulas without a value."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from processors.tables.tables import ROWS_NAMED, name_rows


@dataclass(slots=True)
class SheetNotes:
    """What a spreadsheet does not show, or would show only after computing it.

    Attributes:
        hidden: The numbers of hidden rows, from 1, in order.
        unsaved: The first formulas without a saved value, as "C2".
        unsaved_count: How many there are.
    """

    hidden: "array[int]" = field(default_factory=lambda: array("L"))
    unsaved: list[str] = field(default_factory=list)
    unsaved_count: int = 0

    def add_unsaved(self, reference: str) -> None:
        """One more formula without a saved value."""
        self.unsaved_count += 1
        if len(self.unsaved) < ROWS_NAMED:
            self.unsaved.append(reference)

    def sentences(self) -> Iterator[str]:
        """What to tell about the sheet."""
        if self.hidden:
            yield f"Rows that the sheet hides are read like the others: {name_rows(self.hidden)}."
        if self.unsaved_count:
            named = ", ".join(self.unsaved)
            told = f"{named} and more" if self.unsaved_count > len(self.unsaved) else named
            yield (
                f"Formulas without a saved value ({self.unsaved_count:,}: {told}) are read as "
                "empty. Open the workbook in a spreadsheet program and save it to have their values."
            )
