"""A workbook of leads, made from its known outcome."""

from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

HEADINGS = ("Full name", "E-mail", "Phone", "Company", "Website", "Country", "Notes", "Source")


@dataclass(frozen=True)
class Expected:
    """What must come out of a workbook."""

    leads: int
    duplicates: int
    invalid: int

    @property
    def kept(self) -> int:
        return self.leads - self.duplicates - self.invalid


def write_workbook(path: Path, rows: int) -> Expected:
    """Titles, a header on row 3, and `rows` leads: every 10th repeats the e-mail of the row before it, every 25th
    has no way to reach the person."""
    duplicates = invalid = 0
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        sheet.write_row(0, 0, ["Leads of the autumn fair"])
        sheet.write_row(2, 0, HEADINGS)
        for number in range(1, rows + 1):
            is_unreachable = number % 25 == 0
            is_duplicate = number % 10 == 0 and not is_unreachable
            invalid += is_unreachable
            duplicates += is_duplicate
            of = number - 1 if is_duplicate else number
            email = "" if is_unreachable else f"lead{of}@example.com"
            row = [
                f"anna lead{number}",
                email,
                "",
                f"company {number}",
                f"https://www.c{number}.example",
                "DE",
                "",
                "fair",
            ]
            sheet.write_row(number + 2, 0, row)
    return Expected(rows, duplicates, invalid)
