"""Labels of fields, with the ranges of OMRChecker: `q1..25` is q1, q2 … q25."""

import re

RANGE = re.compile(r"([^.\d]+)(\d{1,6})\.{2,3}(\d{1,6})")
MAX_LABELS = 2_000


def expand_labels(given: list[str]) -> list[str]:
    """All labels that `given` names, in order.

    Raises ValueError with a sentence: a range that runs backwards, one that is written otherwise, too many.
    """
    labels: list[str] = []
    for text in given:
        match = RANGE.fullmatch(text)
        if match is None:
            if ".." in text:
                raise ValueError(f'"{text[:60]}" is no range: write it as q1..25.')
            labels.append(text)
            continue
        prefix, first, last = match[1], int(match[2]), int(match[3])
        if first >= last:
            raise ValueError(f'"{text[:60]}" runs backwards: the first number of a range is the smaller one.')
        if last - first >= MAX_LABELS:
            raise ValueError(f'"{text[:60]}" names too many fields: at most {MAX_LABELS:,} are read.')
        labels.extend(f"{prefix}{number}" for number in range(first, last + 1))
        if len(labels) > MAX_LABELS:
            raise ValueError(f"There are too many fields: at most {MAX_LABELS:,} are read.")
    return labels
