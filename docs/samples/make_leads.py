"""Makes leads.xlsx, the spreadsheet of the demo: 500 made-up leads as they come back from a trade fair.

The people are invented, the domains are reserved for examples (RFC 2606), the phone numbers are kept free for films and
books by the regulators of their countries. The same bytes at every run: python docs/samples/make_leads.py
"""

import random
import unicodedata
from datetime import datetime
from pathlib import Path

import xlsxwriter

ROWS = 500
TARGET = Path(__file__).with_name("leads.xlsx")
HEADINGS = ("Company", "Full name", "E-Mail Address", "Tel.", "Country", "Homepage", "Comments", "Booth", "Campaign")

NAMES = {
    "Germany": ("Jürgen Müller", "ANNA-LENA SCHMIDT", "karl-heinz von der berg", "Sabine Krüger", "Lukas Weiß", "Nele Becker"),
    "United Kingdom": ("Oliver Smith", "fiona mcdonald", "JAMES O'BRIEN", "Harriet Jones", "Graham Wright", "Priya Patel"),
    "France": ("Zoë Lefèvre", "jean-luc de la tour", "CAMILLE MARTIN", "Hélène Dubois", "Théo Garnier", "Inès Moreau"),
    "USA": ("Maria Garcia", "william j. carter iii", "ASHLEY NGUYEN", "Tyrone Washington", "Emily Chen", "Jack Miller"),
    "Sweden": ("Åsa Lindqvist", "erik svensson", "BJÖRN ÅKESSON", "Maja Nilsson", "Lars Holm", "Elin Berg"),
    "Australia": ("Charlotte Brown", "liam o'connor", "RUBY TAYLOR", "Noah Wilson", "Isla Campbell", "Cooper King"),
}
PHONES = {
    "Germany": [f"030 23125 {number:03d}" for number in range(1000)],
    "United Kingdom": [f"020 7946 0{number:03d}" for number in range(1000)],
    "France": [f"01 99 00 {number // 100:02d} {number % 100:02d}" for number in range(1000)],
    "USA": [f"({area}) 555-01{number:02d}" for area in (212, 312, 415) for number in range(100)],
    "Sweden": [f"+46 70-174 06 {number:02d}" for number in range(5, 100)],
    "Australia": [f"0491 570 {number}" for number in (*range(6, 10), *range(110, 990))],
}
WORDS = (
    "Nordwind", "Blue Harbour", "Atelier Lumière", "Granite & Sons", "Solsidan", "Red Gum", "Kupfer", "Longbow", "Petit Pont",
    "Liberty", "Fjord", "Southern Cross",
)
KINDS = ("Logistics", "Instruments", "Foods", "Textiles", "Energy", "Press")
COMMENTS = (
    "", "", "", "asked for a quote", "wants a demo in January", "met at booth 12", "speaks German and French",
    "=SUM(A1:A9) was in his notes", "-20% promised", "send samples",
)


def main() -> None:
    """Write the workbook."""
    chance = random.Random(2026)
    rows = [_lead(chance, number) for number in range(ROWS)]
    for number in range(24, ROWS, 25):
        rows[number] = _repeated(chance, rows[number - chance.randint(2, 20)], number)
    for number in range(17, ROWS, 33):
        rows[number] = _unreachable(chance, rows[number])
    _write(rows)


def _lead(chance: random.Random, number: int) -> list[str]:
    country = chance.choice(list(NAMES))
    name = chance.choice(NAMES[country])
    word, kind = chance.choice(WORDS), chance.choice(KINDS)
    domain = f"{_ascii(word).replace('.', '').replace('&', '-')}-{kind.lower()}.example"
    email = f"{_ascii(name)}{number}@{domain}" if chance.random() < 0.93 else ""
    phone = _phone(chance, country) if chance.random() < 0.7 or not email else ""
    email = email.upper() if chance.random() < 0.05 else email
    website = chance.choice((f"https://www.{domain}/en/contact?utm=fair", f"www.{domain}", f"http://{domain}", ""))
    company = f"{word} {kind} {number % 97}"
    return [company, f" {name} ", email, phone, country, website, chance.choice(COMMENTS), f"{chance.choice('ABC')}-{number % 40:02d}", "Autumn fair"]


def _phone(chance: random.Random, country: str) -> str:
    """One that nobody else has."""
    numbers = PHONES[country]
    return numbers.pop(chance.randrange(len(numbers)))


def _repeated(chance: random.Random, first: list[str], number: int) -> list[str]:
    """The same person again: by e-mail in other letters, by phone in another form, or by name and company."""
    again = list(first)
    way = number // 25 % 3
    if way == 0 and first[2]:
        again[0], again[2], again[3] = again[0].upper(), first[2].swapcase(), ""
    elif way == 1 and first[3]:
        again[1], again[2], again[3] = chance.choice(NAMES[first[4]]), f"other{number}@example.org", first[3].replace(" ", "-")
    else:
        again[1], again[2], again[3] = first[1].strip().upper(), f"second{number}@example.net", ""
    return again


def _unreachable(chance: random.Random, lead: list[str]) -> list[str]:
    """No address at all, or one that cannot be."""
    email, phone = chance.choice((("", ""), ("n/a", ""), ("anna.at.example.com", ""), ("", "call reception")))
    return [lead[0], lead[1], email, phone, *lead[4:]]


def _ascii(name: str) -> str:
    german = name.lower().replace("ß", "ss").replace("ü", "ue").replace("ö", "oe").replace("'", "")
    plain = unicodedata.normalize("NFKD", german).encode("ascii", "ignore").decode()
    return ".".join(part.strip(".") for part in plain.split())


def _write(rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(TARGET) as workbook:
        workbook.set_properties({"title": "Leads of the autumn fair", "created": datetime(2026, 10, 1)})  # noqa: DTZ001  Excel's times have no zone
        title, bold = workbook.add_format({"bold": True, "font_size": 16}), workbook.add_format({"bold": True, "bottom": 1})
        sheet = workbook.add_worksheet("Leads")
        sheet.set_column(0, 8, 22)
        sheet.write_string(0, 0, "Leads of the autumn fair 2026", title)
        sheet.write_string(1, 0, "typed in by the booth team; not yet cleaned")
        for column, heading in enumerate(HEADINGS):
            sheet.write_string(3, column, heading, bold)
        for place, row in enumerate(rows, 4):
            for column, value in enumerate(row):
                if value:
                    sheet.write_string(place, column, value)
        sheet.freeze_panes(4, 0)


if __name__ == "__main__":
    main()
