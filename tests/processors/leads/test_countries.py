"""Countries by code and name."""

import phonenumbers
import pytest

from processors.leads.countries import CODES, TABLE, country_key, find_country
from processors.leads.phone_numbers import country_of_calling_code


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("DE", "DE"), ("deu", "DE"), ("Germany", "DE"), ("DEUTSCHLAND", "DE"), ("Allemagne", "DE"), ("UK", "GB"),
        ("U.S.A.", "US"), ("Côte d'Ivoire", "CI"), ("cote divoire", "CI"), ("Österreich", "AT"), ("België", "BE"),
        ("日本", "JP"), ("Россия", "RU"), ("Türkiye", "TR"), ("The Netherlands", "NL"), ("Großbritannien", "GB"),
        ("Bosnia-Herzegovina", None), ("Nowhere", None), ("", None),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_name(value: str, code: str | None) -> None:
    assert find_country(value) == code


def test_no_name_stands_for_two_countries() -> None:
    for line in TABLE.strip().splitlines():
        alpha2, alpha3, names = line.split(" ", 2)
        assert {CODES[country_key(name)] for name in (alpha2, alpha3, *names.split("|"))} == {alpha2}


def test_every_region_with_phone_numbers_is_a_known_country() -> None:
    assert phonenumbers.SUPPORTED_REGIONS - set(CODES.values()) == {"AC", "TA"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Deutschland (DE)", "DE"),
        ("DE - Germany", "DE"),
        ("Lyon, France", "FR"),
        ("US-CA", "US"),
        ("Korea, Republic of", "KR"),
        ("🇨🇭 Schweiz", "CH"),
        ("France / Germany", None),
        ("Nowhere (XX)", None),
    ],
)
def test_two_names_of_one_country_may_stand_together(text: str, code: str | None) -> None:
    assert find_country(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("49", "DE"),
        ("+33", "FR"),
        ("0044", "GB"),
        ("(+41)", "CH"),
        ("49.0", "DE"),
        ("1", "US"),
        ("999", None),
        ("4", None),
    ],
)
def test_a_calling_code_leads_to_its_main_country(text: str, code: str | None) -> None:
    assert country_of_calling_code(text) == code
