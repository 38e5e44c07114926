"""Phone numbers to E.164 (ITU-T E.164: + and at most 15 digits), one at a time."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, NumberParseException, PhoneNumber

from processors.leads.plain_phones import NO_SIGNS, read_plain

MIN_BARE_DIGITS, MAX_BARE_DIGITS = 11, 15
CALLING_CODE = re.compile(r"\(?(?:\+|00)?[ ]?([1-9]\d{0,2})\)?(?:\.0)?")
NOWHERE = "001"
"""What libphonenumber calls codes of services in all countries."""
EDGES = " \t\n-./,;:'"


@dataclass(frozen=True, slots=True)
class Phone:
    """A valid number: `e164` is + and the digits; `extension` holds digits only, None where there is none."""

    e164: str
    extension: str | None = None


def parse_number(text: str, region: str | None) -> Phone | None:
    """One number, dialled inside `region` or international, also where it lost its + or wears 00 instead.

    `text` has digits and the signs between them, no letters. None where it is no valid number.
    """
    plain = read_plain(text, region)
    if plain:
        return Phone(plain)
    text = text.strip(EDGES).replace("[", "(").replace("]", ")")
    if text.startswith("+"):
        text = "+" + text.lstrip("+ ")
        if text.startswith("+0"):
            return parse_number(text[1:], region)
    return parse_own_code(text, region) or parse_any(text, region) or parse_lost_plus(text) or parse_without_zero(text)


def parse_own_code(text: str, region: str | None) -> Phone | None:
    """`text` as an international number without its +, where it begins with the country code of `region`.

    Only in countries with a trunk prefix: a number that is dialled inside them begins with that, or lost it with the +.
    """
    code, trunk = dialling_codes(region) if region else ("", "")
    digits = text.translate(NO_SIGNS)
    if not code or not trunk or trunk == code or not digits.startswith(code) or text.startswith("+"):
        return None
    return parse_any("+" + digits, None)


def parse_lost_plus(text: str) -> Phone | None:
    """`text` with a +, where it can be an international number without one: 00 44 …, or 11 to 15 bare digits."""
    digits = text.translate(NO_SIGNS)
    if digits.startswith("00"):
        return parse_any("+" + digits[2:], None)
    if text.isdigit() and MIN_BARE_DIGITS <= len(text) <= MAX_BARE_DIGITS and text[0] != "0":
        return parse_any("+" + text, None)
    return None


def parse_without_zero(text: str) -> Phone | None:
    """An international number with a (0) that its country does not know."""
    return parse_any(text.replace("(0)", ""), None) if text.startswith("+") and "(0)" in text else None


def parse_any(text: str, region: str | None) -> Phone | None:
    """`text` by the rules of libphonenumber, or None where it is no valid number."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return Phone(e164(number), number.extension) if phonenumbers.is_valid_number(number) else None


def e164(number: PhoneNumber) -> str:
    """The digits of a valid `number`, as `format_number` would write them."""
    zeros = "0" * (number.number_of_leading_zeros or 1) if number.italian_leading_zero else ""
    return f"+{number.country_code}{zeros}{number.national_number}"


@lru_cache(maxsize=512)
def dialling_codes(region: str) -> tuple[str, str]:
    """The country code and the trunk prefix of a country, each empty where there is none."""
    code = phonenumbers.country_code_for_region(region)
    return str(code) if code else "", phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""


@lru_cache(maxsize=512)
def has_phone_region(region: str) -> bool:
    """Whether numbering rules are known for this country code of two letters."""
    return region in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=512)
def country_of_calling_code(text: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) that a calling code leads to: 49, +49 and 0049 to Germany, 1 to the United States.

    Of several countries with the same code it is the one that has most of the numbers; None where there is no such code.
    """
    match = CALLING_CODE.fullmatch(text)
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(match[1]), ()) if match else ()
    return regions[0] if regions and regions[0] != NOWHERE else None
