"""Recordings in WAV, AIFF and FLAC, by libsndfile."""

from collections.abc import Iterator
from pathlib import Path

import soundfile

from base.errors import ErrorCode, Refusal
from processors.alignment.decoding.headers import Header, read_header
from processors.alignment.decoding.pieces import Piece, check_header, cut_off

BLOCK_SECONDS = 1


class NotRead(Exception):  # noqa: N818  its catcher has another reader
    """libsndfile cannot open it."""


def read_sndfile(path: Path, warnings: list[str]) -> Iterator[Piece]:
    """The pieces of the recording at `path`; what is to be said of it is added to `warnings`.

    Raises NotRead, and Refusal CORRUPT_FILE for a header that cannot be.
    """
    header = read_header(path)
    if header is not None:
        check_header(header.rate, header.channels)
    try:
        sound = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError) as error:
        raise NotRead from error
    with sound:
        check_header(sound.samplerate, sound.channels)
        count = 0
        while True:
            try:
                block = sound.read(sound.samplerate * BLOCK_SECONDS, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError) as error:
                if not count:
                    raise Refusal(
                        ErrorCode.CORRUPT_FILE, "The recording is damaged: none of it can be decoded."
                    ) from error
                break
            if not len(block):
                break
            count += len(block)
            yield Piece(block, sound.samplerate)
        if not count:  # a header that was never finished says that there is no data
            raise NotRead
        warnings += cut_off(count / sound.samplerate, declared_seconds(header, sound))
        if header is not None and header.contradiction:
            warnings.append(header.contradiction)


def declared_seconds(header: Header | None, sound: soundfile.SoundFile) -> float | None:
    """How long the recording is by its header; None where the header leaves it open."""
    if sound.format == "FLAC":
        return float(sound.frames / sound.samplerate) if sound.frames < 2**36 else None
    return header.seconds if header is not None else None
