"""Rows to leads."""

from string import ascii_letters, digits

from hypothesis import given
from hypothesis import strategies as st

from processors.leads.fields import Field
from processors.leads.leads import LeadReader
from processors.leads.mapping import Column, Mapping

COLUMNS = (
    Column(0, "Name", Field.NAME, "heading"),
    Column(1, "E-mail", Field.EMAIL, "heading"),
    Column(2, "E-mail 2", Field.EMAIL, "heading", 1),
    Column(3, "Phone", Field.PHONE, "heading"),
    Column(4, "Mobile", Field.PHONE, "heading", 1),
    Column(5, "Website", Field.WEBSITE, "heading"),
    Column(6, "Country", Field.COUNTRY, "heading"),
    Column(7, "Country code", Field.COUNTRY, "heading", 1),
)
READER = LeadReader(Mapping(1, COLUMNS), "DE")


def test_a_field_is_read_from_the_first_column_that_is_usable() -> None:
    lead = READER.read([None, "unknown", "olga@acme.de", "12", "0160 1112223", None, "Atlantis", "49"])
    assert (lead.email, lead.phone, lead.country, lead.country_code) == ("olga@acme.de", "+491601112223", "49", "DE")
    assert lead.set_aside == {"email": "unknown", "phone": "12", "country": "Atlantis"}
    assert lead.extra == {"E-mail 2": "olga@acme.de", "Mobile": "0160 1112223", "Country code": "49"}


def test_the_name_beside_an_address_is_that_of_a_lead_without_one() -> None:
    lead = READER.read([None, "Olga Brandt <olga@acme.de>"])
    assert (lead.name, lead.first_name, lead.last_name, lead.set_aside) == ("Olga Brandt", "Olga", "Brandt", {})


def test_another_name_beside_an_address_is_set_aside() -> None:
    lead = READER.read(["Piet Smit", "Olga Brandt <olga@acme.de>"])
    assert (lead.name, lead.set_aside) == ("Piet Smit", {"email": "Olga Brandt"})


def test_a_profile_is_set_aside_under_its_own_name() -> None:
    lead = READER.read([None, "olga@acme.de", None, None, None, "https://www.linkedin.com/in/olga"])
    assert (lead.website, lead.set_aside) == (None, {"profile": "https://www.linkedin.com/in/olga"})


CELL = st.none() | st.text(f"{ascii_letters}{digits} @.,;:/()<>+-", max_size=30)


@given(st.lists(CELL, min_size=5, max_size=5))
def test_no_letter_or_digit_of_a_row_is_lost(row: list[str | None]) -> None:
    cells = [" ".join(cell.split()) or None if cell else None for cell in row]
    lead = READER.read(cells)
    kept = (lead.name, lead.email, lead.phone, lead.phone_extension, *lead.extra.values(), *lead.set_aside.values())
    lost = set("".join(filter(None, cells)).casefold()) - set("".join(filter(None, kept)).casefold())
    only_dividing_or_naming = set("oueypx") | {"0"}
    assert not {one for one in lost if one.isalnum()} - only_dividing_or_naming
