"""Makes leads.xlsx beside this file: 500 made-up leads with everything that real lists do wrong. Same bytes each time.

No person or company in it exists: domains end in example.com, .net and .org (RFC 2606), and the phone numbers lie in
ranges for fiction, or are patterns of 555 that nobody dials. Run it as `.venv/bin/python docs/samples/make_leads.py`.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

LEADS = 500
TITLE = "Trade fair contacts, spring"
SUBTITLE = "Collected at stand 4B. For internal use."
HEADINGS = (
    "Full Name", "E-Mail Address", "Phone", "Company Name", "Web site", "Country", "Job Title", "Employees", "Stand",
    "Met on", "Remarks",
)  # fmt: skip
HEADER_ROW = 3
"""From 0: below two titles and a blank row."""


@dataclass(frozen=True)
class Place:
    """A country as people write it, its names, and a pattern of its phone numbers, # for a digit."""

    spellings: tuple[str, ...]
    firsts: tuple[str, ...]
    lasts: tuple[str, ...]
    phones: tuple[str, ...]
    form: str


PLACES = (
    Place(
        ("United Kingdom", "UK", "GB", "England"),
        ("Olivia", "Harry", "Amelia", "George", "Isla", "Oliver"),
        ("Whitfield", "O'Connor", "McAllister", "Ashworth", "Blythe", "Pemberton"),
        ("+44 20 7946 0###", "020 7946 0###", "(0113) 496 0###", "0044 20 7946 0###"),
        "Ltd",
    ),
    Place(
        ("USA", "United States", "US"),
        ("Emma", "Liam", "Ava", "Noah", "Sophia", "J.R."),
        ("Carver", "Delacroix", "McDowell", "Stone", "Hawkins", "Barlow III"),
        ("(212) 555-01##", "+1 415 555 01##", "312-555-01## ext. 4#", "1 206 555 01##"),
        "Inc.",
    ),
    Place(
        ("Germany", "Deutschland", "DE"),
        ("Lena", "Jürgen", "Hannah", "Björn", "Mia", "Götz"),
        ("Müller", "von der Heide", "Schäfer", "Groß", "Zimmermann", "Köhler-Brandt"),
        ("+49 30 23125 ###", "030 23125###", "+49 (0)30 23125-###"),
        "GmbH",
    ),
    Place(
        ("France", "FR"),
        ("Élodie", "Jean-Luc", "Chloé", "Rémi", "Margaux", "Benoît"),
        ("Lefèvre", "de la Tour", "d'Aubigné", "Moreau", "Girard", "Le Goff"),
        ("01 99 00 ## ##", "+33 1 99 00 ## ##"),
        "SARL",
    ),
    Place(
        ("Spain", "España", "ES"),
        ("Lucía", "Íñigo", "María José", "Álvaro", "Carmen", "Hugo"),
        ("García López", "Núñez", "de la Cruz", "Ibáñez", "Rojas Vidal", "Peña"),
        ("+34 910 55 01 ##", "910 55 01 ##"),
        "S.L.",
    ),
    Place(
        ("Italy", "Italia", "IT"),
        ("Giulia", "Matteo", "Chiara", "Niccolò", "Alessia", "Dario"),
        ("Rossetti", "D'Angelo", "De Luca", "Ferraris", "Conti", "Bianchini"),
        ("+39 06 555 01##", "06 5550 1##"),
        "S.p.A.",
    ),
    Place(
        ("Netherlands", "Nederland", "NL"),
        ("Sanne", "Daan", "Femke", "Bram", "Lotte", "Sjoerd"),
        ("van den Berg", "de Vries", "van 't Hof", "Bakker", "ter Horst", "Visser"),
        ("+31 20 555 01##", "020 555 01##"),
        "B.V.",
    ),
    Place(
        ("Sweden", "Sverige", "SE"),
        ("Astrid", "Nils", "Ebba", "Åke", "Linnéa", "Oskar"),
        ("Lindqvist", "Åström", "Sjögren", "af Ekström", "Nyberg", "Holm"),
        ("+46 8 465 004 ##", "08-465 004 ##"),
        "AB",
    ),
    Place(
        ("Australia", "AU"),
        ("Ruby", "Jack", "Matilda", "Lachlan", "Zoe", "Angus"),
        ("MacKenzie", "Fairweather", "Nguyen", "O'Shea", "Thornbury", "Quill"),
        ("+61 2 5550 ####", "02 5550 ####"),
        "Pty Ltd",
    ),
    Place(
        ("Brazil", "Brasil", "BR"),
        ("Beatriz", "João", "Larissa", "Caio", "Antônia", "Davi"),
        ("da Silva", "dos Santos", "Araújo", "Carvalho", "Magalhães", "Teixeira"),
        ("+55 11 95555-01##", "(11) 95555-01##"),
        "Ltda",
    ),
    Place(
        ("Japan", "日本", "JP"),
        ("Haruka", "Kenji", "Yui", "Sora", "花子", "健"),
        ("Tanaka", "Sato", "Watanabe", "Mori", "山田", "鈴木"),
        ("+81 3-5550-01##", "03-5550-01##"),
        "K.K.",
    ),
    Place(
        ("Poland", "Polska", "PL"),
        ("Zofia", "Łukasz", "Agnieszka", "Paweł", "Hanna", "Michał"),
        ("Wójcik", "Kamińska", "Żak", "Nowak", "Dąbrowski", "Zieliński"),
        ("+48 22 555 01 ##", "22 555 01 ##"),
        "Sp. z o.o.",
    ),
)
FIRMS = (
    "Northlight", "Bluefield", "Kestrel", "Ostrava Tools", "Greenhaven", "Silverbrook", "Quantara", "Meridian Foods",
    "Fjordline", "Copperleaf", "Bright & Sons", "Lumen Labs", "Harborview", "Tallgrass", "Nimbus Print", "Pine Street",
)  # fmt: skip
JOBS = ("CEO", "Head of Sales", "Buyer", "Office Manager", "Engineer", "Marketing Lead", "Owner", "Consultant")
REMARKS = (
    "", "", "", "Call back in May", "Wants a quote", "Asked for the catalogue\nand the price list", "Speaks German",
    "=2+3 boxes, says the list", "-10 % promised", "@ the stand twice", "+1 colleague", "Met  at   dinner",
)  # fmt: skip
DOMAINS = ("example.com", "example.net", "example.org")


