"""The TextGrid of an alignment: a tier of words and one of phones, for each speaker where there are several."""

from collections.abc import Iterator, Sequence

from processors.alignment.passes.alignment import Aligned, PlacedWord
from processors.alignment.passes.script import Script
from processors.alignment.textgrid import Interval, TextGrid, Tier

LEAST_SECONDS = 0.001
"""What is shorter after it was cut is left out."""


def grid_of(script: Script, aligned: Aligned, seconds: float) -> TextGrid:
    """Words as they are written, and their phones, over `seconds` of sound; words that were not placed are not in it."""
    speakers = dict.fromkeys(passage.speaker or "" for passage in script.passages)
    tiers: list[Tier] = []
    for speaker in speakers:
        words = [
            word
            for word in aligned.words
            if (script.passages[script.words[word.index].passage].speaker or "") == speaker
        ]
        prefix = f"{speaker} - " if len(speakers) > 1 else ""
        tiers.append(Tier(f"{prefix}words", tuple(word_intervals(script, words, seconds))))
        tiers.append(Tier(f"{prefix}phones", tuple(phone_intervals(words, seconds))))
    return TextGrid(0.0, seconds, tuple(tiers))


def word_intervals(script: Script, words: Sequence[PlacedWord], seconds: float) -> Iterator[Interval]:
    yield from in_order((Interval(word.start, word.end, script.words[word.index].shown) for word in words), seconds)


def phone_intervals(words: Sequence[PlacedWord], seconds: float) -> Iterator[Interval]:
    phones = (Interval(phone.start, phone.end, phone.label) for word in words for phone in word.phones)
    yield from in_order(phones, seconds)


def in_order(intervals: Iterator[Interval], seconds: float) -> Iterator[Interval]:
    """The intervals, cut where they would overlap the one before, or the end of the sound."""
    at = 0.0
    for interval in intervals:
        start, end = max(interval.start, at), min(interval.end, seconds)
        if end - start >= LEAST_SECONDS:
            yield Interval(start, end, interval.text)
            at = end
