"""One channel at one rate, normalised as it grows."""

from dataclasses import dataclass
from math import gcd

import numpy as np
import soxr
from numpy.typing import NDArray

from base.errors import ErrorCode, Refusal
from processors.alignment.decoding.pieces import MAX_CHANNELS, Piece

MAX_SECONDS = 3 * 3600
GAP_SECONDS = 0.02
"""Between the times of pieces: WebM rounds them to 1 ms, so that smaller gaps mean nothing."""
GAPS_NAMED = 3
FULL = 32_767
PEAK = 0.9
"""Of full scale, that the loudest sample gets."""
MOST_GAIN = 10
"""Doublings of quiet recordings."""
LOUDEST = 32_768.0
"""Floats beyond full scale that are still believed: some programs write those of 16 bits."""
CANCELLED = 0.3
"""Of the energy that channels with nothing in common have together: less means opposite phases."""
SILENCE_SECONDS = 10
MAX_DIGITS = 5
"""After the point of the length in seconds: some readers of TextGrids round to as many."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float32]


@dataclass(slots=True)
class Energies:
    """Energy of the mix, and of each channel."""

    mix: float
    channels: NDArray[np.float64]
    count: int = 1

    def add(self, samples: Floats, mix: Floats) -> None:
        self.mix += float(np.dot(mix, mix))
        self.count = max(self.count, samples.shape[1])
        self.channels[: samples.shape[1]] += np.einsum("ij,ij->j", samples, samples, dtype=np.float64)

    def loudest_of_opposites(self) -> int | None:
        """The loudest channel where the channels cancel each other in the mix, else None."""
        together = float(self.channels.sum()) / self.count**2
        return int(self.channels.argmax()) if self.count > 1 and self.mix < CANCELLED * together else None


class Mono:
    """What a recording becomes: samples of 16 bits, one channel, at `rate`, as loud as they can be.

    Samples are kept as integers of 16 bits at a gain that is halved whenever a louder one comes, so that a quiet
    recording loses nothing and memory is two bytes a sample.

    Args:
        rate: Samples a second of the result.
        channel: The channel that is taken; the mean of all where it is None.
        max_seconds: Of all samples and the gaps between them.
    """

    def __init__(self, rate: int, channel: int | None, max_seconds: float) -> None:
        self.warnings: list[str] = []
        self.energies = Energies(0.0, np.zeros(MAX_CHANNELS))
        self.peak = 0.0
        self._rate, self._channel, self._max_seconds = rate, channel, max_seconds
        self._data = bytearray()
        self._doublings = MOST_GAIN
        self._seconds = 0.0
        self._shift = 0.0
        self._gaps: list[tuple[float, float]] = []
        self._source_rate = 0
        self._resampler: soxr.ResampleStream | None = None

    def add(self, piece: Piece) -> None:
        """Add `piece` at its time. Raises Refusal FILE_TOO_LARGE for what goes beyond `max_seconds`."""
        if piece.rate != self._source_rate:
            self._use_rate(piece.rate)
        if piece.start is not None:
            self._go_to(piece.start)
        samples = np.clip(np.nan_to_num(piece.samples, nan=0.0, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
        mean: Floats = samples.mean(axis=1, dtype=np.float32) if samples.shape[1] > 1 else samples[:, 0]
        self.energies.add(samples, mean)
        self._put(mean if self._channel is None else samples[:, min(self._channel, samples.shape[1] - 1)])

    def finish(self) -> Samples:
        """All samples, their loudest at nine tenths of full scale, as many as make a length of at most five digits after the point."""
        self._use_rate(0)
        if self._gaps:
            self.warnings.append(name_gaps(self._gaps))
        period = self._rate // gcd(self._rate, 10**MAX_DIGITS)
        self._data.extend(bytes(2 * (-(len(self._data) // 2) % period)))
        samples = np.frombuffer(self._data, np.int16)
        loudest = max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
        self.peak = loudest / FULL / 2**self._doublings
        if loudest:
            scale = PEAK * FULL / loudest
            for start in range(0, len(samples), FULL):
                part = samples[start : start + FULL]
                part[:] = np.rint(part * np.float32(scale))
        return samples

    def _use_rate(self, rate: int) -> None:
        """Take samples of another rate from now on, after what is still in the resampler."""
        if self._resampler is not None:
            self._keep(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        is_needed = rate not in {0, self._rate}
        self._resampler = soxr.ResampleStream(rate, self._rate, 1, dtype="float32") if is_needed else None
        self._source_rate = rate

    def _go_to(self, start: float) -> None:
        """Fill with silence what is missing before `start`, or go on without a break where time goes back."""
        gap = start + self._shift - self._seconds
        if gap < -GAP_SECONDS:
            self._shift -= gap
        elif gap > GAP_SECONDS:
            self._check_length(gap)
            if self._seconds:  # before the beginning it is none: the sound of a film may begin later
                self._gaps.append((self._seconds, gap))
            missing = round(gap * self._source_rate)
            while missing > 0:
                count = min(missing, SILENCE_SECONDS * self._source_rate)
                self._put(np.zeros(count, np.float32))
                missing -= count

    def _put(self, samples: Floats) -> None:
        self._check_length(len(samples) / self._source_rate)
        self._seconds += len(samples) / self._source_rate
        self._keep(self._resampler.resample_chunk(np.ascontiguousarray(samples)) if self._resampler else samples)

    def _check_length(self, seconds: float) -> None:
        if self._seconds + seconds > self._max_seconds:
            message = f"The recording is longer than {self._max_seconds / 3600:g} hours: divide it."
            raise Refusal(ErrorCode.FILE_TOO_LARGE, message)

    def _keep(self, samples: Floats) -> None:
        """Add samples of the result, at the gain of those before, or all at a smaller one."""
        loudest = float(np.abs(samples).max(initial=0.0)) * FULL
        while loudest * 2.0**self._doublings > FULL:
            self._doublings -= 1
            kept = np.frombuffer(self._data, np.int16)
            np.right_shift(kept, 1, out=kept)
            del kept
        self._data.extend(np.rint(samples * np.float32(FULL * 2.0**self._doublings)).astype(np.int16).tobytes())


def name_gaps(gaps: list[tuple[float, float]]) -> str:
    """The gaps of a recording in a sentence."""
    named = ", ".join(f"{length:,.2f} s at {start:,.2f} s" for start, length in gaps[:GAPS_NAMED])
    told = f"{named} and {len(gaps) - GAPS_NAMED:,} more" if len(gaps) > GAPS_NAMED else named
    return f"The recording has gaps, which were filled with silence: {told}."
