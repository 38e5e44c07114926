"""Speech activity: how loud a recording is in each frame, its pauses, and where it may be cut."""

from collections.abc import Iterator

import numpy as np

from processors.alignment.passes.recogniser import FRAME_SAMPLES, FRAME_SECONDS, Samples

BLOCK_FRAMES = 60_000
SHORTEST_PAUSE_FRAMES = 12
LEAST_RANGE_DB = 6.0
"""Between the quiet and the loud of a recording; of steady noise it is less, of speech that can be understood in noise more."""
SPEECH_SHARE = 0.35
"""Of that range, from the quiet upwards, where speech begins."""
SILENT_PEAK = 4
"""Samples of 16 bit that never leave this range hold no sound."""


class Activity:
    """Where there is sound in a recording, in frames of 10 ms."""

    def __init__(self, samples: Samples) -> None:
        self.peak = max((int(np.abs(block.astype(np.int32)).max()) for block in _blocks(samples)), default=0)
        self.levels = np.concatenate([_levels(block) for block in _blocks(samples)] or [np.zeros(0, np.float32)])
        quiet, loud = np.percentile(self.levels, (10, 95)) if len(self.levels) else (0.0, 0.0)
        self.range_db = float(loud - quiet)
        self.is_loud = self.levels > quiet + SPEECH_SHARE * self.range_db
        self._sums = np.concatenate([[0], np.cumsum(self.is_loud)])

    @property
    def is_silent(self) -> bool:
        """Whether there is no sound at all."""
        return self.peak <= SILENT_PEAK

    @property
    def is_steady(self) -> bool:
        """Whether its level hardly changes, as that of noise and tones does."""
        return self.range_db < LEAST_RANGE_DB

    def loud_seconds(self, start: float, end: float) -> float:
        """How much of the time from `start` to `end` is loud."""
        first, last = (min(max(round(at / FRAME_SECONDS), 0), len(self.levels)) for at in (start, end))
        return float(self._sums[max(last, first)] - self._sums[first]) * FRAME_SECONDS

    def find_cut(self, start: float, end: float) -> float:
        """The middle of the longest pause between two times, or the quietest moment where there is none."""
        first, last = round(start / FRAME_SECONDS), min(round(end / FRAME_SECONDS), len(self.levels))
        if last - first < 2:
            return start
        begin, length = _longest_run(~self.is_loud[first:last])
        if length >= SHORTEST_PAUSE_FRAMES:
            return (first + begin + length // 2) * FRAME_SECONDS
        return (first + int(np.argmin(_smooth(self.levels[first:last])))) * FRAME_SECONDS

    def parts(self, least: float, most: float) -> Iterator[tuple[float, float]]:
        """The whole recording in parts of at most `most` seconds, cut in pauses, none much shorter than `least`."""
        length, start = len(self.levels) * FRAME_SECONDS, 0.0
        while length - start > most:
            end = self.find_cut(start + least, start + most)
            yield start, end
            start = end
        yield start, length


def _blocks(samples: Samples) -> Iterator[Samples]:
    """Views of whole frames, so that no copy of the whole is made."""
    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    for start in range(0, whole, BLOCK_FRAMES * FRAME_SAMPLES):
        yield samples[start : min(start + BLOCK_FRAMES * FRAME_SAMPLES, whole)]


def _levels(block: Samples) -> np.ndarray:
    """Of each frame, in dB of one step of 16 bit."""
    frames = block.reshape(-1, FRAME_SAMPLES).astype(np.float32)
    frames -= frames.mean(axis=1, keepdims=True)
    levels: np.ndarray = 10 * np.log10(np.maximum((frames * frames).mean(axis=1), 0.1))
    return levels


def _longest_run(flags: np.ndarray) -> tuple[int, int]:
    """First index and length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    if not len(edges):
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return int(begins[longest]), int(ends[longest] - begins[longest])


def _smooth(levels: np.ndarray) -> np.ndarray:
    return np.convolve(levels, np.full(5, 0.2), mode="same")
