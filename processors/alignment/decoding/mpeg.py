"""Frames of MPEG audio (MP3) and ADTS (AAC): the first one, and the delay of its encoder.

Source: ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-7, 6.2; ID3 tag version 2.4.0, section 3.1.
"""

from dataclasses import dataclass
from typing import BinaryIO

ID3_HEADER_BYTES = 10
MAX_TAGS = 8
BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits a second by version (2 for 2 and 2.5) and layer."""
RATES = (44_100, 48_000, 32_000)
DELAY_SAMPLES = 1105
"""By which an MP3 without a header frame comes late: 528 of the decoder, 577 of the usual encoder."""
HEADER_FRAMES = (b"Xing", b"Info", b"VBRI")


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame at byte `place`, `size` bytes long."""

    place: int
    size: int
    rate: int
    is_adts: bool


def skip_tags(file: BinaryIO) -> None:
    """Move `file`, which stands at its beginning, behind its ID3 tags."""
    place = 0
    for _ in range(MAX_TAGS):
        head = file.read(ID3_HEADER_BYTES)
        if head[:3] != b"ID3" or len(head) < ID3_HEADER_BYTES:
            break
        size = 0
        for byte in head[6:10]:
            size = size << 7 | byte & 0x7F
        place += ID3_HEADER_BYTES * (2 if head[5] & 0x10 else 1) + size
        file.seek(place)
    file.seek(place)


def find_frame(data: bytes) -> Frame | None:
    """The first frame of `data` that another of its kind follows, or that `data` ends with."""
    place = data.find(b"\xff")
    while 0 <= place < len(data) - 6:
        frame = parse_frame(data, place)
        if frame is not None:
            after = parse_frame(data, place + frame.size)
            if after is not None and (after.is_adts, after.rate) == (frame.is_adts, frame.rate):
                return frame
            if place == 0 and place + frame.size >= len(data):
                return frame
        place = data.find(b"\xff", place + 1)
    return None


def parse_frame(data: bytes, place: int) -> Frame | None:
    """The frame whose header begins at `place`, if one does."""
    head = data[place : place + 6]
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return parse_adts(head, place)
    version_bits, layer, rate_bits = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 2 & 3
    if version_bits == 1 or layer == 4 or rate_bits == 3 or head[2] >> 4 in {0, 15}:
        return None
    version = 1 if version_bits == 3 else 2
    rate = RATES[rate_bits] >> (0, 0, 1, 2)[{3: 0, 2: 2, 0: 3}[version_bits]]
    bits = BITRATES[version, layer][head[2] >> 4] * 1000
    padding = head[2] >> 1 & 1
    if layer == 1:
        size = (12 * bits // rate + padding) * 4
    else:
        size = (72 if version == 2 and layer == 3 else 144) * bits // rate + padding
    return Frame(place, size, rate, is_adts=False)


def parse_adts(head: bytes, place: int) -> Frame | None:
    rates = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
    index, size = head[2] >> 2 & 0xF, (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return Frame(place, size, rates[index], is_adts=True) if index < len(rates) and size >= 7 else None


def unknown_delay(file: BinaryIO) -> float | None:
    """Seconds by which the MP3 in `file` may come late because it has no header frame; None where it has one."""
    file.seek(0)
    skip_tags(file)
    data = file.read(2**16)
    frame = find_frame(data)
    if frame is None or any(mark in data[frame.place : frame.place + frame.size] for mark in HEADER_FRAMES):
        return None
    return DELAY_SAMPLES / frame.rate
