"""Recordings made for tests: sounds whose place in time can be measured, in every format."""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from processors.alignment.audio import Sound

Floats = NDArray[np.float64]


def bursts(seconds: float, rate: int, seed: int = 7) -> Floats:
    """Bursts of noise between 300 and 3,000 Hz at uneven distances: as loud as half of full scale, alike nowhere."""
    random = np.random.default_rng(seed)
    fine = 48_000
    noise = random.standard_normal(round(seconds * fine))
    spectrum = np.fft.rfft(noise)
    pitch = np.fft.rfftfreq(len(noise), 1 / fine)
    spectrum[(pitch < 300) | (pitch > 3_000)] = 0
    noise = np.fft.irfft(spectrum, len(noise))
    envelope = np.zeros(len(noise))
    at = 0.05
    while at < seconds - 0.1:
        envelope[round(at * fine) : round((at + 0.06) * fine)] = 1.0
        at += 0.1 + 0.15 * random.random()
    times = np.arange(round(seconds * rate)) / rate
    sound = np.interp(times, np.arange(len(noise)) / fine, noise * envelope)
    return np.asarray(sound / np.abs(sound).max() / 2)


def offset_ms(sound: Sound, reference: Floats) -> float:
    """By how much `sound` is later than `reference`, which has the same rate."""
    size = 1 << (len(sound.samples) + len(reference)).bit_length()
    product = np.fft.rfft(sound.samples.astype(float), size) * np.conj(np.fft.rfft(reference, size))
    together = np.fft.irfft(product, size)
    best = int(np.argmax(together))
    left, middle, right = (together[(best + step) % size] for step in (-1, 0, 1))
    shift = best + (left - right) / (2 * (left - 2 * middle + right))
    return float((shift if shift < size / 2 else shift - size) / sound.rate * 1000)


def encode(
    samples: Floats, rate: int, codec: str, container: str, *, options: dict[str, str] | None = None, **settings: Any
) -> bytes:
    """A file of `samples`, of shape (samples,) or (samples, channels)."""
    columns = samples.reshape(len(samples), -1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        write_file(path, columns, rate, codec, container, options or {}, settings)
        return path.read_bytes()


def write_file(
    path: Path,
    columns: Floats,
    rate: int,
    codec: str,
    container: str,
    options: dict[str, str],
    settings: dict[str, Any],
) -> None:
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[columns.shape[1]]
    with av.open(str(path), "w", format=container, options=options) as output:
        stream = cast("av.AudioStream", output.add_stream(codec, rate=rate, layout=layout, **settings))
        whole = np.ascontiguousarray(columns.T.astype(np.float32))
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=size)
        frame = av.AudioFrame.from_ndarray(whole, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            output.mux(stream.encode(part))
        output.mux(stream.encode(None))


def vorbis(samples: Floats, rate: int) -> bytes:
    """A file of `samples` in Ogg Vorbis."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="OGG", subtype="VORBIS")
    return file.getvalue()


def silent_film() -> bytes:
    """A film of one second without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=5, width=16, height=16, pix_fmt="yuv420p")
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        output.mux(stream.encode(None))
    return file.getvalue()


def chunk(name: bytes, data: bytes, size: int | None = None) -> bytes:
    """A chunk of RIFF, which may claim another size than it has."""
    return name + struct.pack("<I", len(data) if size is None else size) + data + bytes(len(data) % 2)


def wav(
    data: bytes,
    rate: int = 16_000,
    *,
    channels: int = 1,
    bits: int = 16,
    tag: int = 1,
    size: int | None = None,
    byte_rate: int | None = None,
) -> bytes:
    """A WAV, byte by byte; `size` and `byte_rate` are what its header claims."""
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", tag, channels, rate, (byte_rate or rate * block) & 0xFFFFFFFF, block, bits)
    body = b"WAVE" + chunk(b"fmt ", fmt) + chunk(b"data", data, size)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else min(size + 36, 0xFFFFFFFF)) + body


def pcm(samples: Floats, dtype: str = "<i2") -> bytes:
    """Samples as they stand in a WAV: integers of full scale, or floats as they are."""
    kind = np.dtype(dtype)
    return (samples if kind.kind == "f" else np.rint(samples * np.iinfo(kind).max)).astype(kind).tobytes()


def ogg_pages(data: bytes) -> Sequence[bytes]:
    """The pages of an Ogg file."""
    return [b"OggS" + page for page in data.split(b"OggS")[1:]]
