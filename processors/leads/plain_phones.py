"""A short cut for phone numbers that are written plainly: it gives what libphonenumber gives, or nothing.

Parsing and validating with the library takes 20 to 60 µs a number. Most numbers of a table need only its patterns for
fixed lines and mobiles; whatever is not clear at once (trunk prefixes that do not fit, exit codes, small territories
that share a country code) is left to the library.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

PLAIN_NUMBER = re.compile(r"\+?[0-9 ().\-]+")
NO_SIGNS = str.maketrans("", "", "+ ().-")
MAX_CODE_DIGITS = 3
MAX_PLAIN = 40


@dataclass(frozen=True, slots=True)
class NumberingPlan:
    """The patterns of one country: what to dial before a number, and the numbers themselves by their lengths.

    `trunk` is what is dialled before a number inside the country, empty where nothing is; `prefix` finds it.
    `kinds` are the general pattern, then those for fixed lines and for mobiles, each with its possible lengths.
    """

    code: str
    trunk: str
    exit: re.Pattern[str] | None
    prefix: re.Pattern[str] | None
    kinds: tuple[tuple[frozenset[int], re.Pattern[str]], ...]

    def is_valid(self, national: str) -> bool:
        """Whether `national` is a fixed line or mobile number; False says nothing."""
        (lengths, general), *kinds = self.kinds
        length = len(national)
        if length not in lengths or general.fullmatch(national) is None:
            return False
        return any((not lengths or length in lengths) and pattern.fullmatch(national) for lengths, pattern in kinds)


@lru_cache(maxsize=512)
def plan_of_code(code: int) -> NumberingPlan | None:
    """The plan of the main country of a country code, None where it has peculiarities or does not exist."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(code)
    meta = PhoneMetadata.metadata_for_region(regions[0], None) if regions and regions[0] != "001" else None
    if meta is None or meta.leading_digits or meta.national_prefix_transform_rule:
        return None
    prefix = re.compile(meta.national_prefix_for_parsing) if meta.national_prefix_for_parsing else None
    if prefix is not None and prefix.groups:
        return None
    kinds = tuple(
        (frozenset(one.possible_length), re.compile(one.national_number_pattern))
        for one in (meta.general_desc, meta.fixed_line, meta.mobile)
        if one is not None and one.national_number_pattern
    )
    leave = re.compile(meta.international_prefix) if meta.international_prefix else None
    return NumberingPlan(str(code), meta.national_prefix or "", leave, prefix, kinds)


@lru_cache(maxsize=512)
def plan_of_region(region: str) -> NumberingPlan | None:
    """The plan of a country by its ISO 3166-1 alpha-2 code, None where another one shares its code and leads it."""
    meta = PhoneMetadata.metadata_for_region(region, None)
    if meta is None or meta.country_code is None or COUNTRY_CODE_TO_REGION_CODE[meta.country_code][0] != region:
        return None
    return plan_of_code(meta.country_code)


def read_plain(text: str, region: str | None) -> str | None:
    """The E.164 form of a plainly written, valid number; None where the library must be asked."""
    if len(text) > MAX_PLAIN or PLAIN_NUMBER.fullmatch(text) is None:
        return None
    return read_digits(text.translate(NO_SIGNS), region, has_plus=text[0] == "+")


def read_digits(digits: str, region: str | None, *, has_plus: bool) -> str | None:
    """The same from the digits alone; `has_plus` says that they begin with a country code."""
    if has_plus:
        return read_international(digits)
    plan = plan_of_region(region) if region else None
    return read_national(digits, plan) if plan else None


def read_international(digits: str) -> str | None:
    """`+` and `digits`, where they are a country code and a valid number of it without a trunk prefix."""
    for length in range(1, MAX_CODE_DIGITS + 1):
        code = digits[:length]
        plan = plan_of_code(int(code)) if code and code[0] != "0" else None
        if plan:
            national = digits[length:]
            has_prefix = plan.prefix is not None and plan.prefix.match(national)
            return "+" + digits if not has_prefix and plan.is_valid(national) else None
    return None


def read_national(digits: str, plan: NumberingPlan) -> str | None:
    """The international form of a number as it is dialled inside its country, with or without the trunk prefix.

    Digits that begin with the country's own code are an international number that lost its +.
    """
    if plan.exit is not None and plan.exit.match(digits):
        return None
    if digits.startswith(plan.code):
        has_own_code = plan.trunk and plan.trunk != plan.code
        return read_international(digits) if has_own_code else None
    trunk = plan.prefix.match(digits) if plan.prefix is not None else None
    national = digits[trunk.end() :] if trunk else digits
    return f"+{plan.code}{national}" if plan.is_valid(national) else None
