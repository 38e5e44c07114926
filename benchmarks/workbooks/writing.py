"""The workbook of the benchmark: people of many countries, the same at every run."""

from pathlib import Path

import xlsxwriter

HEADINGS = (
    "Full name",
    "E-mail",
    "Phone",
    "Company",
    "Website",
    "Country",
    "Notes",
    "Source",
    "Owner",
    "City",
    "Budget",
    "Created",
)


def write_workbook(path: Path, rows: int) -> None:
    """People of many countries, some twice, some without an address; the same at every run."""
    firsts, lasts = (
        ("anna", "JOHN", "Marie-Luise", "piotr", "Zoë", "Nguyen"),
        ("smith", "O'BRIEN", "van der berg", "García", "lee"),
    )
    countries = (
        ("DE", "0151 2{:07d}"),
        ("US", "(415) 2{:02d}-{:04d}"),
        ("GB", "07911 {:06d}"),
        ("FR", "06 1{:07d}"),
        ("", "+49 152 2{:07d}"),
    )
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_urls": False}) as workbook:
        sheet = workbook.add_worksheet("Leads")
        sheet.write_row(0, 0, HEADINGS)
        for number in range(1, rows + 1):
            country, form = countries[number % 5]
            of = number - 7 if number % 50 == 0 else number
            email = (
                ""
                if number % 40 == 1
                else f"{firsts[of % 6].lower().replace('ë', 'e')}.{of}@company{of % 5000}.example.com"
            )
            digits = (number // 10_000 % 100, number % 10_000) if country == "US" else (number,)
            phone = "" if number % 3 else form.format(*digits)
            sheet.write_row(
                number,
                0,
                (
                    f"{firsts[number % 6]} {lasts[number % 5]}",
                    email,
                    phone,
                    f"Company {number} Ltd",
                    f"https://www.company{number % 5000}.example.com/contact",
                    country,
                    "met at the fair" if number % 4 == 0 else "",
                    "fair",
                    f"owner {number % 12}",
                    "Berlin",
                    number % 1000 * 10,
                    "2026-10-01",
                ),
            )
