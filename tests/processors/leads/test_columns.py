"""Finding the header row and what each column holds."""

from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from processors.leads.columns import Layout, find_layout
from processors.leads.fields import Field
from processors.leads.mapping import Mapping
from processors.leads.options import LeadsOptions

Rows = list[list[str | None]]


def layout_of(rows: Rows, **options: Any) -> Layout:
    """The layout of a table whose rows follow each other from row 1."""
    return find_layout(rows, range(1, len(rows) + 1), LeadsOptions.model_validate(options))


def fields_of(rows: Rows, **options: Any) -> dict[str, str]:
    """Which column (by heading) is the source of which field."""
    mapping = layout_of(rows, **options).mapping
    return {one.field: one.heading for one in mapping.columns if one.field and not one.place}


PEOPLE: Rows = [
    ["Anna Smith", "anna@example.com", "+44 20 7946 0123", "Acme Ltd"],
    ["Ben Jones", "ben@example.org", "+44 20 7946 0124", "Bolt GmbH"],
    ["Cara Diaz", "cara@example.net", "+44 20 7946 0125", "Coil Inc"],
]


def test_a_header_in_the_first_row_is_found_in_any_order() -> None:
    rows: Rows = [["Firma", "Phone", "E-Mail", "Name"], *[row[::-1] for row in PEOPLE]]
    layout = layout_of(rows)
    assert (layout.header, layout.data) == (0, 1)
    assert [column.field for column in layout.mapping.columns] == [Field.COMPANY, Field.PHONE, Field.EMAIL, Field.NAME]


def test_titles_above_the_header_are_passed_over() -> None:
    titles: Rows = [["Contacts"], ["Company: Acme", None, None, None], ["Export of 3 March", None]]
    layout = layout_of([*titles, ["Name", "E-mail", "Phone", "Company"], *PEOPLE])
    assert (layout.header, layout.data, layout.mapping.header_row) == (3, 4, 4)


def test_a_table_without_header_is_told_by_its_contents() -> None:
    layout = layout_of(PEOPLE)
    assert (layout.header, layout.data) == (None, 0)
    found = {column.field: column.index for column in layout.mapping.columns}
    assert found == {Field.NAME: 0, Field.EMAIL: 1, Field.PHONE: 2, Field.COMPANY: 3}
    assert layout.mapping.columns[0].heading == "Column A"


def test_titles_above_a_table_without_header_are_passed_over() -> None:
    assert layout_of([["My contacts", None, None, None], *PEOPLE]).data == 1


def test_first_and_last_names_countries_and_sites_are_told_by_contents() -> None:
    rows: Rows = [
        ["Anna", "Smith", "Germany", "https://acme.example.com", "anna@acme.example.com", "Acme", "2024-01-05"],
        ["Ben", "Jones", "France", "bolt.example.org", "ben@bolt.example.org", "Bolt", "2024-01-06"],
        ["Cara", "Diaz", "Italy", "www.coil.example.net", "cara@coil.example.net", "Coil", "2024-01-07"],
    ]
    found = {column.field: column.index for column in layout_of(rows).mapping.columns if column.field}
    assert found == {
        Field.FIRST_NAME: 0,
        Field.LAST_NAME: 1,
        Field.COUNTRY: 2,
        Field.WEBSITE: 3,
        Field.EMAIL: 4,
        Field.COMPANY: 5,
    }


def test_unknown_headings_are_a_header_when_the_contents_below_are_known() -> None:
    rows: Rows = [["Osoite", "Sähkö", "Puhelin", "Yritys"], *PEOPLE]
    layout = layout_of(rows)
    assert layout.header == 0
    assert fields_of(rows)["email"] == "Sähkö"
    assert fields_of(rows)["phone"] == "Puhelin"


def test_the_first_person_without_email_is_not_taken_for_a_header() -> None:
    rows: Rows = [["Dora Lind", None, None, "Dent AB"], *PEOPLE]
    layout = layout_of(rows)
    assert (layout.header, layout.data) == (None, 0)


def test_a_single_column_of_addresses_is_a_table() -> None:
    assert layout_of([["anna@example.com"]]).mapping.sources(Field.EMAIL) == (0,)
    layout = layout_of([["E-mail"], ["anna@example.com"]])
    assert (layout.header, layout.data) == (0, 1)


