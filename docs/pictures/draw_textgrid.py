"""Draws textgrid.png beside this file: the TextGrid of the sample harbour.flac over its wave form.

Run it as `.venv/bin/python -m docs.pictures.draw_textgrid`.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from processors.alignment.audio import decode
from processors.alignment.dictionary import Dictionary
from processors.alignment.languages import find_model
from processors.alignment.passes.alignment import align_script
from processors.alignment.results.grid import grid_of
from processors.alignment.textgrid import Interval, TextGrid
from processors.alignment.transcripts import read_transcript
from processors.alignment.vocabulary import Vocabulary

SAMPLES = Path(__file__).parents[1] / "samples"
SHOWN_SECONDS = 2.75
PIXELS_PER_SECOND, WAVE_HEIGHT, TIER_HEIGHT, MARGIN = 440, 150, 44, 10
INK, PALE, WAVE, PAPER = (34, 40, 49), (176, 184, 196), (38, 110, 170), (255, 255, 255)
SCALE = 2


def main() -> None:
    """Align the sample and draw its beginning."""
    samples, grid = align_sample()
    length = round(SHOWN_SECONDS * PIXELS_PER_SECOND)
    height = WAVE_HEIGHT + len(grid.tiers) * TIER_HEIGHT
    picture = Image.new("RGB", ((length + 2 * MARGIN) * SCALE, (height + 2 * MARGIN) * SCALE), PAPER)
    pen = ImageDraw.Draw(picture)
    draw_wave(pen, samples, length)
    for number, tier in enumerate(grid.tiers):
        draw_tier(pen, tier.intervals, MARGIN + WAVE_HEIGHT + number * TIER_HEIGHT)
    picture.quantize(32).save(Path(__file__).with_name("textgrid.png"), optimize=True)


def align_sample() -> tuple[np.ndarray, TextGrid]:
    """The samples of the recording and its TextGrid."""
    model = find_model("en-US", None)
    text = (SAMPLES / "harbour.txt").read_bytes()
    script = Vocabulary(Dictionary.load(model.dictionary), model.language).read(read_transcript("harbour.txt", text))
    sound = decode(SAMPLES / "harbour.flac")
    with tempfile.TemporaryDirectory() as folder:
        aligned = align_script(sound.samples, script, model, Path(folder), lambda _: None)
    return sound.samples, grid_of(script, aligned, sound.seconds)


def draw_wave(pen: ImageDraw.ImageDraw, samples: np.ndarray, length: int) -> None:
    """The loudest and the lowest sample of each column."""
    shown = samples[: round(SHOWN_SECONDS * 16_000)].astype(float) / 32_768
    middle = MARGIN + WAVE_HEIGHT / 2
    for column, part in enumerate(np.array_split(shown, length * SCALE)):
        top, bottom = (middle - level * WAVE_HEIGHT / 2 for level in (part.max(), part.min()))
        pen.line([(MARGIN * SCALE + column, top * SCALE), (MARGIN * SCALE + column, bottom * SCALE)], WAVE)


def draw_tier(pen: ImageDraw.ImageDraw, intervals: Iterable[Interval], top: int) -> None:
    """Boundaries through the wave form, and the label of each interval."""
    font = ImageFont.load_default(size=15 * SCALE)
    pen.line(
        [(MARGIN * SCALE, top * SCALE), ((MARGIN + SHOWN_SECONDS * PIXELS_PER_SECOND) * SCALE, top * SCALE)], INK, SCALE
    )
    for interval in intervals:
        if interval.end > SHOWN_SECONDS:
            break
        left, right = (MARGIN + at * PIXELS_PER_SECOND for at in (interval.start, interval.end))
        if top == MARGIN + WAVE_HEIGHT:
            pen.line([(right * SCALE, MARGIN * SCALE), (right * SCALE, top * SCALE)], PALE)
        pen.line([(right * SCALE, top * SCALE), (right * SCALE, (top + TIER_HEIGHT) * SCALE)], INK, SCALE)
        pen.text(((left + right) / 2 * SCALE, (top + TIER_HEIGHT / 2) * SCALE), interval.text, INK, font, "mm")


if __name__ == "__main__":
    main()
