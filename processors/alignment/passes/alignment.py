"""Align one recording with its script: hear it, find anchors, align what lies between them.

The steps: decode with a language model of the script, compare what was heard with what is written, cut the
sound at anchors and pauses, align words and phones of each chunk. Where a chunk has no path it is tried once more with
wider beams; its words stay without times then, and are told.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import soxr

from base.errors import ErrorCode, Refusal
from processors.alignment.languages import SpeechModel
from processors.alignment.passes.activity import Activity
from processors.alignment.passes.anchors import Comparison, Stretch, anchored_runs, compare, find_stretches
from processors.alignment.passes.chunks import cut_stretch
from processors.alignment.passes.recogniser import (
    FRAME_SECONDS,
    RATE,
    WIDE_BEAM,
    AlignedPhone,
    AlignedToken,
    Heard,
    Recogniser,
    Samples,
)
from processors.alignment.passes.script import (
    SHORTEST_PHONE_SECONDS,
    USUAL_PHONE_SECONDS,
    PlacedToken,
    Script,
    ScriptWord,
    Token,
    read_words,
)

LEAST_SHARE, DOUBTFUL_SHARE = 0.3, 0.6
"""Of the words in rows: below the first the text is of another recording, below the second a person should look."""
SURE_WORDS, LEAST_OF_FEW = 8, 0.4
"""So many words in rows, or this share of a short text; other texts had 7 words at most, and 35 %."""
JUDGED_TOKENS = 8
"""Fewer words than this say nothing by being in rows."""
WORST_SCORE = -28.0
"""Of a frame, on the average: so few words are believed only above it. Right ones had -6 to -25, wrong ones -29 to -66."""
WORST_UNHEARD_SCORE = -60.0
"""The same of so many words or more of which none was heard. Right ones had -31 to -46, text that nobody said -80 and worse."""
HEARD_SECONDS = 10.0, 30.0
WRONG_SPEEDS = (2.0, 0.5, 44_100 / 16_000, 16_000 / 44_100, 3.0, 1 / 3)
"""Which headers tell that do not belong to their samples."""
TRIED_SECONDS = 15.0
"""Of speech, at each of them."""
LIKELY_TEMPO = 0.55, 1.8
"""Of usual speech: a speed at which the text would be spoken slower or faster than that is not tried."""
SPEED_SHARE = 0.4
"""In rows at the right one, where half the band may be missing. Right ones had 0.58 to 1."""
MARGIN_SECONDS = 0.15
"""Around a passage whose times are told."""


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word of the script, by its index, with times in seconds."""

    index: int
    start: float
    end: float
    phones: tuple[AlignedPhone, ...]


@dataclass(frozen=True, slots=True)
class Aligned:
    """What became of a script.

    Attributes:
        words: Those that were placed, in order; none overlaps the next one of its passage.
        unplaced: Indices of the words that are spoken nowhere, or could not be found.
        share: See `Comparison`.
        score: Mean score of a frame of the words that were placed; 0 is best.
    """

    words: Sequence[PlacedWord]
    unplaced: Sequence[int]
    share: float
    score: float

    @property
    def is_doubtful(self) -> bool:
        """Whether so little was heard as written that a person should look."""
        return len(self.words) >= JUDGED_TOKENS and self.share < DOUBTFUL_SHARE


def align_script(
    samples: Samples, script: Script, model: SpeechModel, folder: Path, on_progress: Callable[[float], None]
) -> Aligned:
    """Place the words of `script` in `samples` (mono, 16 kHz, 16 bit).

    `on_progress` is told the part that is done, 0 to 1.

    Raises:
        Refusal: PROCESSING_FAILED where there is no speech, too little of it, or another text is spoken.
    """
    activity = Activity(samples)
    check_sound(activity, script, len(samples) / RATE)
    with tempfile.TemporaryDirectory(dir=folder) as name:
        tokens = (token for word in script.words for reading in word.readings for token in reading)
        recogniser = Recogniser(model, tokens, Path(name))
        heard = list(hear(samples, script, activity, recogniser, lambda part: on_progress(part * 0.6)))
        comparison = compare(script, heard, recogniser)
        check_share(comparison, samples, script, activity, recogniser)
        recogniser.stop_listening()
        chunks = [
            chunk for stretch in stretches_of(script, comparison, activity) for chunk in cut_stretch(stretch, activity)
        ]
        pairs: list[tuple[PlacedToken, AlignedToken]] = []
        for number, chunk in enumerate(chunks):
            pairs.extend(align_chunk(samples, chunk, recogniser))
            on_progress(0.6 + 0.4 * (number + 1) / len(chunks))
    aligned = gather_words(script, comparison, pairs if script.is_timed else list(spoken(pairs)))
    check_alignment(aligned, comparison)
    return aligned


