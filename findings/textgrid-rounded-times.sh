#!/usr/bin/env bash
# Times of a TextGrid come back rounded to five digits, so that it no longer ends where its recording ends.
#
# textgrid 1.6.1: TextGrid.fromFile() calls read() with its default round_digits=5, and takes no such argument itself;
# what is written again keeps the rounded times. At 16 kHz a sample lasts 62.5 µs, so that every recording whose
# number of samples is no multiple of 4 gets an end that is up to 5 µs beyond it, or before it.
#
# Seen (textgrid 1.6.1; Python 3.11; 32,002 samples at 16 kHz):
#   the file says 2.000125, fromFile() says 2.00013, read(round_digits=15) says 2.000125
# Expected: the time that is written, or an argument of fromFile().
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check textgrid==1.6.1
"$folder/venv/bin/python" - "$folder/talk.TextGrid" <<'PYTHON'
import inspect
import sys
from importlib.metadata import version

from textgrid import TextGrid

END = 32_002 / 16_000
LINES = f"""File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0 
xmax = {END} 
tiers? <exists> 
size = 1 
item []: 
    item [1]:
        class = "IntervalTier" 
        name = "words" 
        xmin = 0 
        xmax = {END} 
        intervals: size = 1 
        intervals [1]:
            xmin = 0 
            xmax = {END} 
            text = "hello" 
"""
with open(sys.argv[1], "w", encoding="utf-8") as file:
    file.write(LINES)
rounded = TextGrid.fromFile(sys.argv[1])
exact = TextGrid()
exact.read(sys.argv[1], round_digits=15)
print(f"textgrid {version('textgrid')}")
print(f"the file says {END}, fromFile() says {rounded.tiers[0][0].maxTime}, read(round_digits=15) says {exact.tiers[0][0].maxTime}")
assert (rounded.tiers[0][0].maxTime, exact.tiers[0][0].maxTime) == (2.00013, 2.000125)
assert "round_digits" not in inspect.signature(TextGrid.fromFile).parameters
PYTHON
