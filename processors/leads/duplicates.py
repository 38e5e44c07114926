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


class KeyCollector:
    """Collects cheap keys per rule, 16 bytes each, and tells which rows share one."""

    def __init__(self, reader: LeadReader) -> None:
        self.reader = reader
        self.owners = {rule: array("L") for rule in Rule}
        self.keys = {rule: array("q") for rule in Rule}
        self.count = 0

    def add(self, cells: Cells) -> None:
        """The next row."""
        for rule, key in cheap_keys(self.reader, cells):
            self.owners[rule].append(self.count)
            self.keys[rule].append(hash(key))
        self.count += 1

    def suspects(self) -> dict[int, int]:
        """The numbers, from 0, of the rows that share a key with another; for each the sum of 2 ** rule over these."""
        found: dict[int, int] = {}
        for rule in Rule:
            keys = self.keys.pop(rule)
            ordered = sorted(keys)
            shared = {one for one, after in pairwise(ordered) if one == after}
            for owner, key in zip(self.owners.pop(rule), keys, strict=True):
                if key in shared:
                    found[owner] = found.get(owner, 0) | 1 << rule
        return found


def cheap_keys(reader: LeadReader, cells: Cells) -> Iterator[tuple[Rule, object]]:
    """One key per e-mail cell, phone cell, and name with company, whose fold is cheaper than one of each."""
    for value in reader.values(cells, reader.emails):
        address = plain_email(value) or read_emails(value).address
        if address:
            yield Rule.EMAIL, email_key(address)
    phones = reader.values(cells, reader.phones)
    if phones:
        region = reader.region(cells)
        for value in phones:
            bucket = phone_bucket(value, region)
            if bucket:
                yield Rule.PHONE, bucket
    company = reader.value(cells, Field.COMPANY)
    if company and (name := reader.whole_name(cells)):
        yield Rule.NAME, fold(f"{name} {company}")


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
