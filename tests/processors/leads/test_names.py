"""Casing and splitting of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads import names as names_of_people
from processors.leads.mapping import NameOrder
from processors.leads.name_casing import case_name
from processors.leads.names import PersonName, read_name, whole_name
from processors.tables.text import clean_text, fold


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("anna smith", "Anna Smith"),
        ("ANNA SMITH", "Anna Smith"),
        ("O'BRIEN", "O'Brien"),
        ("o’brien", "O’Brien"),
        ("D'ANGELO", "D'Angelo"),
        ("ANNA'S", "Anna's"),
        ("ronald mcdonald", "Ronald McDonald"),
        ("MCA", "Mca"),
        ("FIONA MACDONALD", "Fiona MacDonald"),
        ("JOSÉ MACHADO", "José Machado"),
        ("ludwig van beethoven", "Ludwig van Beethoven"),
        ("URSULA VON DER LEYEN", "Ursula von der Leyen"),
        ("MARÍA DE LA CRUZ", "María de la Cruz"),
        ("jean-luc picard", "Jean-Luc Picard"),
        ("j.r. ewing", "J.R. Ewing"),
        ("JOHN SMITH III", "John Smith III"),
        ("JOHN SMITH JR.", "John Smith Jr."),
        ("anna smith, phd", "Anna Smith, PhD"),
        ("İBRAHİM ÇELİK", "İbrahim Çelik"),
        ("weiß", "Weiß"),
        ("ǆelal", "ǅelal"),
        ("iPhone McGuffin", "iPhone McGuffin"),
        ("Anna DUPONT", "Anna DUPONT"),
        ("deVries", "deVries"),
        ("ИВАН ПЕТРОВ", "ИВАН ПЕТРОВ"),
        ("山田 太郎", "山田 太郎"),
        ("محمد", "محمد"),
    ],
)
def test_names_all_in_one_case_get_capitals_where_they_belong(given_name: str, name: str) -> None:
    assert case_name(given_name) == name


@pytest.mark.parametrize(
    ("last", "cased"), [("VAN DER BERG", "van der Berg"), ("de la cruz", "de la Cruz"), ("VAN", "Van"), ("LE", "Le")]
)
def test_a_family_name_may_begin_with_a_particle(last: str, cased: str) -> None:
    assert case_name(last, is_last=True) == cased


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Anna Smith", "Anna", "Smith"),
        ("Anna Maria Smith", "Anna Maria", "Smith"),
        ("Dr. Anna von der Heide", "Anna", "von der Heide"),
        ("Herr Dr. Max Muster", "Max", "Muster"),
        ("John Smith III", "John", "Smith"),
        ("Anna Smith, PhD", "Anna", "Smith"),
        ("Иван Петров", "Иван", "Петров"),
        ("Anna", None, None),
        ("山田 太郎", None, None),
        ("3 Musketeers", None, None),
    ],
)
def test_first_and_last_name_come_out_of_a_whole_name(name: str, first: str | None, last: str | None) -> None:
    assert read_name(name, None, None) == PersonName(name, first, last)


def test_a_name_with_the_family_first_is_turned_round() -> None:
    assert read_name("SMITH, ANNA", None, None) == PersonName("Anna Smith", "Anna", "Smith")


def test_a_whole_name_comes_out_of_first_and_last_name() -> None:
    assert read_name(None, "anna", "VAN DER BERG") == PersonName("Anna van der Berg", "Anna", "van der Berg")
    assert read_name(None, "anna", None) == PersonName("Anna", "Anna", None)
    assert read_name(None, None, None) == PersonName()


def test_all_three_columns_are_kept_as_they_are() -> None:
    assert read_name("Annie", "Anna", "Smith") == PersonName("Annie", "Anna", "Smith")


@given(st.text(st.characters(max_codepoint=0x24F), max_size=25))
def test_casing_changes_nothing_but_case(text: str) -> None:
    name = clean_text(text)
    if name:
        assert fold(case_name(name)) == fold(name)
        assert case_name(case_name(name)) == case_name(name) or not name.islower()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Northwind Traders, Inc.", PersonName("Northwind Traders, Inc.")),
        ("Foo & Bar, LLC", PersonName("Foo & Bar, LLC")),
        ("Hansen, Ltd.", PersonName("Hansen, Ltd.")),
        ("Olga Brandt, MBA", PersonName("Olga Brandt, MBA", "Olga", "Brandt")),
        ("Olga Brandt, Ph.D., M.Sc.", PersonName("Olga Brandt, Ph.D., M.Sc.", "Olga", "Brandt")),
        ("Dr. rer. nat. Olga Brandt", PersonName("Dr. rer. nat. Olga Brandt", "Olga", "Brandt")),
        ("Brandt, Dr.-Ing. Olga", PersonName("Dr.-Ing. Olga Brandt", "Olga", "Brandt")),
        ("Brandt, Olga, PhD", PersonName("Olga Brandt, PhD", "Olga", "Brandt")),
        ("Barlow III, Noah", PersonName("Noah Barlow III", "Noah", "Barlow")),
        ("Ruiz Vidal, Marta", PersonName("Marta Ruiz Vidal", "Marta", "Ruiz Vidal")),
        ("鈴木, 健", PersonName("健 鈴木", "健", "鈴木")),
        ("Olga Brandt (Olli)", PersonName("Olga Brandt", "Olga", "Brandt", "Olli")),
        ('Olga "Olli" Brandt', PersonName("Olga Brandt", "Olga", "Brandt", "Olli")),
        ("Olga Brandt [Acme]", PersonName("Olga Brandt", "Olga", "Brandt", "Acme")),
    ],
)
def test_commas_titles_and_brackets_are_understood(name: str, expected: PersonName) -> None:
    assert read_name(name, None, None) == expected


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Brandt Olga", "Olga", "Brandt"),
        ("van der Heide Piet", "Piet", "van der Heide"),
        ("Brandt, Olga", "Olga", "Brandt"),
    ],
)
def test_the_heading_tells_the_order(name: str, first: str, last: str) -> None:
    assert read_name(name, None, None, NameOrder.LAST_FIRST) == PersonName(f"{first} {last}", first, last)


def test_rows_are_compared_by_the_name_in_its_usual_order() -> None:
    assert whole_name("Brandt, Olga", None, None) == whole_name(None, "Olga", "Brandt") == "Olga Brandt"


WORDS = (
    "Anna",
    "Berg",
    "Dr",
    "Herr",
    "Mag",
    "Gmbh",
    "Inc",
    "Iii",
    "Van",
    "De",
    "Born",
    "Phd",
    "Med",
    "Sir",
    "Co",
    "Ne",
    "anna",
    "SMITH",
    "mcdonald",
    "VAN",
    "phd",
    "II",
    "zoë",
    "İNCİ",
    "STRAßE",
    "ﬁsher",
    "ǆ",
    "иван",
    "김철수",
    "李",
    "Zoe\u0308",
)


@pytest.mark.parametrize("order", [None, *NameOrder])
def test_the_short_cut_for_plain_names_gives_what_the_long_way_gives(
    order: NameOrder | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{first} {last}" for first in WORDS for last in WORDS]
    short = [read_name(name, None, None, order) for name in names]
    monkeypatch.setattr(names_of_people, "plain_name", lambda *_: None)
    assert short == [read_name(name, None, None, order) for name in names]
