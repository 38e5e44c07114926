"""Tell what a column holds from its values."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from processors.leads.countries import find_country
from processors.leads.email_addresses import FREE_DOMAINS, email_domain
from processors.leads.emails import read_emails
from processors.leads.leads import region_of
from processors.leads.phone_numbers import has_phone_region
from processors.leads.phones import read_phone
from processors.leads.websites import read_host
from processors.tables.text import fold, word_set

Rows = Sequence[Sequence[str | None]]

CERTAIN = 0.6
FEW_COUNTRIES = 0.8
PEOPLE_DIFFER = 0.75
"""The share of values that differ where each person has an own one; the address of a colleague stands in many rows."""
HOSTS_DIFFER = 0.3
ONE_DOMAIN_FROM, NAMED_AFTER = 3, 0.3
BARE_CERTAIN, RUNNING_GAP, RUNNING_FROM = 0.9, 20, 3
PHONE_LIKE = re.compile(r"(?:tel:)?[+(]?[\d(][\d\s().\-/]{5,24}(?:\s*(?:x|ext\.?|#)\s*\d{1,6})?", re.IGNORECASE)
NO_PHONE = re.compile(
    r"\d{4}-\d\d-\d\d.*|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{5}-\d{4}|\d+\.\d+|\d{1,3}(?:\.\d{1,3}){3}|(?:19|20)\d\d[-/.]\d+"
)
"""Dates, American ZIP codes, decimal numbers, IP addresses and numbers within a year, which may look like phones."""
SEVERAL = re.compile(r"\s*(?::::|[;,|])\s*")
MIN_PHONE_DIGITS, MAX_PHONE_DIGITS = 7, 16
HAS_SCHEME = re.compile(r"(?:[a-z]+:)?//|www\.", re.IGNORECASE)
SITE_ENDS = word_set("com net org info biz eu io app dev shop online store agency cloud tech uk")
FILE_ENDS = word_set("md py sh rs ps cc so")
"""Countries' endings that files have too."""
SWITCHES = word_set("yes no y n ja nein oui non si true false wahr falsch vrai faux x on off null none")
MAX_CODE_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much speaks for a field in the values of a column.

    Attributes:
        share: How many of the values are such, from 0 to 1.
        differing: How many of these differ from each other, from 0 to 1.
        objection: Why it is none all the same, for people.
    """

    share: float = 0.0
    differing: float = 0.0
    objection: str | None = None

    @property
    def is_enough(self) -> bool:
        """Whether the field may be taken for found."""
        return self.share >= CERTAIN and self.objection is None


def column_values(rows: Rows, column: int) -> list[str]:
    """The values of one column, without the empty ones."""
    return [value for row in rows if column < len(row) and (value := row[column])]


def values_with_regions(
    rows: Rows, column: int, country: int | None, default: str | None
) -> list[tuple[str, str | None]]:
    """The values of one column, each with the region for phone numbers that the row's `country` column or `default` tells."""
    return [
        (value, region_of(row[country] if country is not None and country < len(row) else None, default))
        for row in rows
        if column < len(row) and (value := row[column])
    ]


def share(values: Sequence[str], is_such: Callable[[str], object]) -> float:
    """How many of `values` the predicate `is_such` accepts, from 0 to 1; 0 where there are none."""
    if not values:
        return 0.0
    return sum(1 for value in values if is_such(value)) / len(values)


def is_email(value: str) -> bool:
    """Whether an e-mail address can be read from `value`."""
    return read_emails(value).address is not None


def is_phone(value: str) -> bool:
    """Whether `value` looks like a phone number that says so: with a +, a leading zero, or divided into groups."""
    digits = sum(one.isdigit() for one in value)
    if (
        not PHONE_LIKE.fullmatch(value)
        or not MIN_PHONE_DIGITS <= digits <= MAX_PHONE_DIGITS
        or NO_PHONE.fullmatch(value)
    ):
        return False
    return value[0] in "+0(t" or digits < len(value)


def is_website(value: str) -> bool:
    """Whether `value` is a host or a web address."""
    return "@" not in value and read_host(value) is not None


def is_country(value: str) -> bool:
    """Whether `value` is a known country."""
    return find_country(value) is not None


def is_country_or_code(value: str) -> bool:
    """Whether `value` is a known country or can be a calling code: 49, +44, 0033."""
    digits = value.lstrip("+").removeprefix("00")
    is_code = digits.isdigit() and len(digits) < MAX_CODE_DIGITS and digits[0] != "0"
    return is_country(value) or (is_code and int(digits) in COUNTRY_CODE_TO_REGION_CODE)


def is_worded(value: str) -> bool:
    """Whether `value` is words, and not a number, a date, a code, an address or a mere yes and no."""
    letters = sum(one.isalpha() for one in value)
    digits = sum(one.isdigit() for one in value)
    return (
        letters > 0
        and 2 * letters >= digits
        and "://" not in value
        and "@" not in value
        and fold(value) not in SWITCHES
    )


def has_letters(value: str) -> bool:
    """Whether there is a letter in `value`."""
    return any(one.isalpha() for one in value)


