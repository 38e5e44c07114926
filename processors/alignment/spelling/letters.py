"""Align the letters of words with their phones.

Words of equal numbers of letters and phones are aligned together: all that is done for one letter is done for thousands
of words in one operation.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 6
TRAINING_WORDS = 20_000
"""Words from which the chances of letters and phones are learnt."""
MAX_LENGTH = 30
IMPOSSIBLE = -1e9
PRIOR = 0.1
"""What is added to each count, so that nothing is impossible for being rare."""
WORST = -6.0
"""Log-likelihood for each letter below which a word is spoken otherwise than it is spelled (mr., 1st) and teaches nothing."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Words as runs of pairs.

    Attributes:
        pairs: Each letter with the phones that it stands for, none, one or two, with a space between.
        text: All words one after the other, each letter as the number of its pair.
        lengths: The letters of each word.
    """

    pairs: list[tuple[str, str]]
    text: Ints
    lengths: Ints


@dataclass(frozen=True, slots=True)
class Shape:
    """Words of the same numbers of letters and phones: one row each."""

    letters: Ints
    phones: Ints


@dataclass(frozen=True, slots=True)
class Chances:
    """Logarithms of the chances that a letter stands for nothing, for one phone, for two."""

    nothing: Floats
    one: Floats
    two: Floats


def align_spellings(entries: Mapping[str, tuple[str, ...]]) -> Alignment:
    """The likeliest alignment of every word with its first pronunciation. Raises ValueError where there is no word."""
    letters, phones, shapes = number_words(entries)
    sample = [Shape(shape.letters[::step], shape.phones[::step]) for shape in shapes for step in [sample_step(shapes)]]
    chances = first_chances(sample, len(letters), len(phones))
    for _ in range(ROUNDS):
        chances = count_chances(sample, chances, len(letters), len(phones))
    return make_alignment(shapes, chances, letters, phones)


def sample_step(shapes: list[Shape]) -> int:
    return max(1, sum(len(shape.letters) for shape in shapes) // TRAINING_WORDS)


def number_words(entries: Mapping[str, tuple[str, ...]]) -> tuple[list[str], list[str], list[Shape]]:
    """Letters and phones, and the words as their numbers, those of one shape together."""
    grouped: dict[tuple[int, int], list[tuple[str, list[str]]]] = {}
    for word, spoken in entries.items():
        phones = spoken[0].split()
        if phones and (len(phones) + 1) // 2 <= len(word) <= MAX_LENGTH:
            grouped.setdefault((len(word), len(phones)), []).append((word, phones))
    if not grouped:
        raise ValueError("the dictionary has no word")
    letters = sorted({letter for words in grouped.values() for word, _ in words for letter in word})
    sounds = sorted({phone for words in grouped.values() for _, spoken in words for phone in spoken})
    letter_numbers = {letter: number for number, letter in enumerate(letters)}
    sound_numbers = {phone: number for number, phone in enumerate(sounds)}
    shapes = [
        Shape(
            np.array([[letter_numbers[letter] for letter in word] for word, _ in words]),
            np.array([[sound_numbers[phone] for phone in spoken] for _, spoken in words]),
        )
        for _, words in sorted(grouped.items())
    ]
    return letters, sounds, shapes


def first_chances(shapes: list[Shape], letters: int, phones: int) -> Chances:
    """Chances by how often a letter and a phone stand at about the same place of their words."""
    together = np.full((letters, phones), PRIOR)
    for shape in shapes:
        length, sounds = shape.letters.shape[1], shape.phones.shape[1]
        for place in range(length):
            near = place * sounds // length
            np.add.at(together, (shape.letters[:, place], shape.phones[:, near]), 1.0)
    one = np.log(together / together.sum(axis=1, keepdims=True))
    nothing = np.full(letters, np.log(0.02))
    two = one[:, :, None] + one[:, None, :] + np.log(0.02)
    return Chances(nothing, one, two)


def count_chances(shapes: list[Shape], chances: Chances, letters: int, phones: int) -> Chances:
    """Chances by the likeliest alignments under `chances`."""
    nothing = np.full(letters, PRIOR)
    one = np.full((letters, phones), PRIOR)
    two = np.full((letters, phones, phones), PRIOR / phones)
    for shape in shapes:
        steps, _ = align_shape(shape, chances)
        ends = np.cumsum(steps, axis=1)
        for place in range(steps.shape[1]):
            letter, step, end = shape.letters[:, place], steps[:, place], ends[:, place]
            nothing += np.bincount(letter[step == 0], minlength=letters)
            for size, counts in ((1, one), (2, two)):
                rows = np.flatnonzero(step == size)
                sounds = tuple(shape.phones[rows, end[rows] - size + offset] for offset in range(size))
                np.add.at(counts, (letter[rows], *sounds), 1.0)
    total = nothing + one.sum(axis=1) + two.sum(axis=(1, 2))
    return Chances(np.log(nothing / total), np.log(one / total[:, None]), np.log(two / total[:, None, None]))


def align_shape(shape: Shape, chances: Chances) -> tuple[Ints, Floats]:
    """How many phones each letter stands for, one row a word, and the log-likelihood of each word."""
    words, length = shape.letters.shape
    sounds = shape.phones.shape[1]
    scores = np.full((words, sounds + 1), IMPOSSIBLE)
    scores[:, 0] = 0.0
    taken = np.zeros((length, words, sounds + 1), np.int8)
    for place in range(length):
        letter = shape.letters[:, place, None]
        options = np.full((3, words, sounds + 1), IMPOSSIBLE)
        options[0] = scores + chances.nothing[letter]
        options[1, :, 1:] = scores[:, :-1] + chances.one[letter, shape.phones]
        if sounds > 1:
            options[2, :, 2:] = scores[:, :-2] + chances.two[letter, shape.phones[:, :-1], shape.phones[:, 1:]]
        taken[place] = options.argmax(axis=0)
        scores = options.max(axis=0)
    steps = np.empty((words, length), np.int64)
    rows, end = np.arange(words), np.full(words, sounds)
    for place in reversed(range(length)):
        steps[:, place] = taken[place, rows, end]
        end = end - steps[:, place]
    return steps, scores[:, -1]


def make_alignment(shapes: list[Shape], chances: Chances, letters: list[str], phones: list[str]) -> Alignment:
    """All words whose spelling explains how they are spoken, as runs of pairs."""
    size = len(phones) + 1
    codes: list[Ints] = []
    lengths: list[Ints] = []
    for shape in shapes:
        steps, scores = align_shape(shape, chances)
        good = scores > WORST * shape.letters.shape[1]
        steps, sounds, spelled = steps[good], shape.phones[good], shape.letters[good]
        ends = np.cumsum(steps, axis=1)
        padded = np.pad(sounds + 1, ((0, 0), (2, 0)))
        rows = np.arange(len(steps))[:, None]
        last = np.where(steps > 0, padded[rows, ends + 1], 0)
        first = np.where(steps > 1, padded[rows, ends], 0)
        codes.append((spelled * size * size + first * size + last).ravel())
        lengths.append(np.full(len(steps), steps.shape[1]))
    found, text = np.unique(np.concatenate(codes), return_inverse=True)
    names = ["", *phones]
    pairs = [
        (letters[code // (size * size)], f"{names[code // size % size]} {names[code % size]}".strip())
        for code in found.tolist()
    ]
    return Alignment(pairs, text, np.concatenate(lengths))
