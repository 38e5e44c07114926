"""Search texts and search words."""

import pytest

from models.search import CUT, MAX_BYTES, contains_pattern, folded, search_text_of


@pytest.mark.parametrize(
    ("one", "other"),
    [("Straße", "STRASSE"), ("ÄRGER", "a\u0308rger"), ("ﬁle", "FILE"), ("Łódź", "łÓDŹ"), ("ΣΊΣΥΦΟΣ", "σίσυφος")],
)
def test_case_and_ways_of_writing_do_not_matter(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize("text", ["a b", "  a b ", "a  b", "a\t\n b", "a\u00a0b", "a\u3000 b\x1f"])
def test_white_space_is_one_space(text: str) -> None:
    assert folded(text) == "a b"


def test_a_text_has_the_title_and_all_names_each_for_itself() -> None:
    text = search_text_of("Leads", ["A.csv", "B.csv"])
    assert text == "leads\x1fa.csv\x1fb.csv"
    assert search_text_of(None, []) == ""


@pytest.mark.parametrize("name", ["x" * 100, "ü" * 100, "😀" * 100])
def test_what_has_no_room_is_left_out_whole_and_the_text_says_so(name: str) -> None:
    text = search_text_of("title", [name] * 50)
    assert len(text.encode()) <= MAX_BYTES
    assert text.startswith(f"{CUT}title\x1f{name}")
    assert set(text.removeprefix(CUT).split("\x1f")) == {"title", name}


def test_what_has_just_room_is_all_there() -> None:
    assert search_text_of("x" * MAX_BYTES, []) == "x" * MAX_BYTES
    assert search_text_of("x" * (MAX_BYTES + 1), []) == CUT


def test_wildcards_in_a_search_are_plain_characters() -> None:
    assert contains_pattern(r"50%_\A") == r"%50\%\_\\a%"
