"""Countries by code and name."""

import phonenumbers
import pytest

from processors.leads.countries import CODES, TABLE, country_key, find_country


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
