"""Texts of cells, cleaned."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tables.text import MAX_CELL_CHARACTERS, Cell, clean_cell, clean_row, clean_text, fold, one_line


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (12345.0, "12345"),
        (447700900123.0, "447700900123"),
        (-3.0, "-3"),
        (1.5, "1.5"),
        (1e300, "1e+300"),
        (float("nan"), None),
        (float("inf"), None),
        (7, "7"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, None),
        ("", None),
        ("007", "007"),
        ("#N/A", None),
        ("#1 of 2", "#1 of 2"),
        (date(2024, 3, 4), "2024-03-04"),
        (datetime(2024, 3, 4), "2024-03-04"),  # noqa: DTZ001  cells have no zone
        (datetime(2024, 3, 4, 5, 6, 7, 891), "2024-03-04 05:06:07"),  # noqa: DTZ001
        (time(5, 6), "05:06:00"),
        (timedelta(hours=36), "P1DT12H"),
        (timedelta(days=2), "P2D"),
        (timedelta(minutes=1, seconds=35), "PT1M35S"),
        (timedelta(hours=-12), "-PT12H"),
        (timedelta(days=-1, minutes=-5), "-P1DT5M"),
        (timedelta(seconds=1.25), "PT1.25S"),
        (timedelta(microseconds=59_999_999), "PT1M"),
        (timedelta(0), "PT0S"),
        (timedelta(microseconds=-1), "PT0S"),
        ("#GETTING_DATA", None),
        ("#NV", None),
    ],
)
def test_values_of_cells_become_text_as_a_person_would_type_it(cell: Cell, text: str | None) -> None:
    assert clean_cell(cell) == text


@pytest.mark.parametrize(
    ("given_text", "text"),
    [
        ("  a  b ", "a b"),
        ("a\nb\r\n\tc", "a\nb\nc"),
        (" a \n\n  b  c\u2028", "a\nb c"),
        ("a_x000D_b", "a_x000D_b"),
        ("john_x1985_@example.com", "john_x1985_@example.com"),
        ("\ufeffAnna\u200b", "Anna"),
        ("Anna\u00a0Smith", "Anna Smith"),
        ("Jose\u0301", "José"),
        ("a\x00b\x07", "ab"),
        ("\ud800x", "x"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("\u200d a \u200c", "a"),
        (" \u2028 ", None),
        ("①", "①"),
    ],
)
def test_text_is_trimmed_and_unicode_normalised(given_text: str, text: str | None) -> None:
    assert clean_text(given_text) == text


def test_a_cell_keeps_as_many_characters_as_excel_keeps() -> None:
    assert clean_text("x" * 100_000) == "x" * MAX_CELL_CHARACTERS


@given(st.lists(st.one_of(st.text(max_size=12), st.none(), st.floats(), st.booleans()), max_size=5))
def test_cleaning_a_row_at_once_is_cleaning_each_cell(cells: list[Cell]) -> None:
    assert clean_row(cells) == [clean_cell(cell) for cell in cells]


@given(st.text(max_size=40))
def test_clean_text_has_no_edges_pairs_or_controls(text: str) -> None:
    cleaned = clean_text(text) or ""
    assert cleaned.split("\n") == [" ".join(line.split()) for line in cleaned.splitlines() or [""]]
    assert not any((ord(one) < 32 and one != "\n") or 0xD800 <= ord(one) < 0xE000 for one in cleaned)
    assert one_line(cleaned) == " ".join(cleaned.split())


def test_folding_makes_case_width_and_punctuation_alike() -> None:
    assert fold("ACME, Inc.") == fold("acme inc") == "acme inc"
    assert fold("Straße") == fold("STRASSE") == "strasse"
    assert fold("İBRAHİM") == fold("ibrahim")
    assert fold("ＡＣＭＥ") == "acme"
    assert fold("हिन्दी") != fold("हनद")
    assert fold("---") == ""
