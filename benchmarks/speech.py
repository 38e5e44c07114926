"""Speech at size: ten minutes and an hour, one process on one core.

espeak-ng says sentences, and knows when each word begins. The targets: 0.1 of real time for all passes, 400 MB for ten minutes. It
speaks more clearly than people do: give a folder with recordings (talk.wav), their transcripts (talk.txt or talk.lab) and hand labels (talk.TextGrid)
to measure on these.

    python -m benchmarks.speech [minutes ...]
    python -m benchmarks.speech folder
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.alignment.sentences import sentences
from benchmarks.machine import describe_machine
from processors.alignment.audio import Sound, write_wav
from processors.alignment.endings import AUDIO_ENDINGS
from processors.alignment.textgrid import Interval, TextGrid, Tier, write_textgrid
from tests.processors.alignment.espeak import RATE, Speech, say, silence

MINUTES = (10, 60)
PAUSE_SECONDS = 0.4
QUIET = 300


def main() -> None:
    """Run it and print the figures."""
    print(f"speech\n{describe_machine()}", flush=True)
    if len(sys.argv) > 1 and not sys.argv[1].isdigit():
        for paths in recordings_in(Path(sys.argv[1])):
            run_alone(*paths)
        return
    for minutes in map(int, sys.argv[1:]) if len(sys.argv) > 1 else MINUTES:
        with tempfile.TemporaryDirectory() as folder:
            run_alone(*write_recording(Path(folder), minutes))


def run_alone(*paths: Path) -> None:
    """In a process of its own, whose memory is that of this recording alone."""
    subprocess.run([sys.executable, "-m", "benchmarks.alignment.alone", *map(str, paths)], check=True)


def recordings_in(folder: Path) -> Iterator[list[Path]]:
    """Recording, transcript and, where there are some, hand labels."""
    for path in sorted(folder.iterdir()):
        texts = [path.with_suffix(ending) for ending in (".lab", ".txt") if path.with_suffix(ending).is_file()]
        if path.suffix.lower() in AUDIO_ENDINGS and texts:
            labels = path.with_suffix(".TextGrid")
            yield [path, texts[0], *([labels] if labels.is_file() else [])]


def write_recording(folder: Path, minutes: int) -> list[Path]:
    """So many minutes of sentences with pauses between them: the recording, its transcript, and when each word begins."""
    pieces: list[np.ndarray] = []
    texts: list[str] = []
    known: list[Interval] = []
    length = 0
    for sentence in sentences(minutes):
        if length >= minutes * 60 * RATE:
            break
        speech = say(sentence)
        known += words_of(sentence, speech, length / RATE)
        texts.append(sentence)
        pieces += [speech.samples, silence(PAUSE_SECONDS)]
        length += len(speech.samples) + len(pieces[-1])
    names = [folder / f"{minutes}-minutes.{ending}" for ending in ("wav", "txt", "TextGrid")]
    write_wav(Sound(np.concatenate(pieces), RATE, ()), names[0])
    names[1].write_text("\n".join(texts))
    names[2].write_bytes(write_textgrid(TextGrid(0.0, length / RATE, (Tier("words", tuple(known)),))))
    return names


def words_of(text: str, speech: Speech, offset: float) -> Iterator[Interval]:
    """The words of a sentence without pauses: each ends where the next one begins, the last one with the sound.

    Of words that espeak-ng runs together ("in the") it tells only where the first begins: they are left out.
    """
    written = text.rstrip(".").split()
    last = np.flatnonzero(np.abs(speech.samples) > QUIET)[-1] / RATE
    following = [*speech.words[1:], ("", float(last))]
    place = 0
    for (word, start), (next_word, end) in zip(speech.words, following, strict=True):
        place = written.index(word, place) + 1
        if next_word in {"", *written[place : place + 1]}:
            yield Interval(offset + start, offset + end, word)


if __name__ == "__main__":
    main()
