"""Headers of WAV and AIFF, and the length that they claim."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

MAX_CHUNKS = 1_000
OPEN_SIZES = frozenset({0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, *range(0xFFFFFFFF - 64, 0xFFFFFFFF), *range(0x7FFFFFFF - 64, 0x7FFFFFFF)})  # fmt: skip
"""Sizes of the data that a writer to a pipe puts: it cannot know them."""
PCM, FLOAT, EXTENSIBLE = 0x0001, 0x0003, 0xFFFE


@dataclass(frozen=True, slots=True)
class Header:
    """What a header tells; `seconds` is None where it leaves the length open, `contradiction` a sentence or empty."""

    rate: int
    channels: int
    seconds: float | None = None
    contradiction: str = ""


def read_header(path: Path) -> Header | None:
    """The header of the WAV or AIFF at `path`; None for all else, and for one that breaks off."""
    with path.open("rb") as file:
        kind = file.read(12)
        if kind[:4] in {b"RIFF", b"RF64"} and kind[8:12] == b"WAVE":
            return read_wav(file)
        if kind[:4] == b"FORM" and kind[8:12] in {b"AIFF", b"AIFC"}:
            return read_aiff(file)
    return None


def chunks(file: BinaryIO, order: Literal["little", "big"]) -> Iterator[tuple[bytes, int]]:
    """Name and size of each chunk; `file` stands at its data."""
    for _ in range(MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], order)
        place = file.tell()
        yield head[:4], size
        file.seek(place + size + size % 2)


def read_wav(file: BinaryIO) -> Header | None:
    """The header of a WAV or RF64. Source: RIFF, Microsoft 1991; EBU Tech 3306 for RF64."""
    fmt, long_size = b"", None
    for name, size in chunks(file, "little"):
        if name == b"fmt ":
            fmt = file.read(min(size, 40))
        elif name == b"ds64":
            long_size = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"data":
            return wav_header(fmt, size if size not in OPEN_SIZES else long_size) if len(fmt) >= 16 else None
    return None


def wav_header(fmt: bytes, size: int | None) -> Header:
    tag, channels = int.from_bytes(fmt[:2], "little"), int.from_bytes(fmt[2:4], "little")
    rate, byte_rate = int.from_bytes(fmt[4:8], "little"), int.from_bytes(fmt[8:12], "little")
    block = int.from_bytes(fmt[12:14], "little")
    is_flat = tag in {PCM, FLOAT, EXTENSIBLE} and block > 0
    contradiction = ""
    if is_flat and byte_rate and byte_rate != rate * block:
        contradiction = (
            f"The header of the recording contradicts itself: {rate:,} samples a second, but bytes for "
            f"{byte_rate / block:,.0f}. It was read with {rate:,}."
        )
    return Header(rate, channels, size / block / rate if is_flat and size and rate else None, contradiction)


def read_aiff(file: BinaryIO) -> Header | None:
    """The header of an AIFF. Source: Audio Interchange File Format, Apple 1989: chunk COMM."""
    for name, size in chunks(file, "big"):
        if name == b"COMM" and size >= 18:
            common = file.read(18)
            if len(common) < 18:
                return None
            rate = round(from_extended(common[8:18]))
            frames = int.from_bytes(common[2:6], "big")
            return Header(rate, int.from_bytes(common[:2], "big"), frames / rate if rate and frames else None)
    return None


def from_extended(data: bytes) -> float:
    """A number of 80 bits, as AIFF has its rate; 0.0 for what is no rate."""
    exponent, mantissa = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:], "big")
    return mantissa * 2.0 ** (exponent - 16383 - 63) if exponent < 16383 + 64 else 0.0