@dataclass(frozen=True)
class Lead:
    """One row, as it stands in the file."""

    name: str
    email: str
    phone: str | float
    company: str
    site: str
    country: str
    job: str
    employees: int
    stand: str
    met: datetime
    remark: str


def make_lead(roll: random.Random, number: int) -> Lead:
    """A lead with nothing wrong except the way it is written."""
    place = roll.choice(PLACES)
    first, last = roll.choice(place.firsts), roll.choice(place.lasts)
    firm = roll.choice(FIRMS)
    host = f"{''.join(one for one in firm.lower() if one.isalnum())}{number % 37}.{roll.choice(DOMAINS)}"
    local = plain(first) or "contact"
    pattern = roll.choice(place.phones)
    return Lead(
        name=roll.choice((f"{first} {last}",) * 4 + (f"{last}, {first}",)),
        email=f"{local}.{number}@{host}",
        phone="".join(str(roll.randrange(10)) if one == "#" else one for one in pattern),
        company=f"{firm} {place.form}",
        site=roll.choice((f"https://www.{host}/", host, f"http://{host}/contact?from=fair", "")),
        country=roll.choice(place.spellings),
        job=roll.choice(JOBS),
        employees=roll.choice((3, 12, 40, 120, 900)),
        stand=f"00{roll.randrange(1, 9)}",
        met=datetime(2024, 3, 4 + roll.randrange(4)),  # noqa: DTZ001  a day in a cell has no zone
        remark=roll.choice(REMARKS),
    )


def digits(phone: str | float) -> str:
    """The last seven digits of a number, by which no two people should have the same one by accident."""
    return "".join(one for one in str(phone).partition("ext")[0] if one.isdigit())[-7:]


def plain(name: str) -> str:
    """The ASCII letters of a name."""
    return "".join(one for one in name.lower() if one.isascii() and one.isalpha())


def in_capitals(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, name=lead.name.upper(), email=lead.email.upper())


def in_small_letters(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, name=f"  {lead.name.lower()} ")


