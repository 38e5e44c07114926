"""The whole alignment of one recording, in one process on one core.

python -m benchmarks.alignment.alone recording transcript [TextGrid with a tier `words` that is known to be right]
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from benchmarks.machine import peak_bytes
from processors.alignment.audio import decode
from processors.alignment.dictionary import Dictionary
from processors.alignment.languages import find_model
from processors.alignment.passes.alignment import align_script
from processors.alignment.results.grid import grid_of
from processors.alignment.textgrid import Interval, TextGrid, read_textgrid
from processors.alignment.transcripts import read_transcript
from processors.alignment.vocabulary import Vocabulary


def main() -> None:
    """Print × real time of processor time, the peak memory, and how far the boundaries of words are from the known ones."""
    recording, transcript = map(Path, sys.argv[1:3])
    model = find_model("en-US", None)
    vocabulary = Vocabulary(Dictionary.load(model.dictionary, model.spellings), model.language)
    script = vocabulary.read(read_transcript(transcript.name, transcript.read_bytes()))
    began = time.process_time()
    sound = decode(recording)
    with tempfile.TemporaryDirectory() as folder:
        aligned = align_script(sound.samples, script, model, Path(folder), lambda _: None)
    seconds = time.process_time() - began
    print(
        f"{recording.name}: {sound.seconds:.1f} s, {len(script.words)} words, {len(aligned.words)} placed, match {aligned.share:.2f}"
    )
    print(
        f"  {seconds / sound.seconds:.3f} x real time   (target: 0.1); peak memory {peak_bytes() / 1e6:.0f} MB   (target: 400 MB)"
    )
    if len(sys.argv) > 3:
        compare(grid_of(script, aligned, sound.seconds), read_textgrid(Path(sys.argv[3]).read_bytes()))


def compare(found: TextGrid, known: TextGrid) -> None:
    """Print the distances of the boundaries of the words that both have."""
    ours, theirs = words_of(found), words_of(known)
    opcodes = Levenshtein.opcodes([one.text.lower() for one in ours], [one.text.lower() for one in theirs])
    errors = np.array(
        [
            abs(getattr(ours[block.a + place], side) - getattr(theirs[block.b + place], side)) * 1000
            for block in opcodes.as_matching_blocks()
            for place in range(block.size)
            for side in ("start", "end")
        ]
    )
    near = np.mean(errors <= 50)
    print(
        f"  {len(errors) // 2} of {len(theirs)} words: median {np.median(errors):.0f} ms   (target: 20), {near:.0%} within 50 ms   "
        f"(target: 90 %), {np.mean(errors <= 100):.0%} within 100 ms"
    )


def words_of(grid: TextGrid) -> Sequence[Interval]:
    """The words of the first tier that holds some, without silences."""
    tier = next(tier for tier in grid.tiers if tier.name.lower().endswith(("words", "word")))
    return [one for one in tier.intervals if one.text.strip() not in {"", "sp", "sil", "<eps>"}]


if __name__ == "__main__":
    main()
