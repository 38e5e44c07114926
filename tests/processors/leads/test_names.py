"""Casing names with care, and first and last names out of whole ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.leads.names import PersonName, case_name, read_name
from processors.leads.text import clean_text, fold


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
