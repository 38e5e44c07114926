"""Rows of words that were heard as they are written."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from processors.alignment.passes.rows import Row, chain_rows, count_believable

WORDS = st.lists(st.integers(0, 4), max_size=14)


@given(heard=WORDS, written=WORDS, shortest=st.integers(1, 4))
def test_rows_are_equal_in_order_and_worth_most(heard: list[int], written: list[int], shortest: int) -> None:
    rows = chain_rows(heard, written, shortest)

    for row in rows:
        assert row.length >= shortest
        assert heard[row.heard : row.heard + row.length] == written[row.written : row.written + row.length]
    for left, right in pairwise(rows):
        assert left.heard + left.length <= right.heard
        assert left.written + left.length <= right.written
    assert sum(row.length - shortest + 1 for row in rows) == most_worth(heard, written, shortest)


def most_worth(heard: list[int], written: list[int], shortest: int) -> int:
    """The same by trying everything."""
    best = [[0] * (len(written) + 1) for _ in range(len(heard) + 1)]
    for end in range(1, len(heard) + 1):
        for place in range(1, len(written) + 1):
            found = max(best[end - 1][place], best[end][place - 1])
            for length in range(shortest, min(end, place) + 1):
                if heard[end - length : end] == written[place - length : place]:
                    found = max(found, best[end - length][place - length] + length - shortest + 1)
            best[end][place] = found
    return best[-1][-1]


def test_a_paragraph_in_much_other_speech_is_one_row() -> None:
    written = list(range(20))
    heard = [place * 7 % 20 for place in range(300)] + written + [place * 3 % 20 for place in range(300)]

    assert Row(300, 0, 20) in chain_rows(heard, written, 3)


def test_scattered_short_rows_are_an_accident_and_neighbours_are_not() -> None:
    assert count_believable([Row(10, 2, 3), Row(40, 9, 3), Row(90, 20, 4)], 30) == 0
    assert count_believable([Row(10, 2, 3), Row(14, 7, 3), Row(90, 20, 4)], 30) == 6
    assert count_believable([Row(10, 2, 5)], 30) == 5
    assert count_believable([Row(10, 0, 2)], 2) == 2
