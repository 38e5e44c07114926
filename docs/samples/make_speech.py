"""Makes harbour.flac and harbour.txt beside this file: some seconds of speech with its text, as espeak-ng says it.

Run it as `.venv/bin/python -m docs.samples.make_speech`.
"""

from pathlib import Path

import soundfile

from tests.processors.alignment.espeak import RATE, say

TEXT = (
    "The old harbour was quiet in the morning. Two fishing boats came back before the sun was up, "
    "and the men of Blorfkin carried their baskets across the wooden bridge."
)


def main() -> None:
    """Write both files."""
    folder = Path(__file__).parent
    soundfile.write(folder / "harbour.flac", say(TEXT).samples, RATE, subtype="PCM_16")
    (folder / "harbour.txt").write_text(f"{TEXT}\n")


if __name__ == "__main__":
    main()
