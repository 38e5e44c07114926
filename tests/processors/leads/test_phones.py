"""Phone numbers to E.164, the short cut for plain ones, and the cheap key that equal ones share."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.phones import Phone, parse_any, phone_bucket, read_phone
from processors.leads.plain_phones import read_plain

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("cell", "region", "e164"),
    [
        ("+44 20 7946 0123", None, "+442079460123"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("2079460123", "GB", "+442079460123"),
        ("442079460123", "GB", "+442079460123"),
        ("442079460123", None, "+442079460123"),
        ("0044 20 7946 0123", None, "+442079460123"),
        ("0044 20 7946 0123", "US", "+442079460123"),
        ("011 44 20 7946 0123", "US", "+442079460123"),
        ("+44 (0)20 7946 0123", None, "+442079460123"),
        ("tel:+44-20-7946-0123", None, "+442079460123"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("+39 06 555 0123", None, "+39065550123"),
        ("030 23125012 / 0171 0000", "DE", "+493023125012"),
        ("none; 030 23125012", "DE", "+493023125012"),
        ("٠٢٠٧٩٤٦٠١٢٣", "GB", "+442079460123"),
        ("+44 20 7946 0123", "US", "+442079460123"),
    ],
)
def test_numbers_become_e164(cell: str, region: str | None, e164: str) -> None:
    assert read_phone(cell, region) == Phone(e164)


@pytest.mark.parametrize(
    ("cell", "region"),
    [
        ("020 7946 0123", None),
        ("12345", "GB"),
        ("abc", "US"),
        ("+999 1234567", None),
        ("4.4E+11", "GB"),
        ("1" * 300, "US"),
    ],
)
def test_what_is_no_valid_number_gives_none(cell: str, region: str | None) -> None:
    assert read_phone(cell, region) is None


def test_an_extension_stays_out_of_e164() -> None:
    assert read_phone("+1 212 555 0123 ext. 45", None) == Phone("+12125550123", "45")


def examples(region: str) -> list[phonenumbers.PhoneNumber]:
    """The example numbers of a region."""
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    found = (phonenumbers.example_number_for_type(region, kind) for kind in kinds)
    return [number for number in found if number is not None]


def spellings(number: phonenumbers.PhoneNumber) -> list[str]:
    """How people write a number."""
    formats = phonenumbers.PhoneNumberFormat
    written = [
        phonenumbers.format_number(number, one)
        for one in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL, formats.RFC3966)
    ]
    bare = written[0][1:]
    national = phonenumbers.national_significant_number(number)
    prefixed = f"+{number.country_code} (0){national}"
    return [*written, bare, "00" + bare, national, "0" + national, prefixed, written[1] + " ext. 12"]


@pytest.mark.parametrize("region", REGIONS)
def test_the_short_cut_gives_what_the_library_gives_and_equal_numbers_share_a_bucket(region: str) -> None:
    for number in examples(region):
        buckets: dict[str, set[str | None]] = {}
        for text in spellings(number):
            phone = read_phone(text, region)
            plain = read_plain(text, region)
            assert plain is None or parse_any(text, region) == Phone(plain)
            if phone:
                buckets.setdefault(phone.e164, set()).add(phone_bucket(text, region))
        assert all(len(found) == 1 and None not in found for found in buckets.values()), buckets


@given(st.from_regex(r"\+?[0-9 ().-]{3,18}", fullmatch=True), st.sampled_from([None, *REGIONS]))
def test_the_short_cut_never_disagrees_with_the_library(text: str, region: str | None) -> None:
    plain = read_plain(text, region)
    assert plain is None or parse_any(text, region) == Phone(plain)


@given(
    st.sampled_from(REGIONS), st.from_regex(r"[0-9]{4,12}", fullmatch=True), st.sampled_from(["", "0", "1", "8", "00"])
)
def test_any_valid_number_has_the_bucket_of_its_e164_form(region: str, national: str, prefix: str) -> None:
    phone = read_phone(prefix + national, region)
    if phone:
        assert phone_bucket(prefix + national, region) == phone_bucket(phone.e164, None)
