"""Speech with known times: espeak-ng says a text, and tells when each word begins.

The library's times depend on all that its process has said before, so each text has a process of its own.
"""

import ctypes
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache

import espeakng_loader
import numpy as np
import soxr

RATE = 16_000
SYNCHRONOUS, CHARACTER_POSITIONS, UTF8 = 2, 1, 1
TERMINATED, WORD = 0, 1
RATE_PARAMETER = 1


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


@dataclass(frozen=True, slots=True)
class Speech:
    """Samples of 16 bit at 16 kHz, and the words of the text with the seconds at which they begin."""

    samples: np.ndarray
    words: tuple[tuple[str, float], ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


def library() -> tuple[ctypes.CDLL, int]:
    """The library, opened, and the rate at which it speaks."""
    opened = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = opened.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    assert rate > 0
    return opened, rate


@cache
def say(text: str, voice: str = "en-us", words_per_minute: int = 140) -> Speech:
    """`text` as espeak-ng says it, the same each time."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
        return fresh.submit(_say, text, voice, words_per_minute).result()


def _say(text: str, voice: str, words_per_minute: int) -> Speech:
    opened, rate = library()
    blocks: list[np.ndarray] = []
    begins: dict[int, tuple[str, float]] = {}

    def on_sound(wave: ctypes.Array[ctypes.c_short], count: int, events: ctypes.Array[Event]) -> int:
        if wave and count:
            blocks.append(np.ctypeslib.as_array(wave, (count,)).copy())
        for event in events:
            if event.type == TERMINATED:
                return 0
            if event.type == WORD:
                first = event.text_position - 1
                begins[first] = text[first : first + event.length], event.audio_position / 1000
        return 0

    callback = CALLBACK(on_sound)
    opened.espeak_SetSynthCallback(callback)
    assert opened.espeak_SetVoiceByName(voice.encode()) == 0
    opened.espeak_SetParameter(RATE_PARAMETER, words_per_minute, 0)
    data = text.encode() + b"\0"
    assert opened.espeak_Synth(data, len(data), 0, CHARACTER_POSITIONS, 0, UTF8, None, None) == 0
    samples = soxr.resample(np.concatenate(blocks), rate, RATE)
    return Speech(samples, tuple(word for _, word in sorted(begins.items())))


def silence(seconds: float) -> np.ndarray:
    """Samples without any sound."""
    return np.zeros(round(seconds * RATE), np.int16)


def hiss(seconds: float, level: float = 300.0) -> np.ndarray:
    """White noise, the same each time."""
    noise = np.random.default_rng(7).normal(0, level, round(seconds * RATE))
    return np.clip(noise, -32768, 32767).astype(np.int16)