def check_sound(activity: Activity, script: Script, seconds: float) -> None:
    """Raises Refusal where the sound cannot be speech, or not so much of it."""
    if activity.is_silent:
        raise refuse("The recording is silent: not one sample has any sound.")
    if activity.is_steady:
        raise refuse("No speech was found: the level of the sound hardly changes, as noise does.")
    tokens = list(read_words(script, {}))
    if not tokens:
        raise refuse("The transcript has no word that can be spoken.")
    least = sum(one.token.phone_count for one in tokens) * SHORTEST_PHONE_SECONDS
    if len(tokens) < JUDGED_TOKENS and least > seconds:
        raise refuse(f"The recording is too short: {seconds:.2f} s, and its transcript takes {least:.2f} s at least.")


def hear(
    samples: Samples, script: Script, activity: Activity, recogniser: Recogniser, on_progress: Callable[[float], None]
) -> Iterator[Heard]:
    """What is said, in the words of the script, part by part."""
    recogniser.listen_for(sentences_of(script))
    parts = list(activity.parts(*HEARD_SECONDS))
    for number, (start, end) in enumerate(parts):
        for one in recogniser.hear(slice_of(samples, start, end)):
            yield Heard(one.name, start + one.start, start + one.end)
        on_progress((number + 1) / len(parts))


def sentences_of(script: Script) -> Iterator[list[Token]]:
    """The whole script in its first readings, and every other reading between the words around it."""
    yield [one.token for one in read_words(script, {})]
    for index, word in enumerate(script.words):
        for reading in word.readings[1:]:
            before = [token for one in script.words[max(index - 2, 0) : index] for token in first_reading(one)]
            after = [token for one in script.words[index + 1 : index + 3] for token in first_reading(one)]
            yield [*before[-2:], *reading, *after[:2]]


def first_reading(word: ScriptWord) -> tuple[Token, ...]:
    return word.readings[0] if word.readings else ()


def check_share(
    comparison: Comparison, samples: Samples, script: Script, activity: Activity, recogniser: Recogniser
) -> None:
    """Raises Refusal where what was heard is something else, or is heard at another speed."""
    if len(comparison.tokens) < JUDGED_TOKENS or is_believable(comparison):
        return
    told = f"only {comparison.matched / len(comparison.tokens):.0%} of the words were heard in their order"
    speed = find_speed(likely_speeds(comparison, activity), samples, script, recogniser)
    if speed is not None:
        how = f"{speed:.3g} times too fast" if speed > 1 else f"{1 / speed:.3g} times too slow"
        raise refuse(f"The header of the recording tells a wrong rate: {told}, for the speech is {how}.")
    raise refuse(f"The transcript does not match the recording: {told}.")


def is_believable(comparison: Comparison) -> bool:
    """Whether enough words were heard in rows, by their share and by their number: in noise so little is heard that two rows are much of it."""
    least = min(SURE_WORDS, LEAST_OF_FEW * len(comparison.tokens))
    return comparison.share >= LEAST_SHARE and comparison.matched >= least


def likely_speeds(comparison: Comparison, activity: Activity) -> list[float]:
    """The wrong speeds at which the script would be spoken in about the time that there is."""
    usual = sum(one.token.phone_count for one in comparison.tokens) * USUAL_PHONE_SECONDS
    tempo = usual / max(activity.loud_seconds(0.0, len(activity.levels) * FRAME_SECONDS), FRAME_SECONDS)
    slowest, fastest = LIKELY_TEMPO
    return [speed for speed in WRONG_SPEEDS if slowest <= tempo / speed <= fastest]


def find_speed(speeds: Iterable[float], samples: Samples, script: Script, recogniser: Recogniser) -> float | None:
    """Of `speeds` how many times too fast the beginning is spoken; None where it is heard at none of them."""
    for speed in speeds:
        sound = soxr.resample(samples[: round(TRIED_SECONDS * RATE / speed)], RATE, RATE * speed)
        comparison = compare(script, recogniser.hear(sound), recogniser)
        if comparison.share >= SPEED_SHARE and comparison.matched >= JUDGED_TOKENS:
            return speed
    return None


