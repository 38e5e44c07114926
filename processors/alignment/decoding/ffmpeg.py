"""Recordings in all formats but the plain ones, by FFmpeg."""

from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from base.errors import ErrorCode, Refusal
from processors.alignment.decoding.mpeg import unknown_delay
from processors.alignment.decoding.pieces import Piece, check_header, cut_off

TIMED_FORMATS = frozenset({"mov", "matroska", "asf", "caf", "au", "flac", "wav", "aiff", "w64"})
"""Formats that say how long they are; of others FFmpeg estimates it by the bit rate."""
OVERHANG_SECONDS = 0.2
"""Of the last frame of an M4A, beyond the length that it tells: padding of the encoder."""
MAX_BROKEN = 5_000
"""Packets that cannot be decoded before the rest is given up."""
OGG_END = 0x04
PAGE_BYTES = 65_307


def read_ffmpeg(path: Path, demuxer: str, warnings: list[str]) -> Iterator[Piece]:
    """The pieces of the recording at `path`, with their times; what is to be said of it is added to `warnings`.

    Times are those of its frames after the start of the file, as a player places them.

    Raises Refusal: CORRUPT_FILE for what cannot be opened or holds no sound, UNSUPPORTED_TYPE for a codec that is not known.
    """
    with SafeReader(FileIO(path)) as file:
        delay = unknown_delay(file) if demuxer == "mp3" else None
        file.seek(0)
        with open_container(file, demuxer) as container:
            stream = first_stream(container, warnings)
            length = declared_seconds(container, stream, demuxer, is_estimated=delay is not None)
            end = None
            for piece in decode_pieces(container, stream, warnings):
                kept = trim(piece, length) if demuxer == "mov" else piece
                end = (piece.start or 0.0) + len(kept.samples) / piece.rate if piece.start is not None else None
                yield kept
            if end is not None:
                warnings += cut_off(end, length)
        if demuxer == "ogg" and not has_end_mark(file):
            warnings.append("The recording has no end mark: it may be cut off.")
    if delay is not None:
        warnings.append(
            "The MP3 does not tell the delay of its encoder: all of it, and with it all times, comes about "
            f"{delay * 1000:.0f} ms late, in players too."
        )


class SafeReader(BufferedReader):
    """A file to which a damaged container may name places that cannot be: PyAV prints what is raised for them."""

    def seek(self, target: int, whence: int = 0, /) -> int:
        try:
            return super().seek(target, whence)
        except (OSError, ValueError, OverflowError):
            return -1


def open_container(file: BinaryIO, demuxer: str) -> InputContainer:
    """The container in `file`, read by one demuxer alone, which may open nothing else."""
    try:
        container = av.open(file, format=demuxer, metadata_errors="replace", io_open=refuse_open)
    except (av.FFmpegError, ValueError, OSError) as error:
        message = "The recording is damaged, or was not uploaded completely: it cannot be opened."
        raise Refusal(ErrorCode.CORRUPT_FILE, message) from error
    return cast("InputContainer", container)


def refuse_open(*_: Any) -> NoReturn:
    """What a container that names other files is told."""
    raise PermissionError


def first_stream(container: InputContainer, warnings: list[str]) -> av.AudioStream:
    """The sound of `container`, the first where there are several. Raises Refusal."""
    streams = container.streams.audio
    if not streams:
        raise Refusal(ErrorCode.CORRUPT_FILE, "The file holds no sound.")
    stream = streams[0]
    try:
        rate, channels = stream.codec_context.sample_rate, stream.codec_context.channels
    except AttributeError as error:
        message = "The recording is protected, or its codec is not known. Export it as WAV or FLAC."
        raise Refusal(ErrorCode.UNSUPPORTED_TYPE, message) from error
    if rate and channels:
        check_header(rate, channels)
    if len(streams) > 1:
        warnings.append(f"The file has {len(streams)} soundtracks: the first was used.")
    return stream


def declared_seconds(
    container: InputContainer, stream: av.AudioStream, demuxer: str, *, is_estimated: bool
) -> float | None:
    """How long the recording is by its header; None where that is not told or only estimated."""
    if demuxer not in TIMED_FORMATS and (demuxer != "mp3" or is_estimated):
        return None
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and not container.streams.video:
        return float(container.duration / av.time_base)
    return None


def decode_pieces(container: InputContainer, stream: av.AudioStream, warnings: list[str]) -> Iterator[Piece]:
    """All that can be decoded; packets that cannot are counted, and leave a gap."""
    origin = (container.start_time or 0) / av.time_base
    broken, is_cut, has_sound = 0, False, False
    packets = container.demux(stream)
    while broken <= MAX_BROKEN:
        try:
            packet = next(packets)
        except StopIteration:
            break
        except (av.FFmpegError, OSError):
            is_cut = True
            break
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            broken += 1
            continue
        for frame in frames:
            if not frame.samples:
                continue
            check_header(frame.sample_rate, frame.layout.nb_channels)
            has_sound = True
            yield Piece(to_samples(frame), frame.sample_rate, None if frame.time is None else frame.time - origin)
    if broken and has_sound:
        warnings.append(f"{broken:,} packets of the recording are damaged and were left out.")
    if is_cut and has_sound:
        warnings.append("The recording breaks off in the middle of its data: what comes before that was used.")
    if not has_sound and (broken or is_cut):
        raise Refusal(ErrorCode.CORRUPT_FILE, "The recording is damaged: none of it can be decoded.")


def to_samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    """The samples of a frame, one column a channel; 1.0 is full scale."""
    data: NDArray[Any] = frame.to_ndarray()
    data = data.T if frame.format.is_planar else data.reshape(-1, frame.layout.nb_channels)
    if data.dtype == np.uint8:
        return (data.astype(np.float32) - 128.0) / 128.0
    if np.issubdtype(data.dtype, np.integer):
        return data.astype(np.float32) / -float(np.iinfo(data.dtype).min)
    return data.astype(np.float32)


def trim(piece: Piece, length: float | None) -> Piece:
    """`piece` without what its encoder added behind the end of the recording."""
    if length is None or piece.start is None:
        return piece
    end = piece.start + len(piece.samples) / piece.rate
    if not 0 < end - length < OVERHANG_SECONDS:
        return piece
    kept = max(0, round((length - piece.start) * piece.rate))
    return Piece(piece.samples[:kept], piece.rate, piece.start)


def has_end_mark(file: BinaryIO) -> bool:
    """Whether the last page of an Ogg file says that it is the last. Source: RFC 3533, section 6."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 2 * PAGE_BYTES))
    tail = file.read()
    place = tail.rfind(b"OggS")
    return place >= 0 and len(tail) > place + 5 and bool(tail[place + 5] & OGG_END)
