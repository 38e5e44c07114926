"""Find duplicates exactly, without parsing every phone number.

A first pass gives each row a cheap key per rule, such that equal rows have equal keys. Only rows that share a key with
another row are looked at closely, in file order. A row is a duplicate of the first *kept* row with the same e-mail
address, else phone number, else name and company; rows that reach nobody are no candidates.
"""

from array import array
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Map
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from processors.leads.email_addresses import email_key, plain_email
from processors.leads.emails import read_emails
from processors.leads.fields import Field
from processors.leads.leads import Cells, LeadReader
from processors.leads.phones import phone_bucket
from processors.tables.text import fold


class Rule(IntEnum):
    """By what two rows are the same; the order is the order in which it is asked."""

    EMAIL = 1
    PHONE = 2
    NAME = 3


Key = tuple[Rule, str | tuple[str, str]]

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


class KeyList:
    """The keys of one rule, 16 bytes each, with the numbers of their rows."""

    def __init__(self) -> None:
        self.owners = array("L")
        self.hashes = array("q")

    def add(self, owner: int, key: str) -> None:
        """The row `owner` has this key."""
        self.owners.append(owner)
        self.hashes.append(hash(key))

    def shared(self) -> Iterator[int]:
        """The rows that share a key with another, as often as they do."""
        twice = {one for one, after in pairwise(sorted(self.hashes)) if one == after}
        return (owner for owner, key in zip(self.owners, self.hashes, strict=True) if key in twice)


class KeyCollector:
    """Collects cheap keys per rule and tells which rows share one: of each e-mail cell, phone cell, and name with company."""

    def __init__(self, reader: LeadReader) -> None:
        self.reader = reader
        self.emails, self.phones, self.names = KeyList(), KeyList(), KeyList()
        self.count = 0

    def add(self, cells: Cells) -> None:
        """The next row."""
        reader, number = self.reader, self.count
        self.count += 1
        for value in reader.values(cells, reader.emails):
            address = plain_email(value) or read_emails(value).address
            if address:
                self.emails.add(number, email_key(address))
        phones = reader.values(cells, reader.phones)
        if phones:
            region = reader.region(cells)
            for value in phones:
                bucket = phone_bucket(value, region)
                if bucket:
                    self.phones.add(number, bucket)
        company = reader.value(cells, Field.COMPANY)
        if company and (name := reader.whole_name(cells)):
            self.names.add(number, fold(f"{name} {company}"))  # cheaper than one of each

    def suspects(self) -> dict[int, int]:
        """The numbers, from 0, of the rows that share a key with another; for each the sum of 2 ** rule over these."""
        found: dict[int, int] = {}
        for rule, keys in ((Rule.EMAIL, self.emails), (Rule.PHONE, self.phones), (Rule.NAME, self.names)):
            for owner in keys.shared():
                found[owner] = found.get(owner, 0) | 1 << rule
        return found


def name_key(reader: LeadReader, cells: Cells) -> tuple[str, str] | None:
    """Folded name and company of a row, None where one of them is empty. Casing a name does not change its fold."""
    company = reader.value(cells, Field.COMPANY)
    if not company:
        return None
    key = fold(reader.whole_name(cells)), fold(company)
    return key if all(key) else None


def find_duplicates(
    reader: LeadReader, rows: Iterable[tuple[int, int, Cells]], suspects: Map[int, int]
) -> dict[int, Duplicate]:
    """The duplicates among `rows`, each an item number, its row number and its cells, in file order.

    `suspects` tells by which rules a row may be one; what no other row shares need not be read.
    """
    found: dict[int, Duplicate] = {}
    first: dict[Key, int] = {}
    for item, row, cells in rows:
        keys = list(exact_keys(reader, cells, suspects[item]))
        duplicate = next((Duplicate(first[key], key[0]) for key in keys if key in first), None)
        if duplicate:
            found[item] = duplicate
        else:
            first.update((key, row) for key in keys)
    return found


def exact_keys(reader: LeadReader, cells: Cells, rules: int) -> Iterator[Key]:
    """What a row that reaches somebody may have in common with others by these rules, in the order of the rules."""
    email = reader.email(cells).address
    if email and rules & 1 << Rule.EMAIL:
        yield Rule.EMAIL, email_key(email)
    phone = reader.phone(cells, reader.region(cells)).phone if rules & 1 << Rule.PHONE or not email else None
    if phone and rules & 1 << Rule.PHONE:
        yield Rule.PHONE, phone.e164
    name = name_key(reader, cells) if rules & 1 << Rule.NAME and (email or phone) else None
    if name:
        yield Rule.NAME, name
