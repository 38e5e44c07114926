"""Finding duplicates exactly, without looking closely at every row."""

import phonenumbers
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.duplicates import Duplicate, KeyCollector, Rule, find_duplicates
from processors.leads.email_addresses import email_key
from processors.leads.fields import Field
from processors.leads.leads import LeadReader
from processors.leads.mapping import Column, Mapping
from processors.tables.text import fold

FIELDS = (Field.NAME, Field.EMAIL, Field.PHONE, Field.COMPANY, Field.COUNTRY)
Row = tuple[str | None, str | None, str | None, str | None, str | None]


def reader_of(country: str | None = "GB") -> LeadReader:
    """A reader of rows with the columns `FIELDS`, and a second one for phone."""
    columns = [Column(index, field.value, field, "heading") for index, field in enumerate(FIELDS)]
    return LeadReader(Mapping(1, (*columns, Column(5, "Mobile", Field.PHONE, "heading", 1))), country)


def duplicates_of(rows: list[Row]) -> dict[int, Duplicate]:
    """The duplicates among rows that are numbered from 2, by item."""
    reader = reader_of()
    collector = KeyCollector(reader)
    for row in rows:
        collector.add(row)
    suspects = collector.suspects()
    return find_duplicates(reader, ((i, i + 2, rows[i]) for i in sorted(suspects)), suspects)


def by_brute_force(rows: list[Row]) -> dict[int, Duplicate]:
    """The same from the finished leads, every row looked at."""
    reader = reader_of()
    first: dict[tuple[Rule, str], int] = {}
    found: dict[int, Duplicate] = {}
    for item, row in enumerate(rows):
        lead = reader.read(row)
        if not lead.is_reachable:
            continue
        name, company = fold(lead.name or ""), fold(lead.company or "")
        keys = [
            (Rule.EMAIL, email_key(lead.email or "")),
            (Rule.PHONE, lead.phone or ""),
            (Rule.NAME, f"{name}\n{company}" if name and company else ""),
        ]
        keys = [key for key in keys if key[1]]
        known = [key for key in keys if key in first]
        if known:
            found[item] = Duplicate(first[known[0]], known[0][0])
        else:
            first |= dict.fromkeys(keys, item + 2)
    return found


def test_the_same_address_is_a_duplicate_whatever_its_case_and_wrapping() -> None:
    rows: list[Row] = [
        ("Anna", "anna@example.com", None, None, None),
        ("Ben", "Ben <ANNA@Example.com>", None, None, None),
    ]
    assert duplicates_of(rows) == {1: Duplicate(2, Rule.EMAIL)}
    assert duplicates_of(rows)[1].sentence == "Duplicate of row 2: the same e-mail address."


def test_the_same_number_is_a_duplicate_however_it_is_written() -> None:
    rows: list[Row] = [
        ("A", None, "+44 20 7946 0123", None, None),
        ("B", None, "020 7946 0123", None, "UK"),
        ("C", None, "020 7946 0123", None, "Germany"),
        ("D", "d@example.com", "0044 (0)20 7946-0123 ext. 7", None, "United States"),
    ]
    assert duplicates_of(rows) == {1: Duplicate(2, Rule.PHONE), 3: Duplicate(2, Rule.PHONE)}


def test_the_same_name_and_company_are_a_duplicate_and_a_name_alone_is_not() -> None:
    rows: list[Row] = [
        ("Anna Smith", "a@example.com", None, "Acme Inc.", None),
        ("SMITH, Anna", "b@example.com", None, "ACME, Inc", None),
        ("Anna Smith", "c@example.com", None, None, None),
        ("Anna Smith", "d@example.com", None, "Bolt", None),
        (None, "e@example.com", None, "Acme Inc.", None),
    ]
    assert duplicates_of(rows) == {1: Duplicate(2, Rule.NAME)}


def test_the_first_rule_that_applies_is_named() -> None:
    rows: list[Row] = [
        ("Anna", "a@example.com", None, "Acme", None),
        ("Ben", "b@example.com", "020 7946 0123", None, None),
        ("Anna", "b@example.com", "020 7946 0123", "Acme", None),
    ]
    assert duplicates_of(rows) == {2: Duplicate(3, Rule.EMAIL)}


def test_a_row_that_reaches_nobody_is_no_first_one_and_no_duplicate() -> None:
    rows: list[Row] = [
        ("Anna", None, "12345", "Acme", None),
        ("Anna", "a@example.com", None, "Acme", None),
        ("Anna", "nobody", None, "Acme", None),
    ]
    assert duplicates_of(rows) == {}


def test_only_rows_that_are_kept_make_duplicates() -> None:
    rows: list[Row] = [
        ("A", "a@example.com", None, None, None),
        ("B", "a@example.com", "020 7946 0123", None, None),
        ("C", "c@example.com", "020 7946 0123", None, None),
    ]
    assert duplicates_of(rows) == {1: Duplicate(2, Rule.EMAIL)}


def numbers() -> list[str]:
    """A few numbers, each in several spellings, and some that are none."""
    spelled = ["020 7946 0123", "+442079460123", "0044 20 7946 0123", "442079460123", "+44 (0)20 7946 0123", "12345"]
    for region in ("AR", "SM", "DE", "US", "BR", "FO"):
        number = phonenumbers.example_number(region)
        assert number is not None
        spelled += [phonenumbers.format_number(number, kind) for kind in (0, 1, 2)]
    return [*spelled, "+54 9 2966 42-3456", "02966 15-42-3456", "+49 30 1234", "030 1234", "+49 (0)30 1234"]


CELLS = st.tuples(
    st.sampled_from([None, "Anna Smith", "SMITH, ANNA", "anna  smith", "İpek", "IPEK", "ipek", "Ben"]),
    st.sampled_from([None, "a@example.com", "A@EXAMPLE.COM", "Anna <a@example.com>", "b@example.com", "no@"]),
    st.sampled_from([None, *numbers()]),
    st.sampled_from([None, "Acme", "ACME.", "Bolt"]),
    st.sampled_from([None, "AR", "Germany", "US", "San Marino", "FO"]),
)


@given(st.lists(CELLS, max_size=12))
def test_looking_at_suspects_only_finds_what_looking_at_all_rows_finds(rows: list[Row]) -> None:
    assert duplicates_of(rows) == by_brute_force(rows)
