"""Phone numbers to E.164 (ITU-T E.164: + and at most 15 digits), and a cheap key for finding equal ones."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber

from processors.leads.plain_phones import NO_SIGNS, read_plain

SEVERAL = re.compile(r"\s*(?:[/;|,]|\bor\b|\boder\b|\bou\b|\bo\b|\bund\b|\band\b)\s*")
MAX_CELL = 250
MIN_BARE_DIGITS, MAX_BARE_DIGITS = 11, 15
MIN_PLAIN_DIGITS = 10
BUCKET_DIGITS = 6
OTHER_EXITS = ("011", "0011", "810", "119")
"""Prefixes for dialling abroad that do not begin with the usual 00."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number: `e164` is + and the digits; `extension` holds digits only, None where there is none."""

    e164: str
    extension: str | None = None


def read_phone(cell: str, region: str | None) -> Phone | None:
    """The first valid number of a cell, or None.

    Args:
        cell: What stands there; several numbers may be divided by `/ ; , |`.
        region: ISO 3166-1 alpha-2; without it only international numbers can be valid.
    """
    if len(cell) > MAX_CELL:
        return None
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell)
    found = one_phone(cell, region)
    if found is None:
        parts = SEVERAL.split(cell)
        if len(parts) > 1:
            found = next((phone for part in parts if (phone := one_phone(part, region))), None)
    return found


def one_phone(text: str, region: str | None) -> Phone | None:
    """`text` as a number of `region`, else as an international one that lost its + or wears 00 instead."""
    found = parse_phone(text, region)
    if found is None:
        international = with_plus(text)
        found = parse_phone(international, None) if international else None
    return found


def with_plus(text: str) -> str | None:
    """`text` with a +, where it can be an international number without one: 00 44 …, or 11 to 15 bare digits."""
    text = text.strip()
    if text.startswith("00"):
        return "+" + text[2:]
    if text.isdigit() and text.isascii() and MIN_BARE_DIGITS <= len(text) <= MAX_BARE_DIGITS and text[0] != "0":
        return "+" + text
    return None


def parse_phone(text: str, region: str | None) -> Phone | None:
    """`text` by the rules of libphonenumber, or None where it is no valid number."""
    plain = read_plain(text, region)
    if plain:
        return Phone(plain)
    return parse_any(text, region)


def parse_any(text: str, region: str | None) -> Phone | None:
    """The same by the library itself, without the short cut."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return Phone(e164(number), number.extension)


def e164(number: PhoneNumber) -> str:
    """The digits of a valid `number`, as `format_number` would write them."""
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return f"+{number.country_code}{zeros}{number.national_number}"


def phone_bucket(cell: str, region: str | None) -> str | None:
    """A key that equal numbers share, however they are written; different numbers may share it too.

    It is the last six digits. They are read off the cell where it is written plainly and long enough that no trunk
    prefix can be among them; otherwise the number is parsed. None where there is no number.
    """
    digits = cell.translate(NO_SIGNS)
    if not (digits.isascii() and digits.isdigit()):
        digits = ""
    significant = digits.removeprefix("00")
    if len(significant) < MIN_PLAIN_DIGITS or len(digits) > MAX_BARE_DIGITS + 2 or digits.startswith(OTHER_EXITS):
        phone = read_phone(cell, region)
        return phone.e164[-BUCKET_DIGITS:] if phone else None
    return digits[-BUCKET_DIGITS:]


@lru_cache(maxsize=512)
def has_phone_region(region: str) -> bool:
    """Whether numbering rules are known for this country code of two letters."""
    return region in phonenumbers.SUPPORTED_REGIONS
