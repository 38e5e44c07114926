"""Right and wrong texts of recordings in noise."""

from collections.abc import Sequence

import numpy as np
import pytest

from processors.alignment.passes.alignment import is_believable
from processors.alignment.passes.anchors import Comparison
from processors.alignment.passes.script import PlacedToken, Token
from processors.contract import ItemStatus
from tests.processors.alignment.conftest import RunAlignment, wav
from tests.processors.alignment.espeak import say
from tests.processors.alignment.texts import BREAD, LETTER


def in_noise(samples: np.ndarray, decibels: float) -> np.ndarray:
    """`samples` with white noise, so much below them on the average."""
    loudness = np.sqrt(np.mean(samples.astype(float) ** 2))
    noise = np.random.default_rng(1).normal(0, loudness * 10 ** (-decibels / 20), len(samples))
    mixed = samples + noise
    noisy: np.ndarray = np.rint(mixed * (29_000 / np.abs(mixed).max())).astype(np.int16)
    return noisy


def test_the_right_text_is_aligned_in_noise_and_another_refused(run_alignment: RunAlignment) -> None:
    speech = say(LETTER, words_per_minute=170)
    sound = wav(in_noise(speech.samples, 5.0))
    right = run_alignment({"a.wav": sound, "a.txt": LETTER.encode()})
    assert right.error == ""
    known = {word.strip(".,"): start for word, start in speech.words if LETTER.count(word) == 1}
    errors = [abs(start - known[word]) for word, start, _ in right.words() if word in known]
    assert np.mean(np.array(errors) <= 0.1) >= 0.8

    wrong = run_alignment({"a.wav": sound, "a.txt": BREAD.encode()})
    assert wrong.items[0].status is ItemStatus.FAILED
    assert "The transcript does not match the recording" in wrong.error


def tokens_of(count: int) -> Sequence[PlacedToken]:
    return [PlacedToken(Token(f"word{place}", ("W ER D",)), place) for place in range(count)]


@pytest.mark.parametrize(
    ("count", "matched", "share", "is_enough"),
    [
        (100, 40, 0.4, True),
        (100, 20, 0.2, False),
        (100, 8, 0.3, True),
        (100, 7, 0.9, False),
        (17, 7, 0.4, True),
        (17, 6, 0.35, False),
        (8, 5, 0.6, True),
    ],
)
def test_few_words_in_rows_are_an_accident_though_little_else_was_heard(
    count: int, matched: int, share: float, is_enough: bool
) -> None:
    assert is_believable(Comparison(tokens_of(count), matched, share)) == is_enough
