"""The script of a recording: the words that are to be found in it, in order, as they may be spoken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHORTEST_PHONE_SECONDS = 0.03
"""Three states of 10 ms: the recogniser cannot go faster."""
USUAL_PHONE_SECONDS = 0.09


@dataclass(frozen=True, slots=True)
class Token:
    """A word as a dictionary has it; each pronunciation is a row of phones with spaces between."""

    text: str
    pronunciations: tuple[str, ...]

    @property
    def phone_count(self) -> int:
        """Of the shortest pronunciation."""
        return min(len(one.split()) for one in self.pronunciations)


@dataclass(frozen=True, slots=True)
class ScriptWord:
    """A word as it is written, and the rows of tokens as which it may be read; the first one is the likeliest.

    `passage` is the index of the passage that it stands in. Without readings it is not spoken, and never placed.
    """

    shown: str
    readings: tuple[tuple[Token, ...], ...]
    passage: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of the script; `start` and `end` (seconds) where the transcript tells them, and who speaks."""

    start: float | None = None
    end: float | None = None
    speaker: str | None = None

    @property
    def is_timed(self) -> bool:
        """Whether the transcript tells where it is."""
        return self.start is not None and self.end is not None


@dataclass(frozen=True, slots=True)
class Script:
    """All words of one recording."""

    words: Sequence[ScriptWord]
    passages: Sequence[Passage] = (Passage(),)

    @property
    def is_timed(self) -> bool:
        """Whether the transcript tells where each passage is."""
        return all(passage.is_timed for passage in self.passages)


@dataclass(frozen=True, slots=True)
class PlacedToken:
    """A token of the script with the index of its word; with times (seconds) once they are known."""

    token: Token
    word: int
    start: float | None = None
    end: float | None = None


def read_words(script: Script, readings: dict[int, int]) -> Iterator[PlacedToken]:
    """The tokens of the script, each word in the reading that `readings` names by its index; the first one elsewhere."""
    for index, word in enumerate(script.words):
        if word.readings:
            for token in word.readings[readings.get(index, 0)]:
                yield PlacedToken(token, index)
