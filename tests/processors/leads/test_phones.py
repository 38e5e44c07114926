"""Phone numbers: E.164, plain ones, keys of equal ones."""

from collections import Counter

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.phone_numbers import Phone, parse_any, parse_own_code
from processors.leads.phones import FoundPhone, phone_bucket, read_phone, read_phones
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
        ("442079460123.0", "GB", "+442079460123"),
        ("'+442079460123", None, "+442079460123"),
        ("[+44] 20-7946-0123", None, "+442079460123"),
        ("+0044 20 7946 0123", None, "+442079460123"),
        ("020–7946–0123", "GB", "+442079460123"),
        ("+34 (0)91 234 56 78", None, "+34912345678"),
        ("+39 (0)6 555 0123", None, "+39065550123"),
        ("01.40.11.08.82", "FR", "+33140110882"),
        ("32.12.34.56", "DK", "+4532123456"),
        ("https://wa.me/442079460123", None, "+442079460123"),
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
        ("4.4207946012E+11", "GB"),
        ("2,0794601E9", "GB"),
        ("1-800-FLOWERS", "US"),
        ("0800 CALLME", "DE"),
        ("0800-1234567ANRUF", "DE"),
        ("call 1 800 GO FEDEX", "US"),
        ("192.168.100.200", "DE"),
        ("2024-03-04", "DE"),
        ("2024-03-04 12:30", "DE"),
        ("31.12.2023", "DE"),
        ("9-17 Uhr", "DE"),
        ("08:00-18:30", "DE"),
        ("DE89 3704 0044 0532 0130 00", "DE"),
        ("AB-30123456", "DE"),
        ("30123456_2", "DE"),
        ("anna30123456@example.com", "DE"),
        ("https://example.com/30123456", "DE"),
        ("1" * 300, "US"),
    ],
)
def test_what_is_no_valid_number_gives_none(cell: str, region: str | None) -> None:
    assert read_phone(cell, region) is None


@pytest.mark.parametrize(
    "cell",
    [
        "+1 212 555 0123 ext. 45", "+1 (212) 555-0123x45", "+1 212-555-0123 #45", "+1 212 555 0123, App. 45",
        "+1 212 555 0123 (Durchwahl 45)", "+1 212 555 0123 DW: 45", "tel:+1-212-555-0123;ext=45",
        "+1 212 555 0123 poste 45", "+1 212 555 0123 Ext 45",
    ],
)  # fmt: skip
def test_an_extension_stays_out_of_e164(cell: str) -> None:
    assert read_phones(cell, None) == FoundPhone(Phone("+12125550123", "45"))


