"""Words of a text, and how they may be spoken."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.alignment.words import MAX_READINGS, spoken_words


def readings(text: str, language: str = "en-US") -> list[str]:
    """All readings of one word, joined."""
    (word,) = spoken_words(text, language)
    return [" ".join(reading) for reading in word.readings]


def shown(text: str) -> list[str]:
    return [word.shown for word in spoken_words(text, "en-US")]


def test_words_are_shown_as_they_are_written_without_punctuation() -> None:
    text = (
        "“Hello,” she said — it’s 1984… [laughs] and/or <i>co\u00adoperate</i>; don’t! (Mr. Smith's) {NS} 'quote' $5."
    )
    assert shown(text) == [
        "Hello", "she", "said", "it's", "1984", "and", "or", "cooperate", "don't", "Mr", "Smith's", "quote", "$5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("don’t", "don't"),
        ("DON'T", "don't"),
        ("naïve", "naive"),
        ("café", "cafe"),
        ("ﬁre", "fire"),
        ("co\u00adoperate", "cooperate"),
        ("co-operate", "co operate"),
        ("twenty-one", "twenty-one"),
        ("o.k.", "o.k."),
        ("Mr.", "mr."),
        ("end.", "end"),
        ("'em", "'em"),
        ("'hello", "hello"),
        ("goin'", "goin'"),
        ("rock'n'roll", "rock'n'roll"),
        ("&", "and"),
        ("50%", "fifty percent"),
        ("BBC", "b. b. c."),
        ("B2B", "b two b"),
        ("covid-19", "covid nineteen"),
        ("1,234", "one thousand two hundred thirty four"),
        ("1,234", "one thousand two hundred and thirty four"),
        ("1984", "nineteen eighty four"),
        ("1984", "one thousand nine hundred eighty four"),
        ("2005", "two thousand five"),
        ("1905", "nineteen oh five"),
        ("1990s", "nineteen nineties"),
        ("'80s", "eighties"),
        ("21st", "twenty first"),
        ("2nd", "second"),
        ("$5", "five dollars"),
        ("$1", "one dollar"),
        ("$5.50", "five dollars and fifty cents"),
        ("£1,000", "one thousand pounds"),
        ("007", "zero zero seven"),
        ("007", "oh oh seven"),
        ("747", "seven forty seven"),
        ("101", "one oh one"),
        ("911", "nine one one"),
        ("3:30pm", "three thirty p.m."),
        ("3:05", "three oh five"),
        ("8:00", "eight o'clock"),
        ("1.5", "one point five"),
        ("3.14", "three point one four"),
        ("-5", "minus five"),
        ("10–12", None),
        ("10-12", "ten to twelve"),
        ("1/2", "one half"),
        ("¾", "three quarters"),
        ("２１", "twenty one"),
        ("0", "zero"),
    ],
)
def test_readings_hold_what_people_say(text: str, wanted: str | None) -> None:
    if wanted is None:
        assert [word.shown for word in spoken_words(text, "en-US")] == ["10", "12"]
    else:
        assert wanted in readings(text)


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("fr-FR", "21", "vingt et un"),
        ("fr-FR", "l’homme", "l' homme"),
        ("fr-FR", "1,5", "un virgule cinq"),
        ("fr-FR", "1.234", "mille deux cent trente quatre"),
        ("fr-FR", "15:30", "quinze heures trente"),
        ("fr-FR", "1er", "premier"),
        ("fr-FR", "cœur", "coeur"),
        ("fr-FR", "déjà", "déjà"),
        ("de-DE", "21", "einundzwanzig"),
        ("de", "Straße", "strasse"),
        ("da_DK", "5", "fem"),
        ("xx", "5", "5"),
    ],
)
def test_numbers_and_elisions_are_those_of_the_language(language: str, text: str, wanted: str) -> None:
    assert wanted in readings(text, language)


def test_known_readings_are_preferred_and_the_plainest_is_left_where_none_is_known() -> None:
    known = {"naive", "co", "operate", "forty", "two"}.__contains__
    (naive, split, name, quoted) = spoken_words("naïve co-operate Zørbø-Blatt 'zorblatt", "en-US")
    assert naive.known_readings(known) == (("naive",),)
    assert split.known_readings(known) == (("co", "operate"),)
    assert len(name.known_readings(known)) == 1
    assert quoted.known_readings(known) == (("zorblatt",),)


def test_texts_in_capitals_are_not_spelled_out() -> None:
    assert all(
        " " not in one
        for one in [r for w in spoken_words("THE OLD KING SAT", "en-US") for r in map(" ".join, w.readings)]
    )


def test_thousands_may_be_divided_by_narrow_spaces() -> None:
    assert shown("12\u202f345 10\u00a0000 1'000") == ["12345", "10000", "1000"]


@given(st.text(max_size=60), st.sampled_from(["en-US", "fr", "de-DE", "xx"]))
@settings(max_examples=200, deadline=None)
def test_any_text_has_words_with_readings(text: str, language: str) -> None:
    for word in spoken_words(text, language):
        assert word.shown
        assert not any(one.isspace() for one in word.shown)
        assert 1 <= len(word.readings) <= MAX_READINGS
        for reading in word.readings:
            assert reading
            assert all(one and one == one.strip() for one in reading)
            assert not any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for one in reading for letter in one)


@given(st.from_regex(r"[-$€£#]?[0-9.,:/%-]{1,12}(st|nd|th|s|pm|m|km)?", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_any_number_is_spoken_in_words(text: str) -> None:
    for word in spoken_words(text, "en-US"):
        assert not any(letter.isdigit() for reading in word.readings for one in reading for letter in one)


def test_a_text_of_many_words_and_a_word_of_many_letters_are_read_in_one_go() -> None:
    assert len(spoken_words("word " * 20_000, "en-US")) == 20_000
    for monster in ("x" * 100_000, "1" * 100_000, "1-" * 50_000, "a'" * 50_000, "é" * 50_000):
        assert len(spoken_words(monster, "en-US")) <= 1
