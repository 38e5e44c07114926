"""Recordings as one channel of 16 bits, timed as in a player."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from base.errors import ErrorCode, Refusal
from processors.alignment.decoding.ffmpeg import read_ffmpeg
from processors.alignment.decoding.formats import SoundFormat, find_format
from processors.alignment.decoding.mono import MAX_SECONDS, Mono
from processors.alignment.decoding.sndfile import NotRead, read_sndfile

RATE = 16_000


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording.

    Attributes:
        samples: Int16, one channel, the loudest at nine tenths of full scale; all 0 in digital silence. Their number is
            such that `seconds` has at most five digits after the point.
        rate: Samples a second.
        warnings: Sentences about what is wrong with the file.
        peak: The loudest sample of the file, 1.0 being full scale.
    """

    samples: NDArray[np.int16]
    rate: int
    warnings: tuple[str, ...]
    peak: float = 1.0

    @property
    def seconds(self) -> float:
        """The length: that of its samples, whatever a header said."""
        return len(self.samples) / self.rate


def decode(path: Path, rate: int = RATE, max_seconds: float = MAX_SECONDS) -> Sound:
    """The recording at `path`.

    Sound is placed by the times of its frames after the start of the file; gaps are filled with silence. A file that is
    cut off gives what it has, and a warning. Channels are mixed, or the loudest taken where they cancel each other.
    Memory is two bytes a sample of the result, and some megabytes.

    Raises Refusal: UNSUPPORTED_TYPE for what is no recording, CORRUPT_FILE for what has no sound, cannot be decoded or has a
    header that cannot be, FILE_TOO_LARGE for more than `max_seconds`.
    """
    found = find_format(path)
    mono, warnings = decode_as(path, found, rate, max_seconds)
    loudest = mono.energies.loudest_of_opposites()
    if loudest is not None:
        mono, warnings = decode_as(path, found, rate, max_seconds, loudest)
        warnings.append(
            f"The channels have opposite phases and cancel each other: channel {loudest + 1} alone was used."
        )
    samples = mono.finish()
    if not len(samples):
        raise Refusal(ErrorCode.CORRUPT_FILE, "The recording holds no sound: it has not one sample.")
    return Sound(samples, rate, (*dict.fromkeys(warnings), *mono.warnings), mono.peak)


def decode_as(
    path: Path, found: SoundFormat, rate: int, max_seconds: float, channel: int | None = None
) -> tuple[Mono, list[str]]:
    """All that is in the recording, and what is to be said of the file."""
    if found.is_plain:
        mono, warnings = Mono(rate, channel, max_seconds), list[str]()
        try:
            for piece in read_sndfile(path, warnings):
                mono.add(piece)
        except NotRead:  # a codec that libsndfile does not have
            pass
        else:
            return mono, warnings
    mono, warnings = Mono(rate, channel, max_seconds), []
    for piece in read_ffmpeg(path, found.demuxer, warnings):
        mono.add(piece)
    return mono, warnings


def write_wav(sound: Sound, path: Path) -> None:
    """Write `sound` as a WAV of 16 bits, one channel, at its rate."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, sound.rate, len(sound.samples), "NONE", "not compressed"))
        file.writeframesraw(np.ascontiguousarray(sound.samples, "<i2").data)