def find_emails(values: Sequence[str]) -> Evidence:
    """How much speaks for e-mail addresses of the people themselves."""
    found = [address.casefold() for value in values if (address := read_emails(value).address)]
    return judged(len(found) / len(values) if values else 0.0, found, PEOPLE_DIFFER, "e-mail addresses")


def find_phones(values: Sequence[tuple[str, str | None]], *, is_bare: bool = False) -> Evidence:
    """How much speaks for phone numbers of the people themselves, each valid where it is used.

    Args:
        values: Each with its region, which is None where that is unknown.
        is_bare: Digits alone count, too, if nearly all are valid and they do not run on as those of orders do.
    """
    told = [read_spoken(value, region) for value, region in values]
    found = [one for one in told if one]
    if not is_bare or len(found) >= CERTAIN * len(values):
        part = len(found) / len(values) if values else 0.0
        if part < CERTAIN and share([value for value, _ in values], is_phone) >= CERTAIN:
            return Evidence(part, objection=f"looks like phone numbers, but only {part:.0%} are valid ones")
        if all(value.isdigit() for value, _ in values) and is_running(found):
            return Evidence(part, objection="holds numbers that run on as those of orders do")
        return judged(part, found, PEOPLE_DIFFER, "phone numbers")
    found = [
        phone.e164 for value, region in values if not NO_PHONE.fullmatch(value) and (phone := read_phone(value, region))
    ]
    part = len(found) / len(values)
    if part < BARE_CERTAIN or is_running(found):
        return Evidence()
    return judged(part, found, PEOPLE_DIFFER, "phone numbers")


def read_spoken(value: str, region: str | None) -> str | None:
    """The number of a value that is written as a phone number, not merely of digits; None where it is none or not valid."""
    first = SEVERAL.split(value, maxsplit=1)[0]
    if not is_phone(first):
        return None
    known = region if region and has_phone_region(region) else None
    if first[0] not in "+t" and not first.startswith("00"):
        if known is None:
            return None
        trunk = trunk_prefix(known)
        if trunk and not first.lstrip("( ").startswith(trunk):
            return None
        if not trunk and first.isdigit():
            return None
    phone = read_phone(first, known)
    return phone.e164 if phone else None


@lru_cache(maxsize=512)
def trunk_prefix(region: str) -> str | None:
    """What is dialled, and written, before a number inside the country; None for North America's 1, which is left out."""
    meta = PhoneMetadata.metadata_for_region(region, None)
    prefix = meta.national_prefix if meta else None
    return prefix if prefix and prefix != "1" else None


def is_running(numbers: Sequence[str]) -> bool:
    """Whether numbers run on, as those of customers and orders do: most of their neighbours are close."""
    ordered = sorted({int(one.lstrip("+")) for one in numbers})
    gaps = [after - one for one, after in pairwise(ordered)]
    return len(ordered) >= RUNNING_FROM and median(gaps) <= RUNNING_GAP


def find_websites(values: Sequence[str]) -> Evidence:
    """How much speaks for websites: hosts with a usual ending, or whole addresses, not all of one host."""
    hosts = [host for value in values if "@" not in value and (host := read_host(value)) and is_site(value, host)]
    return judged(len(hosts) / len(values) if values else 0.0, hosts, HOSTS_DIFFER, "web addresses")


def is_site(value: str, host: str) -> bool:
    """Whether `host` is written as a website: with its scheme or www., or with an ending that is no file's or name's."""
    end = host.rpartition(".")[2]
    return bool(HAS_SCHEME.match(value)) or (
        end in SITE_ENDS or (len(end) == 2 and end not in FILE_ENDS and find_country(end) is not None)
    )


def judged(part: float, found: Sequence[str], least: float, what: str) -> Evidence:
    """The evidence of `part` of the values, of which `found` are left, with an objection where too few differ."""
    if not found:
        return Evidence(part)
    different = len(set(found))
    differing = different / len(found)
    if part >= CERTAIN and differing < least and len(found) > 1:
        return Evidence(part, differing, f"holds {what} that repeat: {different} different ones in {len(found)} rows")
    return Evidence(part, differing)


def is_of_colleagues(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether addresses are all at one domain of its own, and not named after the people of their rows.

    Args:
        pairs: An address, and the name and company of its row.
    """
    known = [(address, name) for value, name in pairs if name and (address := read_emails(value).address)]
    domains = {email_domain(address) for address, _ in known}
    if len(known) < ONE_DOMAIN_FROM or len(domains) > 1 or domains <= FREE_DOMAINS:
        return False
    named = sum(1 for address, name in known if is_named_after(address, name))
    return named < NAMED_AFTER * len(known)


def is_named_after(address: str, name: str) -> bool:
    """Whether a word of `name` stands in `address`."""
    letters = fold(address)
    return any(word in letters for word in fold(name).split() if len(word) > 2)


def is_of_first_names(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether hosts begin with the first names of their rows, as login names do: ole.li for Ole Lind.

    Args:
        pairs: A host, and the names of its row.
    """
    first = sum(1 for value, name in pairs if name and fold(value).split()[:1] == fold(name).split()[:1])
    return first >= CERTAIN * len(pairs)
