"""Rows: words that follow one another in both of two sequences.

An edit distance serves badly here: where much is said that is not written, it replaces words as gladly as it finds
them, and breaks rows up.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

NEVER = -(2**30)
LONG_ROW = 5
"""Words in a row that nobody hears by accident in what is something else."""
ODD_WORDS = 2
"""Between two rows that belong together, so many words more may be heard than are written, or fewer."""


@dataclass(frozen=True, slots=True)
class Row:
    """Equal words: where they begin in what was heard and in what is written, and how many they are."""

    heard: int
    written: int
    length: int


@dataclass(frozen=True, slots=True)
class _Ends:
    """Of one word that was heard: where rows that end with it improve on all before, the worth of the chain, the row's length."""

    places: np.ndarray
    worths: np.ndarray
    lengths: np.ndarray


def chain_rows(heard: Sequence[int], written: Sequence[int], shortest: int) -> list[Row]:
    """The rows of at least `shortest` words, in the order of both, that are worth most together.

    A row is worth its length but `shortest` - 1, so that few long rows go before many short ones. Takes time by the
    pairs of equal words, and memory by those of them that improve on all before.
    """
    opening = shortest - 1
    best = np.zeros(len(written) + 1, np.int32)
    worths, lengths = np.full(len(written) + 1, NEVER, np.int32), np.zeros(len(written) + 1, np.int32)
    places_of = _places(written)
    ends: list[_Ends] = []
    before = np.zeros(0, np.intp)
    for word in heard:
        places = places_of.get(word, before[:0])
        opened, extended = best[places] - opening, worths[places]
        length = np.where(extended >= opened, lengths[places] + 1, 1).astype(np.int32)
        worth = np.maximum(opened, extended) + 1
        worths[before + 1] = NEVER
        worths[places + 1], lengths[places + 1] = worth, length
        is_better = worth > best[places + 1]
        ends.append(_Ends(places[is_better], worth[is_better], length[is_better]))
        for place, value in zip(ends[-1].places, ends[-1].worths, strict=True):
            best[place + 1 : np.searchsorted(best, value)] = value
        before = places
    return _trace(ends, int(best[-1]), len(written), opening)


def count_believable(rows: Sequence[Row], word_count: int) -> int:
    """Of `word_count` words those in rows that are long, or lie beside another one as far away in what was heard as in what is written.

    A decoder that knows the script alone hears short rows of it in whatever is said, but scattered.
    """
    believed = {row for row in rows if row.length >= min(LONG_ROW, word_count)}
    for left, right in pairwise(rows):
        if abs(_shift(right) - _shift(left)) <= ODD_WORDS:
            believed |= {left, right}
    return sum(row.length for row in believed)


def _shift(row: Row) -> int:
    return row.heard - row.written


def _places(written: Sequence[int]) -> dict[int, np.ndarray]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for place, word in enumerate(written):
        found[word].append(place)
    return {word: np.array(places, np.intp) for word, places in found.items()}


def _trace(ends: Sequence[_Ends], worth: int, limit: int, opening: int) -> list[Row]:
    """The rows of the chain that is worth `worth`, from its end backwards."""
    rows: list[Row] = []
    number = len(ends) - 1
    while worth > 0:
        one = ends[number]
        fitting = np.flatnonzero((one.worths == worth) & (one.places < limit))
        if not len(fitting):
            number -= 1
            continue
        place, length = int(one.places[fitting[-1]]), int(one.lengths[fitting[-1]])
        rows.append(Row(number - length + 1, place - length + 1, length))
        worth -= length - opening
        number, limit = number - length, place - length + 1
    return rows[::-1]