def wrapped_email(lead: Lead, roll: random.Random) -> Lead:
    return replace(lead, email=roll.choice((f"mailto:{lead.email}", f"{lead.name} <{lead.email}>", f"{lead.email}.")))


def two_emails(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, email=f"{lead.email}; office@{lead.email.partition('@')[2]}")


def role_email(lead: Lead, roll: random.Random) -> Lead:
    return replace(lead, email=f"{roll.choice(('info', 'sales', 'office'))}@{lead.email.partition('@')[2]}")


def bad_email(lead: Lead, roll: random.Random) -> Lead:
    return replace(lead, email=roll.choice(("anna(at)example.com", "n/a", "see card", lead.email.replace("@", "@@"))))


def no_email(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, email="")


def no_phone(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, phone="")


def bad_phone(lead: Lead, _: random.Random) -> Lead:
    return replace(lead, phone="12345")


def number_phone(lead: Lead, roll: random.Random) -> Lead:
    return replace(lead, phone=float(f"4420794600{roll.randrange(100):02}"), country="United Kingdom")


def unreachable(lead: Lead, roll: random.Random) -> Lead:
    email, phone = roll.choice((("", ""), ("n/a", ""), ("", "12345"), ("none@", "ask reception")))
    return replace(lead, email=email, phone=phone)


CHANGES: tuple[tuple[int, Callable[[Lead, random.Random], Lead]], ...] = (
    (8, in_capitals), (8, in_small_letters), (5, wrapped_email), (3, two_emails), (6, role_email), (2, bad_email),
    (4, no_email), (12, no_phone), (3, bad_phone), (2, number_phone), (4, unreachable),
)  # fmt: skip
"""What goes wrong, and in how many of 100 leads."""


def change_lead(lead: Lead, roll: random.Random) -> Lead:
    """`lead` with at most one thing wrong."""
    point = roll.randrange(100)
    for percent, change in CHANGES:
        if point < percent:
            return change(lead, roll)
        point -= percent
    return lead


def repeat_lead(lead: Lead, other: Lead, roll: random.Random) -> Lead:
    """`lead` once more under another guise: the same address, the same number, or the same name and company."""
    kind = roll.randrange(3)
    if kind == 0:
        return replace(other, email=lead.email.upper(), phone="")
    if kind == 1:
        return replace(other, phone=lead.phone, country=lead.country, email="")
    return replace(other, name=lead.name.upper(), company=lead.company.lower())


def make_leads() -> list[Lead]:
    """All leads in order; about one in fourteen repeats an earlier one."""
    roll = random.Random(20240304)
    leads: list[Lead] = []
    clean: list[Lead] = []
    phones: set[str] = set()
    for number in range(LEADS):
        lead = make_lead(roll, number)
        while digits(lead.phone) in phones:
            lead = make_lead(roll, number)
        phones.add(digits(lead.phone))
        if clean and roll.randrange(14) == 0:
            leads.append(repeat_lead(roll.choice(clean), lead, roll))
            continue
        changed = change_lead(lead, roll)
        if changed is lead:
            clean.append(lead)
        leads.append(changed)
    return leads


def write_leads(path: Path, leads: list[Lead]) -> None:
    """The workbook, with its date of creation fixed, so that it has the same bytes whenever it is made."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": TITLE, "created": datetime(2024, 3, 8, tzinfo=UTC)})
        sheet = book.add_worksheet("Contacts")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_string(0, 0, TITLE, bold)
        sheet.write_string(1, 0, SUBTITLE)
        sheet.write_row(HEADER_ROW, 0, HEADINGS, bold)
        sheet.set_column(0, len(HEADINGS) - 1, 22)
        for row, lead in enumerate(leads, HEADER_ROW + 1):
            texts = (lead.name, lead.email, lead.phone, lead.company, lead.site, lead.country, lead.job)
            sheet.write_row(row, 0, texts)
            sheet.write_number(row, len(texts), lead.employees)
            sheet.write_string(row, len(texts) + 1, lead.stand)
            sheet.write_datetime(row, len(texts) + 2, lead.met, day)
            sheet.write_string(row, len(texts) + 3, lead.remark)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("leads.xlsx")
    write_leads(target, make_leads())
    print(f"{LEADS} leads in {target.name}")
