"""Pieces of a recording, as readers hand them out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from base.errors import ErrorCode, Refusal

MIN_RATE, MAX_RATE = 4_000, 384_000
"""Samples a second that a recording of speech can have."""
MAX_CHANNELS = 32
CUT_SHARE = 0.98
"""Of the length that the header tells: a recording with less is cut off."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples in a row.

    Attributes:
        samples: Float32 of shape (samples, channels); 1.0 is full scale, louder ones may come.
        rate: Samples a second.
        start: When they are heard, in seconds after the beginning; None for directly after the piece before.
    """

    samples: NDArray[np.float32]
    rate: int
    start: float | None = None


def check_header(rate: int, channels: int) -> None:
    """Raise Refusal CORRUPT_FILE for what no recording has: its header is wrong, or would cost too much to believe."""
    if not MIN_RATE <= rate <= MAX_RATE:
        message = (
            f"The recording claims {rate:,} samples a second, which no recording of speech has ({MIN_RATE:,} to "
            f"{MAX_RATE:,}): its header is wrong. Export it again."
        )
        raise Refusal(ErrorCode.CORRUPT_FILE, message)
    if not 1 <= channels <= MAX_CHANNELS:
        message = f"The recording claims {channels:,} channels; 1 to {MAX_CHANNELS} are read."
        raise Refusal(ErrorCode.CORRUPT_FILE, message)


def cut_off(seconds: float, declared: float | None) -> list[str]:
    """The warning of a recording that is shorter than its header tells, else nothing."""
    if declared is None or seconds >= declared * CUT_SHARE:
        return []
    return [f"The recording is cut off: its header tells of {declared:,.1f} s, and {seconds:,.1f} s are there."]
