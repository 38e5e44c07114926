"""Formats of recordings, told by their first bytes: endings lie."""

from dataclasses import dataclass
from pathlib import Path

from base.errors import ErrorCode, Refusal
from processors.alignment.decoding.mpeg import find_frame, skip_tags

HEAD_BYTES = 2**16
NAMES = "WAV, AIFF, FLAC, MP3, M4A, AAC, Ogg (Opus, Vorbis), WebM, MKA, CAF, WMA and AMR"
SNDFILE_TAGS = frozenset({0x0001, 0x0002, 0x0003, 0x0006, 0x0007, 0x0011, 0x0031, 0xFFFE})
"""Codecs in WAV that libsndfile reads: PCM, ADPCM, float, A-law, µ-law, GSM, extensible."""
BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
OTHERS = {
    b"<": "a web page or XML document",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "an archive or office document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"#EXTM3U": "a playlist",
    b"MThd": "a MIDI file, which holds notes and no sound",
    b"version https://git-lfs": "a pointer to a file that was not fetched",
}


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """How a recording is read: its demuxer in FFmpeg, and whether libsndfile reads it better."""

    demuxer: str
    is_plain: bool = False


WAV, AIFF, FLAC = (
    SoundFormat("wav", is_plain=True),
    SoundFormat("aiff", is_plain=True),
    SoundFormat("flac", is_plain=True),
)
MAGIC = (
    (b"fLaC", FLAC),
    (b"OggS", SoundFormat("ogg")),
    (b"\x1a\x45\xdf\xa3", SoundFormat("matroska")),
    (b"#!AMR", SoundFormat("amr")),
    (b"caff", SoundFormat("caf")),
    (b".snd", SoundFormat("au")),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", SoundFormat("asf")),
    (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", SoundFormat("w64", is_plain=True)),
)


def find_format(path: Path) -> SoundFormat:
    """The format of the file at `path`.

    Raises Refusal: CORRUPT_FILE for an empty file, UNSUPPORTED_TYPE for what is no recording.
    """
    with path.open("rb") as file:
        skip_tags(file)
        head = file.read(HEAD_BYTES)
    if not head:
        raise Refusal(ErrorCode.CORRUPT_FILE, "The file is empty.")
    if head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE":
        return SoundFormat("wav", is_plain=head[:4] != b"BW64" and has_plain_codec(head))
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return AIFF
    if head[4:8] in BOXES:
        return SoundFormat("mov")
    for magic, found in MAGIC:
        if head.startswith(magic):
            return found
    if (frame := find_frame(head)) is not None:
        return SoundFormat("aac" if frame.is_adts else "mp3")
    raise Refusal(ErrorCode.UNSUPPORTED_TYPE, f"The file is {name_other(head)}. Recordings are read from {NAMES}.")


def has_plain_codec(head: bytes) -> bool:
    """Whether the codec of a WAV is one that libsndfile reads."""
    place = head.find(b"fmt ")
    return place < 0 or int.from_bytes(head[place + 8 : place + 10], "little") in SNDFILE_TAGS


def name_other(head: bytes) -> str:
    """What a file is that is no recording, in words."""
    stripped = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((what for magic, what in OTHERS.items() if stripped.startswith(magic)), "no recording that can be read")
