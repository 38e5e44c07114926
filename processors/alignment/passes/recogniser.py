"""Recogniser: pocketsphinx with a dictionary of the words of one script.

The library never sees text of a client: every token has a name of its own (`w17`) there. Wrong calls it answers
with RuntimeError, and a decoder that raised one is not used again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pocketsphinx import Config, Decoder

from processors.alignment.languages import SpeechModel
from processors.alignment.passes.language_model import write_language_model
from processors.alignment.passes.script import Token

RATE = 16_000
FRAME_SECONDS = 0.01
FRAME_SAMPLES = round(RATE * FRAME_SECONDS)
STRICT_BEAM, WIDE_BEAM = 1e-100, 1e-200
"""With the library's own 1e-48 a clean clip of 25 seconds may have no path."""
NOISE_STEPS = 8
"""Of 16 bit, 72 dB below full scale. The models never heard digital silence: beside it words would be half a second off."""
PAUSE_FRAMES = 20
"""Of silence before what is aligned: without it the first phone may take all that lies before it, a quarter of a second and more."""
Samples = np.ndarray[tuple[int], np.dtype[np.int16]]


@dataclass(frozen=True, slots=True)
class Heard:
    """A token that was recognised, with its times in seconds."""

    name: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class AlignedPhone:
    """A phone with its times in seconds."""

    label: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class AlignedToken:
    """A token with its times in seconds, the phones that it was spoken with, and how well they fit: 0 is best."""

    start: float
    end: float
    phones: tuple[AlignedPhone, ...]
    score: float


class Recogniser:
    """Decodes and aligns parts of one recording.

    Args:
        model: Of the language.
        tokens: All that the script may be read as.
        folder: For the files that the library reads; they stay.
    """

    def __init__(self, model: SpeechModel, tokens: Iterable[Token], folder: Path) -> None:
        self._model = model
        self._folder = folder
        different = dict.fromkeys(tokens)
        self._names = {token.text: number for number, token in enumerate(different)}
        self._dictionary = folder / "words.dict"
        self._dictionary.write_text("".join(_dictionary_lines(different)), encoding="utf-8")
        self._aligners: dict[float, Decoder] = {}
        self._listener: Decoder | None = None

    def name_of(self, token: Token) -> int:
        """The number by which the token is recognised."""
        return self._names[token.text]

    def listen_for(self, sentences: Iterable[Sequence[Token]]) -> None:
        """Expect what `sentences` say, from `hear` on."""
        path = self._folder / "script.arpa"
        write_language_model(path, [[self._label(token) for token in sentence] for sentence in sentences])
        self._listener = self._decoder(lm=str(path), fwdflat=False, bestpath=False)

    def hear(self, samples: Samples) -> list[Heard]:
        """What is said in `samples`, as far as it is of the script."""
        assert self._listener is not None  # noqa: S101  `listen_for` goes before
        _feed(self._listener, samples)
        return [
            Heard(number, segment.start_frame * FRAME_SECONDS, (segment.end_frame + 1) * FRAME_SECONDS)
            for segment in self._listener.seg() or ()
            if (number := _number_of(segment.word)) is not None
        ]

    def stop_listening(self) -> None:
        """Give the memory back that `listen_for` took."""
        self._listener = None

    def align(self, samples: Samples, tokens: Sequence[Token], beam: float = STRICT_BEAM) -> list[AlignedToken] | None:
        """Where each token is, if all of them are spoken in `samples` in this order; None where there is no path.

        Memory grows with the square of the length: give 30 seconds at a time.
        """
        aligner = self._aligners.get(beam) or self._aligners.setdefault(beam, self._aligner(beam))
        try:
            return self._align(aligner, samples, tokens)
        except RuntimeError:  # of the second step, where the beams lost the path: the decoder is not to be used again
            del self._aligners[beam]
            return None

    def _align(self, aligner: Decoder, samples: Samples, tokens: Sequence[Token]) -> list[AlignedToken] | None:
        padded = np.pad(samples, (PAUSE_FRAMES * FRAME_SAMPLES, 0))
        aligner.set_align_text(" ".join(self._label(token) for token in tokens))
        _feed(aligner, padded)
        if aligner.seg() is None or aligner.hyp() is None:
            return None
        aligner.set_alignment()
        _feed(aligner, padded)
        found = [_aligned(word) for word in aligner.get_alignment() if _number_of(word.name) is not None]
        is_whole = len(found) == len(tokens) and all(one.start < one.end for one in found)
        return found if is_whole else None

    def _aligner(self, beam: float) -> Decoder:
        return self._decoder(lm=None, bestpath=False, beam=beam, wbeam=beam, pbeam=beam)

    def _decoder(self, **settings: Any) -> Decoder:
        given = {"hmm": str(self._model.acoustic_model), "dict": str(self._dictionary), "loglevel": "FATAL"}
        return Decoder(Config(**given, **_features_of(self._model.acoustic_model), **settings))

    def _label(self, token: Token) -> str:
        return f"w{self._names[token.text]}"


def _dictionary_lines(tokens: Iterable[Token]) -> Iterator[str]:
    for number, token in enumerate(tokens):
        for variant, phones in enumerate(token.pronunciations, 1):
            yield f"w{number}{f'({variant})' if variant > 1 else ''} {phones}\n"


def _features_of(acoustic_model: Path) -> dict[str, Any]:
    """Of models whose front end is told in JSON; pocketsphinx reads `feat.params` itself."""
    path = acoustic_model / "feat_params.json"
    return orjson.loads(path.read_bytes()) if path.is_file() else {}


def _feed(decoder: Decoder, samples: Samples) -> None:
    decoder.start_utt()
    decoder.process_raw(with_noise(samples).tobytes(), full_utt=True)
    decoder.end_utt()


def with_noise(samples: Samples) -> Samples:
    """The samples with noise that nobody hears, the same each time."""
    noise = np.random.default_rng(0).integers(-NOISE_STEPS, NOISE_STEPS, len(samples), np.int32, endpoint=True)
    noisy: Samples = np.clip(samples + noise, -32768, 32767).astype(np.int16)
    return noisy


def _number_of(label: str) -> int | None:
    """The number of a token by its label, which may be that of a variant; None for silence and noise."""
    name = label.partition("(")[0]
    return int(name[1:]) if name.startswith("w") and name[1:].isdigit() else None


def _aligned(word: Any) -> AlignedToken:
    phones = tuple(
        AlignedPhone(phone.name, _seconds(phone.start), _seconds(phone.start + phone.duration)) for phone in word
    )
    end = _seconds(word.start + word.duration)
    return AlignedToken(_seconds(word.start), end, phones, word.score / max(word.duration, 1))


def _seconds(frame: int) -> float:
    """From the beginning of the samples, which stand behind a pause; what is spoken does not begin before them."""
    return max(frame - PAUSE_FRAMES, 0) * FRAME_SECONDS
