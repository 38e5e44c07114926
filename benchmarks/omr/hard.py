"""Sheets with faint, crossed, scribbled and erased marks: what was flagged, and what was read wrongly.

python -m benchmarks.omr.hard first count
"""

import sys
from collections import Counter

from processors.omr.pages.documents import open_document
from processors.omr.reading.sheet import read_sheet
from processors.omr.template.built_in import built_in_template
from tests.processors.omr.sheets import encode, hard_sheet


def main() -> None:
    """Print shares of all fields, then how many of each kind of mark were flagged. Seeds are given, so that others can be held out."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    seen, flagged = Counter[str](), Counter[str]()
    wrong = unnoticed = 0
    for seed in range(first, first + count):
        hard = hard_sheet(seed)
        with open_document(encode(hard.picture, quality=85)) as document:
            sheet = read_sheet(document.read_page(0), built_in_template())
        seen.update(hard.kinds.values())
        flagged.update(hard.kinds[label] for label in sheet.doubtful)
        missed = {label for label, value in hard.answers.items() if sheet.fields[label]["value"] != value}
        wrong += len(missed)
        unnoticed += len(missed.difference(sheet.doubtful))
    share = flagged.total() / seen.total()
    print(f"hard marks: {share:.1%} of {seen.total():,} fields flagged   (target: 15 %)")
    print(f"  read wrongly {wrong}, of these not flagged {unnoticed}   (target: 0)")
    print(
        "  flagged of each kind: " + ", ".join(f"{kind} {flagged[kind]}/{seen[kind]}" for kind in sorted(seen)),
        flush=True,
    )


if __name__ == "__main__":
    main()
