"""Pronouncing dictionaries, and what their spellings teach."""

from pathlib import Path

import pytest

from base.errors import ErrorCode, Refusal
from processors.alignment import languages
from processors.alignment.dictionary import Dictionary, read_dict, write_missing
from processors.alignment.spelling.guessing import Guesser
from processors.alignment.spelling.teaching import digest_of


@pytest.fixture(scope="module")
def english() -> Dictionary:
    model = languages.english()
    return Dictionary.load(model.dictionary, model.spellings)


def test_the_dictionary_of_the_model_lists_words_with_their_variants(english: Dictionary) -> None:
    assert len(english) == 126_052
    assert english.look_up("began") == ("B IH G AE N", "B IY G AE N")
    assert english.look_up("hello") == ("HH AH L OW", "HH EH L OW")
    assert english.look_up("zorblatt") == ()
    assert "don't" in english
    assert len(english.phones) == 39


@pytest.mark.parametrize(
    ("data", "word", "spoken"),
    [
        (b"ZORBLATT  Z AO1 R B L AE2 T\n", "zorblatt", ("Z AO R B L AE T",)),
        (
            b";;; by Ann\n\nzorblatt z ao r b l ae t # sure\r\nzorblatt(2) Z AO R\r\n",
            "zorblatt",
            ("Z AO R B L AE T", "Z AO R"),
        ),
        ("\ufeffna\u00efve\tN AY IY V\n".encode(), "naïve", ("N AY IY V",)),
        ("o\u2019clock  AH K L AA K".encode(), "o'clock", ("AH K L AA K",)),
        (b"hello  HH EH L OW", "hello", ("HH EH L OW",)),
    ],
)
def test_a_corrected_dictionary_takes_the_place_of_listed_words(
    english: Dictionary, data: bytes, word: str, spoken: tuple[str, ...]
) -> None:
    merged = english.merged(read_dict(data))
    assert merged.look_up(word) == spoken
    assert merged.look_up("began") == english.look_up("began")


def test_a_sound_that_the_language_does_not_have_is_refused(english: Dictionary) -> None:
    with pytest.raises(Refusal, match="“ÖÖ” in “zorblatt”") as caught:
        english.merged(read_dict("zorblatt  Z ÖÖ".encode()))
    assert caught.value.code is ErrorCode.BAD_INPUT


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello\nworld W ER L D\nthere\n", "1, 3"),
        (b"a\nb\nc\nd\n", "1, 2, 3 and more"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"word " + b"AH " * 200, "1"),
    ],
)
def test_what_is_no_dictionary_is_refused_with_its_lines(data: bytes, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_dict(data)
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert words in caught.value.message


def test_missing_words_are_written_in_the_form_of_cmudict() -> None:
    data = write_missing([("zorblatt", "Z AO R B L AE T"), ("naïve", "N AY IY V")])
    assert data.decode() == "zorblatt  Z AO R B L AE T\nnaïve  N AY IY V\n"
    assert read_dict(data).look_up("naïve") == ("N AY IY V",)


def kept_back(english: Dictionary) -> list[str]:
    return [word for word in english if word.isalpha()][::500]


@pytest.mark.long
def test_guesses_are_good_for_words_that_were_not_taught(english: Dictionary) -> None:
    """Every 500th word is kept back; 8 % of wrong phones is what trained models of the field have."""
    held = kept_back(english)
    taught = Dictionary({word: english.look_up(word) for word in english if word not in set(held)})
    wrong = sum(min(distance(taught.guess(word), one) for one in english.look_up(word)) for word in held)
    total = sum(len(english.look_up(word)[0].split()) for word in held)
    assert wrong / total < 0.08


def test_what_english_teaches_is_stored_and_that_of_its_very_dictionary() -> None:
    digest = digest_of(languages.english().dictionary)
    assert Guesser.load(languages.ENGLISH_SPELLINGS, digest) is not None
    assert Guesser.load(languages.ENGLISH_SPELLINGS, "of another") is None


@pytest.mark.long
def test_what_is_stored_of_english_is_what_its_dictionary_teaches(english: Dictionary) -> None:
    learnt = Dictionary({word: english.look_up(word) for word in english})
    words = [f"{word}ka" for word in kept_back(english)]
    assert sum(learnt.guess(word) == english.guess(word) for word in words) >= 0.98 * len(words)


def test_another_dictionary_learns_from_its_own_words(tmp_path: Path) -> None:
    path = tmp_path / "small.dict"
    path.write_text("papa p a p a\nmama m a m a\npama p a m a\nlama l a m a\n")
    assert Dictionary.load(path, languages.ENGLISH_SPELLINGS).guess("lapa") == "l a p a"


def test_corrected_words_leave_guesses_as_they_were(english: Dictionary) -> None:
    merged = english.merged(read_dict(b"zorblatt  AA AA\n"))
    assert merged.guess("zorblatts") == english.guess("zorblatts")


def distance(left: str, right: str) -> int:
    """Phones to replace, leave out or add."""
    above = list(range(len(right.split()) + 1))
    for row, mine in enumerate(left.split(), 1):
        line = [row]
        for column, theirs in enumerate(right.split(), 1):
            line.append(min(above[column] + 1, line[-1] + 1, above[column - 1] + (mine != theirs)))
        above = line
    return above[-1]


@pytest.mark.parametrize("word", ["zorblatt", "naïve", "zørbø", "o'malley", "x" * 500, "ÉTÉ"])
def test_every_word_with_letters_of_the_language_is_guessed_with_its_phones(english: Dictionary, word: str) -> None:
    phones = english.guess(word).split()
    assert phones
    assert set(phones) <= english.phones


@pytest.mark.parametrize("word", ["", "東京", "…", "\0"])
def test_a_word_without_letters_of_the_language_has_no_guess(english: Dictionary, word: str) -> None:
    assert english.guess(word) == ""


def test_a_language_of_few_words_can_be_guessed_too(tmp_path: Path) -> None:
    path = tmp_path / "small.dict"
    path.write_text("papa p a p a\nmama m a m a\npama p a m a\nlama l a m a\n")
    assert Dictionary.load(path).guess("lapa") == "l a p a"