@pytest.mark.parametrize(
    ("cell", "region", "e164"),
    [
        ("493023125012", "DE", "+493023125012"),
        ("49 30 23125012", "DE", "+493023125012"),
        ("49 (0)30 23125012", "DE", "+493023125012"),
        ("0049 (0)30 23125012", "DE", "+493023125012"),
        ("(+49) 030 23125012", "DE", "+493023125012"),
        ("436641234567", "AT", "+436641234567"),
        ("33 6 12 34 56 78", "FR", "+33612345678"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("79161234567", "RU", "+79161234567"),
        ("1 212 555 0123", "US", "+12125550123"),
        ("39 333 1234567", "IT", "+393331234567"),
        ("3331234567", "IT", "+393331234567"),
        ("0491 123456", "DE", "+49491123456"),
        ("9123456789", "IN", "+919123456789"),
        ("612345678", "FR", "+33612345678"),
        ("331234567", "FR", "+33331234567"),
    ],
)
def test_a_number_gets_its_country_code_once(cell: str, region: str, e164: str) -> None:
    assert read_phone(cell, region) == Phone(e164)


@pytest.mark.parametrize(
    ("cell", "region", "e164", "rest"),
    [
        ("+49 160 1112223\n030 23125012", "DE", "+491601112223", "030 23125012"),
        ("030 23125012 ::: 0160 1112223", "DE", "+493023125012", "0160 1112223"),
        ("0160 1112223 & 030 23125012", "DE", "+491601112223", "030 23125012"),
        ("030/23125012", "DE", "+493023125012", None),
        ("0160/111 22 23", "DE", "+491601112223", None),
        ("030 / 231 250 12", "DE", "+493023125012", None),
        ("030/23125012/0160/1112223", "DE", "+493023125012", "0160/1112223"),
        ("030/23125012 / 0160/1112223", "DE", "+493023125012", "0160/1112223"),
        ("+49 30 123456 / +49 160 1112223", "US", "+4930123456", "+49 160 1112223"),
        ("+49 30 123456+49 160 1112223", None, "+4930123456", "+49 160 1112223"),
        ("030 23125012 + 0160 1112223", "DE", "+493023125012", "0160 1112223"),
        ("030 23125012 0160 1112223", "DE", "+493023125012", "0160 1112223"),
        ("(212) 555-0123 (212) 555-0124", "US", "+12125550123", "(212) 555-0124"),
        ("079 123 45 67 ou 022 345 67 89", "CH", "+41791234567", "022 345 67 89"),
        ("0160 1112223, privat oder 030 23125012", "DE", "+491601112223", "privat oder 030 23125012"),
        ("030 23125012 / 23125013", "DE", "+493023125012", "23125013"),
        ("1234 / 030 23125012", "DE", "+493023125012", "1234"),
        ("020 7946 0123 (home)", "GB", "+442079460123", "home"),
        ("Zentrale: 030 23125012", "DE", "+493023125012", "Zentrale"),
        ("Tel.: 030 23125012", "DE", "+493023125012", None),
        ("030 23125012 nicht vor 9 Uhr", "DE", "+493023125012", "nicht vor 9 Uhr"),
        ("030 23125012 8-16 Uhr", "DE", "+493023125012", "8-16 Uhr"),
        ("030 23125012 9:00-17:30", "DE", "+493023125012", "9:00-17:30"),
        ("seit 01.02.2024: 030 23125012", "DE", "+493023125012", "seit 01.02.2024"),
        ("030 23125012 (2)", "DE", "+493023125012", "2"),
        ("0160 1112223m", "DE", "+491601112223", "m"),
        ("Fax 030 23125013, Tel. 030 23125012", "DE", "+493023125012", "Fax 030 23125013"),
        ("030 23125012 Fax", "DE", "+493023125012", "Fax"),
        ("none yet", "DE", None, "none yet"),
        ("12345\n678", "DE", None, "12345\n678"),
    ],
)
def test_the_first_number_of_a_cell_is_read_and_the_rest_is_kept(
    cell: str, region: str, e164: str | None, rest: str | None
) -> None:
    found = read_phones(cell, region)
    assert (found.phone.e164 if found.phone else None, found.rest) == (e164, rest)


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


def parse_slowly(text: str, region: str | None) -> Phone | None:
    """What the short cut is measured by."""
    return parse_own_code(text, region) or parse_any(text, region)


@pytest.mark.parametrize("region", REGIONS)
def test_the_short_cut_gives_what_the_library_gives_and_equal_numbers_share_a_bucket(region: str) -> None:
    for number in examples(region):
        buckets: dict[str, set[str | None]] = {}
        for text in spellings(number):
            phone = read_phone(text, region)
            plain = read_plain(text, region)
            assert plain is None or parse_slowly(text, region) == Phone(plain)
            if phone:
                buckets.setdefault(phone.e164, set()).add(phone_bucket(text, region))
        assert all(len(found) == 1 and None not in found for found in buckets.values()), buckets


@given(st.from_regex(r"\+?[0-9 ().-]{3,18}", fullmatch=True), st.sampled_from([None, *REGIONS]))
def test_the_short_cut_never_disagrees_with_the_library(text: str, region: str | None) -> None:
    plain = read_plain(text, region)
    assert plain is None or parse_slowly(text, region) == Phone(plain)


@given(
    st.sampled_from(REGIONS), st.from_regex(r"[0-9]{4,12}", fullmatch=True), st.sampled_from(["", "0", "1", "8", "00"])
)
def test_any_valid_number_has_the_bucket_of_its_e164_form(region: str, national: str, prefix: str) -> None:
    phone = read_phone(prefix + national, region)
    if phone:
        assert phone_bucket(prefix + national, region) == phone_bucket(phone.e164, None)


WORDS = st.sampled_from(
    [
        "",
        " ",
        "\n",
        " / ",
        "/",
        ", ",
        "; ",
        " & ",
        " oder ",
        " ab 9 Uhr ",
        " Mo-Fr 9-17 ",
        " (home) ",
        " ext 7 ",
        "x",
        "-",
        "#",
    ]
)
NUMBERS = st.sampled_from(
    ["030 23125012", "+44 20 7946 0123", "0160/1112223", "493023125012", "12345", "2024-03-04", "10.0.0.255", "0", ""]
)


@given(st.lists(st.tuples(WORDS, NUMBERS), max_size=4), st.sampled_from([None, "DE", "GB", "US"]))
def test_a_number_has_the_digits_of_its_cell_and_the_rest_is_kept(
    parts: list[tuple[str, str]], region: str | None
) -> None:
    cell = "".join(word + number for word, number in parts)
    found = read_phones(cell, region)
    if found.phone is None:
        assert found.rest == cell or not cell
        return
    given_digits = "".join(filter(str.isdigit, cell))
    code = str(phonenumbers.parse(found.phone.e164).country_code)
    assert found.phone.e164.removeprefix(f"+{code}") in given_digits
    kept = Counter(f"{found.phone.e164}{found.phone.extension or ''}{found.rest or ''}")
    lost = Counter(filter(str.isdigit, cell)) - kept
    assert set(lost) <= {"0", *code}
    assert set(filter(str.isalpha, cell)) - set(kept) <= set("oder ext")


@given(st.lists(st.tuples(WORDS, NUMBERS), max_size=4), st.sampled_from([None, "DE", "GB", "US"]))
def test_a_cell_has_the_bucket_of_its_number(parts: list[tuple[str, str]], region: str | None) -> None:
    cell = "".join(word + number for word, number in parts)
    phone = read_phone(cell, region)
    if phone:
        assert phone_bucket(cell, region) == phone_bucket(phone.e164, None)


@pytest.mark.parametrize("cell", ["2024-001234", "2024/001234", "1999-00042", "Nr. 2024-001234", "Ticket 2023-000007"])
def test_a_file_number_of_a_year_is_no_phone_number(cell: str) -> None:
    assert read_phones(cell, "DE") == (None, cell)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("2024-123456", "+492024123456"),
        ("+49 2024-001234", "+492024001234"),
        ("030 2024-00123", "+4930202400123"),
        ("2024-001234, 030 23125001", "+493023125001"),
    ],
)
def test_a_number_that_merely_holds_a_year_is_one(cell: str, number: str) -> None:
    phone = read_phones(cell, "DE").phone
    assert phone is not None
    assert phone.e164 == number
