"""Recordings of every format and fault become one timed channel."""

import tracemalloc
import wave
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import numpy as np
import parselmouth
import pytest
import soundfile

from base.errors import ErrorCode, Refusal
from processors.alignment.audio import RATE, Sound, decode, write_wav
from processors.alignment.decoding.ffmpeg import SafeReader
from tests.processors.alignment.sounds import bursts, encode, offset_ms, ogg_pages, pcm, silent_film, vorbis, wav

SECONDS = 3.0
REFERENCE = bursts(SECONDS, RATE)

Decode = Callable[[bytes], Sound]


@pytest.fixture
def heard(tmp_path: Path) -> Decode:
    def run(data: bytes) -> Sound:
        path = tmp_path / "blob"
        path.write_bytes(data)
        return decode(path)

    return run


def refused(heard: Decode, data: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        heard(data)
    return caught.value


@pytest.mark.parametrize(
    ("codec", "container", "rate", "late_ms", "longer_ms"),
    [
        ("pcm_s16le", "wav", 44_100, 0, 0),
        ("pcm_s24le", "wav", 48_000, 0, 0),
        ("pcm_f32le", "wav", 16_000, 0, 0),
        ("pcm_alaw", "wav", 8_000, 0, 0),
        ("adpcm_ms", "wav", 22_050, 0, 50),
        ("pcm_s16be", "aiff", 44_100, 0, 0),
        ("flac", "flac", 44_100, 0, 0),
        ("flac", "ogg", 44_100, 0, 0),
        ("libopus", "ogg", 48_000, 0, 0),
        ("libopus", "webm", 48_000, 0, 1),
        ("aac", "mp4", 44_100, 0, 1),
        ("aac", "mp4", 16_000, 0, 1),
        ("alac", "mp4", 44_100, 0, 1),
        ("aac", "adts", 44_100, 1024 / 44.1, 50),
        ("libmp3lame", "mp3", 44_100, 0, 0),
        ("libmp3lame", "mp3", 16_000, 0, 0),
        ("pcm_s16le", "matroska", 16_000, 0, 0),
        ("pcm_s16le", "caf", 16_000, 0, 0),
    ],
)
def test_every_format_is_heard_when_a_player_would_play_it(
    heard: Decode, codec: str, container: str, rate: int, late_ms: float, longer_ms: float
) -> None:
    sound = heard(encode(bursts(SECONDS, rate), rate, codec, container))
    assert offset_ms(sound, REFERENCE) == pytest.approx(late_ms, abs=0.6)
    assert 0 <= sound.seconds - SECONDS <= (longer_ms + late_ms + 0.3) / 1000
    assert sound.warnings == ()


def test_vorbis_is_heard_in_its_time(heard: Decode) -> None:
    sound = heard(vorbis(bursts(SECONDS, 44_100), 44_100))
    assert abs(offset_ms(sound, REFERENCE)) < 0.6
    assert sound.seconds == pytest.approx(SECONDS, abs=0.001)
    assert sound.warnings == ()


def test_an_mp3_that_does_not_tell_its_delay_is_late_by_what_the_warning_says(heard: Decode) -> None:
    sound = heard(encode(bursts(SECONDS, 16_000), 16_000, "libmp3lame", "mp3", options={"write_xing": "0"}))
    assert offset_ms(sound, REFERENCE) == pytest.approx(1105 / 16, abs=0.6)
    (warning,) = sound.warnings
    assert "about 69 ms late" in warning


def test_the_tag_of_an_mp3_is_no_sound(heard: Decode) -> None:
    plain = encode(
        bursts(SECONDS, 44_100), 44_100, "libmp3lame", "mp3", options={"id3v2_version": "0", "write_id3v1": "1"}
    )
    size = 70_000
    tag = b"ID3\x04\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127]) + bytes(size)
    sound = heard(tag + plain)
    assert abs(offset_ms(sound, REFERENCE)) < 0.6
    assert sound.seconds == pytest.approx(SECONDS, abs=0.001)


@pytest.mark.parametrize("dtype", ["u1", "<i2", "<i4", "<f4", "<f8"])
def test_every_width_of_samples_is_read(heard: Decode, dtype: str) -> None:
    data = np.rint(REFERENCE * 127 + 128).astype("u1").tobytes() if dtype == "u1" else pcm(REFERENCE, dtype)
    sound = heard(wav(data, bits=np.dtype(dtype).itemsize * 8, tag=3 if "f" in dtype else 1))
    assert abs(offset_ms(sound, REFERENCE)) < 0.1
    assert sound.peak == pytest.approx(0.5, abs=0.01)
    assert len(sound.samples) == len(REFERENCE)


def test_levels_are_normalised_without_loss(heard: Decode) -> None:
    loud = heard(wav(pcm(REFERENCE, "<f4"), bits=32, tag=3)).samples.astype(int)
    assert np.abs(loud).max() == round(0.9 * 32_767)
    for gain in (1e-3, 30.0, 32_767.0):
        other = heard(wav(pcm(REFERENCE * gain, "<f4"), bits=32, tag=3)).samples
        assert np.abs(other - loud).max() <= 2


def test_a_loud_sample_late_in_the_file_scales_all_before(heard: Decode) -> None:
    samples = np.concatenate([REFERENCE * 0.001, REFERENCE])
    sound = heard(wav(pcm(samples, "<f4"), bits=32, tag=3)).samples
    expected = samples / np.abs(samples).max() * 0.9 * 32_767
    assert np.abs(sound - expected).max() <= 2


def test_floats_that_are_no_numbers_are_silence(heard: Decode) -> None:
    samples = REFERENCE.copy()
    samples[[10, 11, 12]] = [np.nan, np.inf, -np.inf]
    sound = heard(wav(pcm(samples, "<f4"), bits=32, tag=3))
    assert abs(offset_ms(sound, REFERENCE)) < 0.1


def test_digital_silence_stays_silence(heard: Decode) -> None:
    sound = heard(wav(bytes(2 * RATE)))
    assert not sound.samples.any()
    assert (sound.seconds, sound.peak) == (1.0, 0.0)


def test_channels_are_mixed(heard: Decode) -> None:
    left, right = REFERENCE, bursts(SECONDS, RATE, seed=8)
    sound = heard(wav(pcm(np.stack([left, right], 1)), channels=2))
    assert abs(offset_ms(sound, left)) < 0.1
    assert abs(offset_ms(sound, right)) < 0.1
    assert sound.warnings == ()


def test_opposite_phases_are_noticed_and_the_loudest_channel_is_used(heard: Decode) -> None:
    sound = heard(wav(pcm(np.stack([REFERENCE * 0.9, -REFERENCE], 1)), channels=2))
    (warning,) = sound.warnings
    assert "opposite phases" in warning
    assert "channel 2" in warning
    assert np.corrcoef(sound.samples, -REFERENCE)[0, 1] > 0.999


def test_a_silent_channel_is_no_opposite_phase(heard: Decode) -> None:
    six = np.zeros((len(REFERENCE), 6))
    six[:, 2] = REFERENCE
    sound = heard(wav(pcm(six), channels=6))
    assert sound.warnings == ()
    assert np.abs(sound.samples).max() == round(0.9 * 32_767)


def test_the_length_has_at_most_five_digits(heard: Decode, tmp_path: Path) -> None:
    sound = heard(wav(pcm(REFERENCE[:12_345])))
    assert len(sound.samples) == 12_348
    assert sound.seconds == round(sound.seconds, 5)
    write_wav(sound, tmp_path / "out.wav")
    with wave.open(str(tmp_path / "out.wav")) as file:
        assert file.getparams()[:4] == (1, 2, RATE, 12_348)
        assert file.readframes(20_000) == sound.samples.tobytes()
    assert parselmouth.Sound(str(tmp_path / "out.wav")).duration == pytest.approx(sound.seconds, abs=1e-12)
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_16"


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFDB])
def test_a_wav_of_a_writer_that_did_not_know_its_size_is_whole(heard: Decode, size: int) -> None:
    sound = heard(wav(pcm(REFERENCE), size=size))
    assert len(sound.samples) == len(REFERENCE)
    assert sound.warnings == ()


