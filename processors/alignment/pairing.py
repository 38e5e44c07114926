"""Pairs of recordings and transcripts among files, by their names."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from processors.alignment.endings import AUDIO_ENDINGS, DICTIONARY_ENDINGS, TRANSCRIPT_ENDINGS
from processors.archives.names import is_system_file, natural_key, show_name

PREFERENCE = {ending: rank for rank, ending in enumerate(TRANSCRIPT_ENDINGS)}


@dataclass(frozen=True, slots=True)
class Pair:
    """A recording and its transcript, as places in the list of names."""

    audio: int
    transcript: int


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A file that belongs to no pair, by its place in the list of names, and why: a sentence."""

    file: int
    reason: str


@dataclass(frozen=True, slots=True)
class Pairing:
    """What each of the files is for: every one of them is in exactly one of these.

    `dictionaries` are corrected dictionaries (`.dict`), in the order of the files.
    """

    pairs: tuple[Pair, ...]
    dictionaries: tuple[int, ...]
    unpaired: tuple[Unpaired, ...]


def pair_files(names: Sequence[str]) -> Pairing:
    """Pair recordings with the transcripts of the same name, apart from ending, upper and lower case and Unicode form.

    `talk.wav` goes with `talk.txt` as with `talk.wav.txt`. One recording and one transcript are a pair whatever they are
    called. Pairs are in natural order of the names of their recordings. Never raises: what has no partner is unpaired.
    """
    endings = [ending_of(name) for name in names]
    audio: dict[str, list[int]] = {}
    transcripts: dict[str, list[int]] = {}
    unpaired: list[Unpaired] = []
    for place, (name, ending) in enumerate(zip(names, endings, strict=True)):
        if is_system_file(name):
            unpaired.append(Unpaired(place, f"“{show_name(name)}” is a file of an operating system."))
        elif ending in AUDIO_ENDINGS:
            audio.setdefault(stem_of(name), []).append(place)
        elif ending in PREFERENCE:
            transcripts.setdefault(stem_of(name), []).append(place)
        elif ending not in DICTIONARY_ENDINGS:
            message = f"“{show_name(name)}” is no recording, no transcript and no dictionary by its ending."
            unpaired.append(Unpaired(place, message))
    if sum(map(len, audio.values())) == 1 == sum(map(len, transcripts.values())):
        ((recording,),), ((transcript,),) = audio.values(), transcripts.values()
        pairs = [Pair(recording, transcript)]
    else:
        pairs = []
        for stem in audio.keys() | transcripts.keys():
            pair_stem(names, audio.get(stem, []), transcripts.get(stem, []), pairs, unpaired)
    return Pairing(
        tuple(sorted(pairs, key=lambda pair: (natural_key(names[pair.audio]), pair.audio))),
        tuple(
            place
            for place, ending in enumerate(endings)
            if ending in DICTIONARY_ENDINGS and not is_system_file(names[place])
        ),
        tuple(sorted(unpaired, key=lambda one: one.file)),
    )


def pair_stem(
    names: Sequence[str], audio: list[int], transcripts: list[int], pairs: list[Pair], unpaired: list[Unpaired]
) -> None:
    """Pair the files of one stem: its first recording with its most telling transcript."""
    transcripts = sorted(transcripts, key=lambda place: PREFERENCE[ending_of(names[place])])
    if audio and transcripts:
        pairs.append(Pair(audio[0], transcripts[0]))
    for place in audio[1:] if transcripts else audio:
        name = show_name(names[place])
        reason = (
            f"“{name}” has the same name as “{show_name(names[audio[0]])}”, which was taken: name it and its transcript otherwise."
            if transcripts
            else f"“{name}” has no transcript: upload one of the same name, such as {show_name(stem_name(names[place]))}.txt."
        )
        unpaired.append(Unpaired(place, reason))
    for place in transcripts[1:] if audio else transcripts:
        name = show_name(names[place])
        reason = (
            f"“{name}” was not needed: “{show_name(names[transcripts[0]])}” is the transcript of that recording."
            if audio
            else f"“{name}” has no recording of the same name."
        )
        unpaired.append(Unpaired(place, reason))


def ending_of(name: str) -> str:
    """The ending of a name in lower case, with its dot; empty where it has none."""
    return PurePosixPath(name.replace("\\", "/")).suffix.lower()


def stem_name(name: str) -> str:
    """`name` without its folders and its ending, and without that of a recording before it."""
    last = PurePosixPath(name.replace("\\", "/")).name
    stem = re.sub(r"\.[^.]*$", "", last) or last
    return re.sub(r"\.[^.]*$", "", stem) if ending_of(stem) in AUDIO_ENDINGS else stem


def stem_of(name: str) -> str:
    """What the names of a recording and its transcript have in common."""
    folders = PurePosixPath(name.replace("\\", "/")).parent
    return unicodedata.normalize("NFC", f"{folders}/{stem_name(name).strip()}").casefold()