def test_beside_a_first_name_the_column_name_is_the_last_name() -> None:
    assert fields_of([["Vorname", "Name", "E-Mail"], ["a", "b", "a@example.com"]]) == {
        "firstName": "Vorname",
        "lastName": "Name",
        "email": "E-Mail",
    }
    assert fields_of([["Nome", "Cognome", "Email"], ["a", "b", "a@example.com"]])["firstName"] == "Nome"
    assert fields_of([["Name", "First name", "Last name", "Email"], ["a b", "a", "b", "a@x.com"]])["name"] == "Name"


def test_second_columns_for_email_and_phone_help_out_and_stay_extra_columns() -> None:
    rows: Rows = [["E-mail", "Work e-mail", "Phone", "Mobile"], ["a@x.com", "b@x.com", "1", "2"]]
    mapping = layout_of(rows).mapping
    assert mapping.sources(Field.EMAIL) == (0, 1)
    assert mapping.sources(Field.PHONE) == (2, 3)
    assert [column.heading for column in mapping.extras()] == ["Work e-mail", "Mobile"]


def test_vetoed_headings_are_never_taken_by_their_contents() -> None:
    rows: Rows = [["E-mail", "Fax", "Zip"], ["a@x.com", "+44 20 7946 0123", "12345-6789"]]
    assert fields_of(rows) == {"email": "E-mail"}


def test_numbers_that_are_no_phones_are_not_taken_for_phones() -> None:
    values: Rows = [["a@x.com", "10020030", "2024-01-05"]]
    rows: Rows = [["E-mail", "Order", "Day"], *values * 3]
    assert fields_of(rows) == {"email": "E-mail"}


def test_headings_that_repeat_or_lack_are_named_apart() -> None:
    rows: Rows = [["E-mail", "City", "city", None], ["a@x.com", "Rome", "Oslo", "x"]]
    mapping = layout_of(rows).mapping
    assert [column.heading for column in mapping.columns] == ["E-mail", "City", "city (2)", "Column D"]


@pytest.mark.parametrize(
    "above",
    [
        ["Contact", None, "Address", None],
        ["Person", "Company", "Website", "Notes"],
        ["Contact", "Company", "Country", "Phone"],
        ["Kontakt", "Firma", None, None],
    ],
)
def test_names_of_groups_above_the_headings_lose_a_tie(above: list[str | None]) -> None:
    rows: Rows = [above, ["Name", "E-Mail", "Telefon", "Firma"], *PEOPLE]
    assert layout_of(rows).header == 1


def test_a_header_that_stands_twice_is_found_where_it_stands_first() -> None:
    header: list[str | None] = ["Name", "E-Mail", "Telefon", "Firma"]
    assert layout_of([header, header, *PEOPLE]).header == 0
    assert layout_of([header, *PEOPLE, header, *PEOPLE]).header == 0


def test_columns_without_heading_and_values_are_left_out() -> None:
    rows: Rows = [["E-mail", None, "City"], ["a@x.com", None, "Rome"]]
    assert [column.index for column in layout_of(rows).mapping.columns] == [0, 2]


@pytest.mark.parametrize("column", ["Kontakt-Adresse", "kontakt_adresse", "B", "b", "2", 2])
def test_options_name_a_column_by_heading_letter_or_number(column: str | int) -> None:
    rows: Rows = [["Email", "Kontakt-Adresse"], ["x", "a@example.com"]]
    assert fields_of(rows, columns={"email": column}) == {"email": "Kontakt-Adresse"}


def test_a_heading_goes_before_a_letter() -> None:
    assert fields_of([["B", "A"], ["a@example.com", "x"]], columns={"email": "B"}) == {"email": "B"}


def test_options_work_without_a_header() -> None:
    assert fields_of(PEOPLE, columns={"notes": "D"})["notes"] == "Column D"


def test_an_unknown_column_is_refused_with_the_columns_there_are() -> None:
    with pytest.raises(Refusal) as caught:
        layout_of([["E-mail", "City"], ["a@x.com", "Rome"]], columns={"phone": "Rufnummer"})
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert caught.value.message == 'There is no column "Rufnummer" for Phone. The columns are: "E-mail", "City".'
    assert caught.value.field == "options.columns"


def test_one_column_for_two_fields_is_refused() -> None:
    with pytest.raises(Refusal, match='The column "A" is named for two fields: E-mail and Phone'):
        layout_of([["E-mail"], ["a@x.com"]], columns={"email": 1, "phone": "A"})


def test_a_mapping_survives_json() -> None:
    mapping = layout_of([["E-mail", "Work e-mail", "City"], ["a@x.com", "b@x.com", "Rome"]]).mapping
    assert Mapping.from_json(mapping.to_json()) == mapping
