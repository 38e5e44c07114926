"""Sentences without end, of common words, the same each time."""

import random
from collections.abc import Iterator

WHO = (
    "the captain",
    "my sister",
    "a young doctor",
    "the old farmer",
    "her neighbour",
    "the teacher",
    "our driver",
    "a tall visitor",
)
DID = (
    "carried",
    "remembered",
    "painted",
    "repaired",
    "described",
    "discovered",
    "followed",
    "bought",
    "forgot",
    "admired",
)
WHAT = (
    "a heavy basket", "the yellow window", "seven letters", "the broken engine", "a quiet village", "the northern road",
    "another photograph", "the wooden table", "some fresh apples", "a very long story",
)  # fmt: skip
WHERE = (
    "near the harbour", "behind the station", "in the middle of the market", "under the bridge", "across the river",
    "at the hospital", "outside the library", "on the mountain",
)  # fmt: skip
WHEN = (
    "before breakfast", "during the winter", "late in the evening", "after the meeting", "every Thursday",
    "when the rain had stopped", "while everybody was asleep", "without telling anybody",
)  # fmt: skip


def sentences(seed: int) -> Iterator[str]:
    """One after the other."""
    dice = random.Random(seed)
    while True:
        parts = [dice.choice(choice) for choice in (WHO, DID, WHAT, WHERE, WHEN)]
        yield " ".join(parts).capitalize() + "."
