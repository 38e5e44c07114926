"""Who is in a table twice: exactly, and without parsing every phone number of it.

A first pass gives each row a cheap key per rule, such that equal rows have equal keys. Only rows that share a key with
another row are looked at closely, in file order. A row is a duplicate of the first *kept* row with the same e-mail
address, else phone number, else name and company; rows that reach nobody are no candidates.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from processors.leads.emails import email_key, plain_email, read_emails
from processors.leads.fields import Field
from processors.leads.leads import Cells, LeadReader
from processors.leads.names import read_name
from processors.leads.phones import phone_bucket
from processors.leads.text import fold


class Rule(IntEnum):
    """By what two rows are the same; the order is the order in which it is asked."""

    EMAIL = 1
    PHONE = 2
    NAME = 3


SAME = {
    Rule.EMAIL: "the same e-mail address",
    Rule.PHONE: "the same phone number",
    Rule.NAME: "the same name and company",
}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`row` is the number of the row that is kept."""

    row: int
    rule: Rule

    @property
    def sentence(self) -> str:
        """For people."""
        return f"Duplicate of row {self.row}: {SAME[self.rule]}."


class KeyCollector:
    """Collects a cheap key per rule and row, 8 bytes each, and tells which rows share one."""

    def __init__(self, reader: LeadReader) -> None:
        self.reader = reader
        self.owners = array("L")
        self.keys = array("q")
        self.count = 0

    def add(self, cells: Cells) -> None:
        """The next row."""
        number = self.count
        self.count += 1
        for key in cheap_keys(self.reader, cells):
            self.owners.append(number)
            self.keys.append(hash(key))

    def candidates(self) -> set[int]:
        """The numbers, from 0, of the rows that share a key with another row."""
        ordered = sorted(self.keys)
        shared = {one for one, after in zip(ordered, ordered[1:], strict=False) if one == after}
        return {owner for owner, key in zip(self.owners, self.keys, strict=True) if key in shared}


def cheap_keys(reader: LeadReader, cells: Cells) -> Iterator[str]:
    """One key per e-mail cell, phone cell, and name with company. Keys of different rules never agree."""
    for value in reader.values(cells, reader.emails):
        address = plain_email(value) or read_emails(value).address
        if address:
            yield "@" + email_key(address)
    phones = reader.values(cells, reader.phones)
    if phones:
        region = reader.region(cells)
        for value in phones:
            bucket = phone_bucket(value, region)
            if bucket:
                yield "+" + bucket
    company = reader.value(cells, Field.COMPANY)
    if company:
        name = reader.value(cells, Field.NAME)
        if not name:
            parts = reader.value(cells, Field.FIRST_NAME), reader.value(cells, Field.LAST_NAME)
            name = " ".join(part for part in parts if part)
        if name:
            yield " ".join(sorted(cached_fold(name).split())) + "\n" + cached_fold(company)


cached_fold = lru_cache(maxsize=65536)(fold)


def name_key(reader: LeadReader, cells: Cells) -> tuple[str, str] | None:
    """Folded name and company of a row, None where one of them is empty."""
    company = fold(reader.value(cells, Field.COMPANY) or "")
    if not company:
        return None
    parts = (reader.value(cells, one) for one in (Field.NAME, Field.FIRST_NAME, Field.LAST_NAME))
    name = fold(read_name(*parts).full or "")
    return (name, company) if name else None


def find_duplicates(reader: LeadReader, rows: Iterable[tuple[int, int, Cells]]) -> dict[int, Duplicate]:
    """The duplicates among `rows`, each an item number, its row number and its cells, in file order."""
    found: dict[int, Duplicate] = {}
    first: dict[object, int] = {}
    for item, row, cells in rows:
        email, _ = reader.email(cells)
        phone, _ = reader.phone(cells)
        if not email and not phone:
            continue
        keys = {
            Rule.EMAIL: (Rule.EMAIL, email_key(email)) if email else None,
            Rule.PHONE: (Rule.PHONE, phone.e164) if phone else None,
            Rule.NAME: name_key(reader, cells),
        }
        duplicate = next((Duplicate(first[key], rule) for rule, key in keys.items() if key and key in first), None)
        if duplicate:
            found[item] = duplicate
        else:
            first.update((key, row) for key in keys.values() if key)
    return found
