"""The glossary: a table of words in order, each with one sentence."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "docs" / "glossary.md").read_text().splitlines()
ENTRIES = [line.strip("|").split("|") for line in LINES if line.startswith("| ")][1:]


def test_each_word_stands_once_and_in_order() -> None:
    words = [word.strip().lower() for word, _meaning in ENTRIES]

    assert len(words) > 50
    assert words == sorted(set(words))


@pytest.mark.parametrize(("word", "meaning"), ENTRIES)
def test_each_meaning_is_one_sentence(word: str, meaning: str) -> None:
    assert re.fullmatch(r" [A-Z][^.!?]*\. ", meaning), word