def stretches_of(script: Script, comparison: Comparison, activity: Activity) -> Iterator[Stretch]:
    """Where to look for which tokens: between anchors, and within the times that the transcript tells."""
    length = len(activity.levels) * FRAME_SECONDS
    if not script.is_timed:
        yield from find_stretches(comparison.tokens, activity, 0.0, length)
        return
    for number, passage in enumerate(script.passages):
        assert passage.start is not None and passage.end is not None  # noqa: S101, PT018  is_timed
        tokens = [one for one in comparison.tokens if script.words[one.word].passage == number]
        if tokens:
            yield Stretch(tokens, max(passage.start - MARGIN_SECONDS, 0.0), min(passage.end + MARGIN_SECONDS, length))


def align_chunk(samples: Samples, chunk: Stretch, recogniser: Recogniser) -> Iterator[tuple[PlacedToken, AlignedToken]]:
    """The tokens of `chunk` with where they were found: where there is no path, even with wider beams, its anchors alone."""
    sound = slice_of(samples, chunk.start, chunk.end)
    tokens = [one.token for one in chunk.tokens]
    if len(sound) < RATE * SHORTEST_PHONE_SECONDS * sum(token.phone_count for token in tokens):
        return
    found = recogniser.align(sound, tokens) or recogniser.align(sound, tokens, WIDE_BEAM)
    if found:
        yield from ((token, shifted(aligned, chunk.start)) for token, aligned in zip(chunk.tokens, found, strict=True))
        return
    for run in anchored_runs(chunk):
        if len(run.tokens) < len(chunk.tokens):
            yield from align_chunk(samples, run, recogniser)


def shifted(aligned: AlignedToken, seconds: float) -> AlignedToken:
    """The same, later by `seconds`."""
    phones = tuple(AlignedPhone(one.label, one.start + seconds, one.end + seconds) for one in aligned.phones)
    return AlignedToken(aligned.start + seconds, aligned.end + seconds, phones, aligned.score)


def spoken(pairs: Iterable[tuple[PlacedToken, AlignedToken]]) -> Iterator[tuple[PlacedToken, AlignedToken]]:
    """Tokens that are said: long rows of which none was heard may have been laid over something else that fits in time."""
    for is_anchor, group in groupby(pairs, key=lambda pair: pair[0].start is not None):
        row = list(group)
        if is_anchor or len(row) < JUDGED_TOKENS or mean_score(row) >= WORST_UNHEARD_SCORE:
            yield from row


def mean_score(pairs: Sequence[tuple[PlacedToken, AlignedToken]]) -> float:
    """Of a frame; 0 is best."""
    seconds = sum(one.end - one.start for _, one in pairs)
    return sum(one.score * (one.end - one.start) for _, one in pairs) / seconds if seconds else 0.0


def gather_words(script: Script, comparison: Comparison, pairs: Sequence[tuple[PlacedToken, AlignedToken]]) -> Aligned:
    """Tokens as the words that they are read from; a word of which not every token was found is not placed."""
    wanted = Counter(one.word for one in comparison.tokens)
    found: dict[int, list[AlignedToken]] = {}
    for placed, aligned in pairs:
        found.setdefault(placed.word, []).append(aligned)
    words = [
        PlacedWord(index, parts[0].start, parts[-1].end, tuple(phone for part in parts for phone in part.phones))
        for index, parts in sorted(found.items())
        if len(parts) == wanted[index]
    ]
    placed_words = {word.index for word in words}
    unplaced = [index for index in range(len(script.words)) if index not in placed_words]
    return Aligned(words, unplaced, comparison.share, mean_score(pairs))


def check_alignment(aligned: Aligned, comparison: Comparison) -> None:
    """Raises Refusal where too few words were placed, or the sound is not what is written."""
    if not aligned.words:
        raise refuse("The transcript could not be found in the recording, even with wider beams.")
    if len(comparison.tokens) < JUDGED_TOKENS and aligned.score < WORST_SCORE:
        raise refuse(
            "The transcript does not match the recording: what is heard is something else, or too unclear to tell."
        )


def slice_of(samples: Samples, start: float, end: float) -> Samples:
    """The samples between two times."""
    return samples[round(start * RATE) : round(end * RATE)]


def refuse(message: str) -> Refusal:
    """Why a recording cannot be aligned, for people."""
    return Refusal(ErrorCode.PROCESSING_FAILED, message)
