"""Anchors: words of the script that were heard in rows, and the stretches of sound in which the others must lie."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import LCSseq

from processors.alignment.passes.activity import Activity
from processors.alignment.passes.recogniser import Heard, Recogniser
from processors.alignment.passes.rows import LONG_ROW, Row, chain_rows, count_believable
from processors.alignment.passes.script import (
    SHORTEST_PHONE_SECONDS,
    USUAL_PHONE_SECONDS,
    PlacedToken,
    Script,
    read_words,
)

SHORTEST_ROW = 3
"""Words in a row that agree are no accident; one or two may be."""
STRANGE_SECONDS = 1.2
"""So much sound between two words is no hesitation: something is said there that is not in the script."""
LOOSE_SECONDS = 0.15
"""By so much the ends of anchors may be wrong, where the word beside them was heard as another one."""
EDGE_SECONDS = 0.1
PATIENCE = 2.5
"""Words may take so many times as long as usual before something else must be among them."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was heard beside what is written.

    Attributes:
        tokens: Of the script, in the readings that fit best; those of rows have times.
        matched: How many of the tokens are in rows that are no accident.
        share: Of the tokens, or of what was heard where that is less, how much that is; 0 to 1.
    """

    tokens: Sequence[PlacedToken]
    matched: int
    share: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of tokens that are spoken one after the other between two times, with nothing else in between."""

    tokens: Sequence[PlacedToken]
    start: float
    end: float


def compare(script: Script, heard: Sequence[Heard], recogniser: Recogniser) -> Comparison:
    """Find the anchors, and with them the reading of each word that has several."""
    names = [one.name for one in heard]
    tokens = list(read_words(script, {}))
    rows = _rows(names, tokens, recogniser)
    readings = _choose_readings(script, names, tokens, rows, recogniser)
    if readings:
        tokens = list(read_words(script, readings))
        rows = _rows(names, tokens, recogniser)
    for row in rows:
        for place in range(row.length):
            one = heard[row.heard + place]
            tokens[row.written + place] = replace(tokens[row.written + place], start=one.start, end=one.end)
    matched = count_believable(rows, len(tokens))
    return Comparison(tokens, matched, matched / max(min(len(tokens), len(heard)), 1))


def _rows(names: Sequence[int], tokens: Sequence[PlacedToken], recogniser: Recogniser) -> list[Row]:
    """Rows of equal words, in the order of both."""
    return chain_rows(names, [recogniser.name_of(one.token) for one in tokens], min(SHORTEST_ROW, len(tokens)))


def _choose_readings(
    script: Script, names: Sequence[int], tokens: Sequence[PlacedToken], rows: Sequence[Row], recogniser: Recogniser
) -> dict[int, int]:
    """By index of word the reading that was heard, where that is not the first."""
    spans: dict[int, tuple[int, int]] = {}
    for place, one in enumerate(tokens):
        first, _ = spans.get(one.word, (place, place))
        spans[one.word] = first, place + 1
    chosen = {}
    for index, word in enumerate(script.words):
        if len(word.readings) < 2:
            continue
        begin, end = _heard_between(rows, *spans[index], len(names))
        likeness = [
            LCSseq.normalized_similarity([recogniser.name_of(token) for token in reading], names[begin:end])
            for reading in word.readings
        ]
        best = max(range(len(likeness)), key=likeness.__getitem__)
        if likeness[best] > likeness[0]:
            chosen[index] = best
    return chosen


def _heard_between(rows: Sequence[Row], first: int, last: int, count: int) -> tuple[int, int]:
    """What was heard where the tokens `first` to `last` (exclusive) must be: between the rows around them, or within one."""
    begin, end = 0, count
    for row in rows:
        if row.written <= first < row.written + row.length:
            begin = row.heard + first - row.written
        elif row.written + row.length <= first:
            begin = row.heard + row.length
        if row.written < last <= row.written + row.length:
            return begin, row.heard + last - row.written
        if row.written >= last:
            return begin, min(end, row.heard)
    return begin, end


def find_stretches(tokens: Sequence[PlacedToken], activity: Activity, start: float, end: float) -> Iterator[Stretch]:
    """The stretches between two times, in order; tokens for which there is no room are in none of them.

    Nor are a few that stand alone among them: a decoder that knows the script alone hears such rows in anything.
    """
    least = min(LONG_ROW, len(tokens))
    run: list[PlacedToken] = []
    begin = start
    for before, between, after in _gaps(tokens):
        left = before.end if before and before.end is not None else start
        right = after.start if after and after.start is not None else end
        if before is not None:
            run.append(before)
        if _fits(between, activity, left, right):
            run.extend(between)
            continue
        if len(run) >= least:
            yield Stretch(run, begin, _edge(activity, left, right, left))
        run, begin = [], _edge(activity, left, right, right)
    if len(run) >= least:
        yield Stretch(run, begin, end)


def anchored_runs(stretch: Stretch) -> Iterator[Stretch]:
    """The anchors of a stretch alone, each row of them with the sound around it up to its neighbours."""
    tokens = stretch.tokens
    first = 0
    for place in range(len(tokens) + 1):
        if place < len(tokens) and tokens[place].start is not None:
            continue
        if first < place:
            begin, end = tokens[first].start, tokens[place - 1].end
            assert begin is not None and end is not None  # noqa: S101, PT018  anchors
            yield Stretch(
                tokens[first:place], max(begin - EDGE_SECONDS, stretch.start), min(end + EDGE_SECONDS, stretch.end)
            )
        first = place + 1


def _gaps(tokens: Sequence[PlacedToken]) -> Iterator[tuple[PlacedToken | None, list[PlacedToken], PlacedToken | None]]:
    """Each anchor with the tokens after it that are none, and the anchor after those; None before the first and after the last."""
    before: PlacedToken | None = None
    between: list[PlacedToken] = []
    for token in tokens:
        if token.start is None:
            between.append(token)
        else:
            yield before, between, token
            before, between = token, []
    yield before, between, None


def _fits(between: Sequence[PlacedToken], activity: Activity, left: float, right: float) -> bool:
    """Whether the tokens, all of them and nothing else, may be spoken between two times."""
    phones = sum(one.token.phone_count for one in between)
    sound = activity.loud_seconds(left, right)
    least = phones * SHORTEST_PHONE_SECONDS
    is_room = least <= min(right - left, PATIENCE * sound) + LOOSE_SECONDS
    return is_room and sound <= STRANGE_SECONDS + PATIENCE * phones * USUAL_PHONE_SECONDS


def _edge(activity: Activity, left: float, right: float, near: float) -> float:
    """Where a stretch ends that has a strange part beside it: in the nearest pause, at most half a second away."""
    if near == left:
        return activity.find_cut(left, min(left + 0.5, right))
    return activity.find_cut(max(right - 0.5, left), right)