def cut_wav() -> bytes:
    return wav(pcm(REFERENCE))[: 44 + 2 * RATE]


def cut_flac() -> bytes:
    data = encode(bursts(SECONDS, 44_100), 44_100, "flac", "flac")
    return data[: len(data) // 2]


def cut_aiff() -> bytes:
    data = encode(bursts(SECONDS, 44_100), 44_100, "pcm_s16be", "aiff")
    return data[: len(data) // 2]


def cut_mp3() -> bytes:
    data = encode(bursts(SECONDS, 44_100), 44_100, "libmp3lame", "mp3")
    return data[: len(data) // 2]


def cut_opus() -> bytes:
    pages = ogg_pages(encode(bursts(30.0, 48_000), 48_000, "libopus", "ogg", options={"page_duration": "200000"}))
    return b"".join(pages[: len(pages) // 2])


def cut_webm() -> bytes:
    data = encode(bursts(30.0, 48_000), 48_000, "libopus", "webm")
    return data[: len(data) // 2]


def cut_m4a() -> bytes:
    data = encode(bursts(30.0, 44_100), 44_100, "aac", "mp4", options={"movflags": "faststart"})
    return data[: len(data) // 2]


@pytest.mark.parametrize("make", [cut_wav, cut_flac, cut_aiff, cut_mp3, cut_opus, cut_webm, cut_m4a])
def test_a_file_that_is_cut_off_gives_what_it_has_and_a_warning(heard: Decode, make: Callable[[], bytes]) -> None:
    sound = heard(make())
    assert sound.seconds > 0.8
    assert any("cut off" in warning or "breaks off" in warning for warning in sound.warnings), sound.warnings
    whole = bursts(30.0 if sound.seconds > SECONDS else SECONDS, RATE)
    assert abs(offset_ms(sound, whole[: len(sound.samples)])) < 1.0


def test_damaged_packets_leave_silence_and_the_rest_in_its_place(heard: Decode) -> None:
    pages = list(
        ogg_pages(encode(bursts(SECONDS, 48_000), 48_000, "libopus", "ogg", options={"page_duration": "20000"}))
    )
    del pages[40:90]
    sound = heard(b"".join(pages))
    late = bursts(SECONDS, RATE)
    assert sound.seconds == pytest.approx(SECONDS, abs=0.1)
    end = slice(round(2.2 * RATE), round(2.9 * RATE))
    tail = Sound(sound.samples[end], RATE, ())
    assert abs(offset_ms(tail, late[end])) < 1.0
    assert any("gaps" in warning for warning in sound.warnings)


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"", ErrorCode.CORRUPT_FILE, "empty"),
        (b"<!doctype html><p>Not found", ErrorCode.UNSUPPORTED_TYPE, "web page"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.mp3\n", ErrorCode.UNSUPPORTED_TYPE, "playlist"),
        (b"ffconcat version 1.0\nfile /etc/hostname\n", ErrorCode.UNSUPPORTED_TYPE, "no recording"),
        (bytes(5_000), ErrorCode.UNSUPPORTED_TYPE, "no recording"),
        (wav(b""), ErrorCode.CORRUPT_FILE, "not one sample"),
        (wav(bytes(100), rate=1_092_676), ErrorCode.CORRUPT_FILE, "1,092,676 samples a second"),
        (wav(bytes(100), rate=3), ErrorCode.CORRUPT_FILE, "3 samples a second"),
        (wav(bytes(100), rate=0), ErrorCode.CORRUPT_FILE, "0 samples a second"),
        (wav(bytes(800), channels=200), ErrorCode.CORRUPT_FILE, "200 channels"),
        (b"OggS" + bytes(200), ErrorCode.CORRUPT_FILE, "cannot be opened"),
        (b"\x1a\x45\xdf\xa3" + bytes(200), ErrorCode.CORRUPT_FILE, "recording"),
        (b"RIFF\x24\0\0\0WAVE", ErrorCode.CORRUPT_FILE, "recording"),
        (b"fLaC" + bytes(60), ErrorCode.CORRUPT_FILE, "recording"),
    ],
)
def test_what_is_no_recording_is_refused(heard: Decode, data: bytes, code: ErrorCode, words: str) -> None:
    refusal = refused(heard, data)
    assert refusal.code is code
    assert words in refusal.message


def test_a_video_without_sound_is_refused(heard: Decode) -> None:
    assert "holds no sound" in refused(heard, silent_film()).message


def test_an_m4a_whose_index_was_never_written_is_refused(heard: Decode) -> None:
    m4a = encode(bursts(1.0, 44_100), 44_100, "aac", "mp4")
    assert refused(heard, m4a[: m4a.index(b"moov") - 4]).code is ErrorCode.CORRUPT_FILE


def test_a_header_that_contradicts_itself_is_told(heard: Decode) -> None:
    sound = heard(wav(pcm(REFERENCE), rate=16_000, byte_rate=88_200))
    (warning,) = sound.warnings
    assert "16,000 samples a second, but bytes for 44,100" in warning


def test_memory_is_that_of_the_result(heard: Decode) -> None:
    data = wav(pcm(np.tile(REFERENCE, 40)[:, None].repeat(2, 1)), channels=2)
    tracemalloc.start()
    try:
        sound = heard(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sound.seconds == 120
    assert peak < 1.5 * sound.samples.nbytes + 2**20


def test_what_is_too_long_is_refused_before_it_fills_memory(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(wav(pcm(REFERENCE)))
    with pytest.raises(Refusal) as caught:
        decode(path, max_seconds=2)
    assert caught.value.code is ErrorCode.FILE_TOO_LARGE


def test_a_container_may_name_places_that_no_file_has(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"abc")
    with SafeReader(FileIO(path)) as file:
        assert [file.seek(-1), file.seek(2**80), file.seek(-9, 2), file.seek(1)] == [-1, -1, -1, 1]
        assert file.read() == b"bc"


def test_chained_streams_are_heard_one_after_the_other(heard: Decode) -> None:
    parts = [encode(bursts(1.5, 48_000, seed), 48_000, "libopus", "ogg") for seed in (1, 2)]
    sound = heard(b"".join(parts))
    assert sound.seconds == pytest.approx(3.0, abs=0.03)
    for seed, at in ((1, 0.0), (2, 1.5)):
        part = Sound(sound.samples[round(at * RATE) :], RATE, ())
        assert abs(offset_ms(part, bursts(1.5, RATE, seed))) < 30


def test_joined_mp3_are_heard_to_the_end(heard: Decode) -> None:
    parts = [encode(bursts(1.5, 44_100, seed), 44_100, "libmp3lame", "mp3") for seed in (1, 2)]
    sound = heard(b"".join(parts))
    assert sound.seconds == pytest.approx(3.0, abs=0.15)
    assert abs(offset_ms(sound, bursts(1.5, RATE, 1))) < 1
